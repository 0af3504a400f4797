"""Foreign tables to events; what a table does not hold is made up, the same each time, and said."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from agents import topics
from agents.processor import moment
from agents.replay.errors import LogError
from agents.replay.log import Headers, LogRecord
from agents.replay.places import Places
from agents.replay.table import Row, rows
from agents.topics import Topic
from schemas.base import Record
from schemas.clicks import Click, View
from schemas.reviews import Review

E = TypeVar("E", bound=Record)

REVIEW_FIELDS = ("text", "title", "stars", "item", "shopper", "at", "language", "review_id")
"""What a column may be mapped to."""

_NEEDED = ("text", "item", "shopper", "at", "review_id")
"""Fields whose columns, where a table has them, may not be empty."""

MADE_UP_ITEMS = 100
"""Among how many items reviews are dealt out that name none."""

MADE_UP_START = datetime(2026, 1, 1, tzinfo=UTC)
"""Time of the first review that names none; each further one is a minute later."""


class Imported(NamedTuple):
    """What a table became."""

    records: list[LogRecord]
    made_up: list[str]
    """What the table does not say, in words."""
    skipped: Mapping[str, int]
    """Rows that became no record, by reason."""


class _Event(NamedTuple):
    topic: Topic
    key: str
    id: str
    at: datetime
    body: Record


def yoochoose(paths: Iterable[Path], kind: Literal["view", "click"], partitions: int) -> Imported:
    """Import sessions of the RecSys Challenge 2015: columns SessionId, ItemId and Time (seconds since 1970)."""
    event: type[View | Click] = View if kind == "view" else Click
    events: list[_Event] = []
    for path in paths:
        for line, row in rows(path, {"session": "SessionId", "item": "ItemId", "time": "Time"}):
            given = {"kind": kind, "shopper": row["session"], "at": _seconds(path, line, row["time"])}
            body = _checked(path, line, given | row, event)
            events.append(_Event(topics.CLICKS, body.shopper, f"yoochoose-{len(events) + 1}", body.at, body))
    made_up = [
        "shopper: each session is a shopper of its own",
        f"kind: every event is a {kind}",
        "event id: the number of the row",
    ]
    return Imported(list(_laid_out(events, partitions)), made_up, {})


def reviews(paths: Iterable[Path], columns: Mapping[str, str], partitions: int) -> Imported:
    """Import reviews; *columns* maps fields of REVIEW_FIELDS to columns of the table, `text` at least."""
    events: list[_Event] = []
    skipped: Counter[str] = Counter()
    row_number = 0
    for path in paths:
        for line, row in rows(path, columns):
            row_number += 1
            empty = next((field for field in _NEEDED if row.get(field) == ""), None)
            if empty is not None:
                skipped[f"without {empty}"] += 1
                continue
            body = _checked(path, line, _review(row, row_number, len(events)), Review)
            events.append(_Event(topics.REVIEWS, body.shopper, body.review_id, body.at, body))
    missing = {
        "shopper": "each review is by a shopper of its own",
        "item": f"the reviews are dealt out among {MADE_UP_ITEMS} items",
        "at": f"one review a minute from {MADE_UP_START:%Y-%m-%dT%H:%MZ}",
        "review_id": "the number of the row",
    }
    made_up = [f"{field}: {what}" for field, what in missing.items() if field not in columns]
    return Imported(list(_laid_out(events, partitions)), made_up, skipped)


def _review(row: Row, row_number: int, n: int) -> dict[str, str]:
    """Return the fields of the *n*-th review that has all it needs, with what the table does not say made up."""
    made_up = {
        "item": f"item-{n % MADE_UP_ITEMS}",
        "shopper": f"reviewer-{row_number}",
        "review_id": f"review-{row_number}",
        "at": (MADE_UP_START + timedelta(minutes=n)).isoformat(),
    }
    return made_up | {field: cell for field, cell in row.items() if cell}


def _checked(path: Path, line: int, given: Mapping[str, Any], event: type[E]) -> E:
    try:
        return msgspec.convert(given, event, strict=False)
    except msgspec.ValidationError as error:
        message = f"{path}:{line}: {error}"
        raise LogError(message) from error


def _laid_out(events: Iterable[_Event], partitions: int) -> Iterator[LogRecord]:
    """Give each event its partition and offset, in the order of their times; those of one time in their own order."""
    places = Places(partitions)
    for event in sorted(events, key=lambda event: event.at):
        key = event.key.encode()
        partition, offset = places.take(event.topic.name, key)
        headers: Headers = (("ce_id", event.id.encode()),)
        yield LogRecord(
            event.topic.name,
            partition,
            offset,
            int(event.at.timestamp() * 1000),
            key,
            msgspec.json.encode(event.body),
            headers,
        )


def _seconds(path: Path, line: int, text: str) -> datetime:
    try:
        return moment(round(float(text) * 1000))
    except (ValueError, OverflowError) as error:
        message = f"{path}:{line}: Time is {text!r}; expected seconds since 1970"
        raise LogError(message) from error
