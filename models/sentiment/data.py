"""Labelled reviews from the folder of real data, split once and for all by a hash of the text.

Labels: 0 negative (1 or 2 stars), 1 neutral (3), 2 positive (4 or 5).  Chinese data know no neutral.
"""

import csv
import gzip
import hashlib
import io
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

Part = Literal["train", "held_out", "test"]

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2

_TEST, _HELD_OUT = 20, 5
"""Percent of the texts."""
_PER_CLASS = {"womens_clothing": 2000, "datafiniti_amazon": 1200}
"""Texts of a class that training takes of a set; most have far more five-star reviews than others."""
_HELD_OUT_SHARE = 16
"""Held-out texts are capped at this fraction of it, so that classes are as frequent as in training."""


class Example(NamedTuple):
    """A text and what it says."""

    text: str
    label: int
    source: str


def english(folder: Path, part: Part) -> list[Example]:
    """Return reviews of clothes and electronics, and sentences on films (their published dev set is the test part)."""
    stars = [
        *_reviews(folder / "reviews/womens_clothing.csv.gz", "Review Text", "Rating"),
        *_reviews(folder / "reviews/datafiniti_amazon.csv.gz", "reviews.text", "reviews.rating"),
    ]
    if part == "test":
        films = _sentences(folder / "sentiment/sst_fine.dev.txt.gz")
        return [*_part(stars, part), *films]
    films = _sentences(folder / "sentiment/sst_fine.train.txt.gz")
    kept = [film for film in films if (_percent(film.text) < _HELD_OUT) == (part == "held_out")]
    return [*_balanced(_part(stars, part), 1 if part == "train" else _HELD_OUT_SHARE), *kept]


def chinese(folder: Path, part: Part) -> list[Example]:
    """Return reviews of ten kinds of goods."""
    rows = _rows(folder / "reviews/zh_online_shopping_10_cats.csv.gz")
    examples = [Example(row["review"].strip("\ufeff \t"), POSITIVE * int(row["label"]), row["cat"]) for row in rows]
    return list(_part(_distinct(examples), part))


def _reviews(path: Path, text: str, stars: str) -> Iterator[Example]:
    source = path.name.removesuffix(".csv.gz")
    rated = (row for row in _rows(path) if row[text].strip() and row[stars])
    return _distinct(Example(row[text].strip(), _label(float(row[stars])), source) for row in rated)


def _sentences(path: Path) -> list[Example]:
    lines = (line.split(" ", 1) for line in gzip.decompress(path.read_bytes()).decode().splitlines())
    return [Example(text.strip(), _label(int(label) + 1), "sst") for label, text in lines]


def _label(stars: float) -> int:
    return NEGATIVE if stars < 3 else NEUTRAL if stars == 3 else POSITIVE  # noqa: PLR2004  of five stars, three is the middle


def _rows(path: Path) -> Iterator[dict[str, str]]:
    return csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode()))


def _distinct(examples: Iterable[Example]) -> Iterator[Example]:
    return iter({example.text: example for example in examples}.values())


def _percent(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % 100


def _part(examples: Iterable[Example], part: Part) -> Iterator[Example]:
    for example in examples:
        percent = _percent(example.text)
        found = "held_out" if percent < _HELD_OUT else "test" if percent < _HELD_OUT + _TEST else "train"
        if found == part:
            yield example


def _balanced(examples: Iterable[Example], share: int) -> Iterator[Example]:
    """Yield at most one *share*th of the cap of each class and source, drawn with a fixed seed."""
    groups: dict[tuple[str, int], list[Example]] = {}
    for example in examples:
        groups.setdefault((example.source, example.label), []).append(example)
    for (source, _), group in sorted(groups.items(), key=lambda item: item[0]):
        random.Random(0).shuffle(group)  # noqa: S311  a sample, no secret
        yield from group[: _PER_CLASS[source] // share]
