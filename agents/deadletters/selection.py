"""Which letters are meant, and what there is of them: filters and the summary."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from agents.deadletters.letter import Letter

OTHERS = "(others)"
"""Field of the letters of a topic and reason that have too many fields to tell apart."""

_MAX_GROUPS = 500
_AGO = re.compile(r"(\d{1,5})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Filters(NamedTuple):
    """What a letter must be to be meant; what is empty or None does not matter."""

    topics: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    since: int | None = None
    """When it was refused at the earliest, in milliseconds since 1970."""
    until: int | None = None
    """Before when it was refused."""

    def take(self, letter: Letter) -> bool:
        """Tell whether *letter* is meant."""
        return (
            (not self.topics or letter.topic in self.topics)
            and (not self.stages or letter.stage in self.stages)
            and (not self.reasons or letter.reason in self.reasons)
            and (not self.fields or kind_of_field(letter.field) in self.fields)
            and (self.since is None or letter.at >= self.since)
            and (self.until is None or letter.at < self.until)
        )


class Group(msgspec.Struct):
    """Letters that have one cause, as far as can be seen."""

    topic: str
    stage: str
    reason: str
    field: str
    letters: int
    first: int
    """When the first one was refused, in milliseconds since 1970."""
    last: int
    example: str
    """Where the newest lies."""


class Summary:
    """Counts letters by topic, stage, reason and field; its size is bounded, however many there are."""

    def __init__(self) -> None:
        self.letters = 0
        self._groups: dict[tuple[str, str, str, str], Group] = {}

    def add(self, letter: Letter) -> None:
        """Count *letter*."""
        self.letters += 1
        name = (letter.topic, letter.stage, letter.reason, kind_of_field(letter.field))
        if name not in self._groups and len(self._groups) >= _MAX_GROUPS:
            name = (*name[:2], OTHERS, OTHERS)
        group = self._groups.get(name)
        if group is None:
            self._groups[name] = Group(*name, 1, letter.at, letter.at, str(letter.place))
            return
        group.letters += 1
        group.first = min(group.first, letter.at)
        if letter.at >= group.last:
            group.last, group.example = letter.at, str(letter.place)

    def groups(self) -> list[Group]:
        """Return the groups, the largest first."""
        return sorted(self._groups.values(), key=lambda it: (-it.letters, it.topic, it.stage, it.reason, it.field))


def kind_of_field(field: str) -> str:
    """Return *field* without the numbers of list elements: `$.items[17]` and `$.items[3]` have one cause."""
    return re.sub(r"\[\d+\]", "[]", field)


def moment_of(text: str, now: datetime) -> int:
    """Return the time that *text* means, in milliseconds since 1970: `30m`, `2h`, `7d` before *now*, or ISO 8601."""
    if ago := _AGO.fullmatch(text):
        return int((now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})).timestamp() * 1000)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r}: expected 30m, 2h, 7d or a time such as 2026-01-31T12:00Z"
        raise ValueError(message) from None
    return int((at if at.tzinfo else at.replace(tzinfo=now.tzinfo)).timestamp() * 1000)


def columns(rows: Iterable[Iterable[str]]) -> list[str]:
    """Return *rows* as lines whose cells stand below one another."""
    cells = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
