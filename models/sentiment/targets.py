"""Targets in the form of SemEval 2014: three lines a record, a sentence with `$T$`, what stands for it, its polarity."""

from pathlib import Path
from typing import NamedTuple

from models.files import FileError, stem, text_of

PLACE = "$T$"
_LINES = 3
_LABELS = {"-1": 0, "0": 1, "1": 2, "negative": 0, "neutral": 1, "positive": 2}


class Target(NamedTuple):
    """A sentence, a part of it, and what it says of that part."""

    text: str
    start: int
    """Of the part in *text*, in characters."""
    end: int
    label: int
    """0 negative, 1 neutral, 2 positive."""
    source: str


def read(path: Path) -> list[Target]:
    """Return the targets of *path*; a record that is not of the form is refused with its line."""
    lines = [(number, line.strip("\r\ufeff ")) for number, line in enumerate(text_of(path).split("\n"), start=1)]
    kept = [(number, line) for number, line in lines if line.strip()]
    if not kept or len(kept) % _LINES:
        message = f"{path}: {len(kept)} lines, which are no records of three: sentence with $T$, target, polarity"
        raise FileError(message)
    source = stem(path)
    return [_target(path, kept[n : n + _LINES], source) for n in range(0, len(kept), _LINES)]


def _target(path: Path, record: list[tuple[int, str]], source: str) -> Target:
    (first, sentence), (_, target), (last, label) = record
    before, mark, after = sentence.partition(PLACE)
    if not mark:
        message = f"{path}:{first}: a sentence without $T$; each record is sentence with $T$, target, polarity"
        raise FileError(message)
    if label.strip().lower() not in _LABELS:
        message = f"{path}:{last}: polarity {label!r} is none of -1, 0, 1"
        raise FileError(message)
    after = after.replace(PLACE, target)
    return Target(
        before + target + after, len(before), len(before) + len(target), _LABELS[label.strip().lower()], source
    )
