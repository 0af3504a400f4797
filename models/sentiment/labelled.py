"""Labelled reviews: lines `label text`, tables with stars or labels.

Labels: 0 negative, 1 neutral, 2 positive, the order of `models.sentiment.judge.LABELS`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from models.files import FileError, is_table, stem, text_of
from models.sentiment.files import Row, rows, whole

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2

_GRADES = {"-1": -1, "0": 0, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5}
_WORDS = {"negative": -1, "neg": -1, "neutral": 0, "positive": 1, "pos": 1}
_MIDDLE_STAR, _MIDDLE_GRADE, _HIGHEST_STAR, _HIGHEST_GRADE = 3.0, 2, 5, 4


class Example(NamedTuple):
    """A text and what it says."""

    text: str
    label: int
    source: str
    """The name of its file, without endings."""
    group: str = ""
    """What it is about, where the file says so: texts of one group never stand on both sides of a split."""


class Labelled(NamedTuple):
    """What a file holds."""

    examples: list[Example]
    neutral: bool
    """Whether it knows neutral; of a file of 0 and 1 nobody knows what its authors made of the middle."""
    skipped: int
    """Rows without text or label."""


def read(path: Path, columns: Mapping[str, str] | None = None) -> Labelled:
    """Return the labelled texts of *path*; *columns*: field (`COLUMNS`) to column where the names don't tell."""
    source = stem(path)
    content = text_of(path)
    if is_table(path):
        return _from_rows(path, rows(path, content, columns or {}), source)
    return _from_lines(path, content, source)


def _from_rows(path: Path, given: Iterable[Row], source: str) -> Labelled:
    kept = list(given)
    rated = any(row.stars for row in kept)
    if not rated and not any(row.label for row in kept):
        message = f"{path}: no column of stars or labels with anything in it; name it: --columns stars=COLUMN"
        raise FileError(message)
    usable = [row for row in kept if whole(row) and (row.stars if rated else row.label)]
    if rated:
        labels = [of_stars(_number(path, row)) for row in usable]
        neutral = True
    else:
        grade, neutral = _scale(path, [(row.number, row.label) for row in usable])
        labels = [grade(row.label) for row in usable]
    examples = [
        Example(whole(row), label, source, row.group and f"{source}:{row.group}")
        for row, label in zip(usable, labels, strict=True)
    ]
    return Labelled(examples, neutral, len(kept) - len(usable))


def _number(path: Path, row: Row) -> float:
    try:
        stars = float(row.stars)
    except ValueError:
        stars = 0.0
    if not 1 <= stars <= _HIGHEST_STAR:
        message = f"{path}: record {row.number}: stars {row.stars!r} are not from 1 to 5; mend it or leave the row out"
        raise FileError(message)
    return stars


def of_stars(stars: float) -> int:
    """Return the label of 1 to 5 stars: below three, three, above."""
    return NEGATIVE if stars < _MIDDLE_STAR else NEUTRAL if stars == _MIDDLE_STAR else POSITIVE


def _from_lines(path: Path, content: str, source: str) -> Labelled:
    found, skipped = [], 0
    for number, line in enumerate(content.split("\n"), start=1):
        label, _, text = line.strip("\r\ufeff").partition("\t" if "\t" in line else " ")
        if text.strip() and label.strip():
            found.append((number, label.strip(), text.strip()))
        elif line.strip():
            skipped += 1
    grade, neutral = _scale(path, [(number, label) for number, label, _ in found])
    return Labelled([Example(text, grade(label), source) for _, label, text in found], neutral, skipped)


def _scale(path: Path, labels: Sequence[tuple[int, str]]) -> tuple[Callable[[str], int], bool]:
    """Return what turns the labels of a file into ours, and whether they know neutral.

    -1 0 1 (or the words), 0 1, 0 to 4, or 1 to 5: which of them, all labels together tell.
    """
    if not labels:
        message = (
            f"{path}: holds no labelled text; lines `label<TAB>text` are expected, or a table (.csv, .tsv, .jsonl)"
        )
        raise FileError(message)
    for number, label in labels:
        if label not in _GRADES and label.lower() not in _WORDS:
            message = f"{path}:{number}: label {label!r} is none of -1, 0, 1, negative, neutral, positive, nor a grade"
            raise FileError(message)
    grades = {_grade(label) for _, label in labels}
    worded = any(label.lower() in _WORDS for _, label in labels)
    if worded or min(grades) < 0:
        if max(grades) > 1:
            message = f"{path}: holds labels {sorted(grades)}; expected -1, 0 and 1, or grades from 0 to 4 or 1 to 5"
            raise FileError(message)
        return (lambda label: _grade(label) + 1), worded or 0 in grades
    if max(grades) <= 1:
        return (lambda label: POSITIVE * _grade(label)), False
    if max(grades) <= _HIGHEST_GRADE and 0 in grades:
        return (lambda label: of_stars(_grade(label) - _MIDDLE_GRADE + _MIDDLE_STAR)), True
    if 0 in grades:
        message = f"{path}: holds labels {sorted(grades)}; grades go from 0 to 4 or from 1 to 5"
        raise FileError(message)
    return (lambda label: of_stars(_grade(label))), True


def _grade(label: str) -> int:
    return _GRADES.get(label, _WORDS.get(label.lower(), 0))
