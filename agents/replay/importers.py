"""Foreign tables to events; what a table does not hold is made up, the same each time, and said."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from agents import topics
from agents.processor import moment
from agents.replay.log import Headers, LogError, LogRecord
from agents.replay.places import Places
from agents.replay.table import Row, rows
from agents.topics import Topic
from schemas.base import Record
from schemas.clicks import Click, View
from schemas.reviews import Review

E = TypeVar("E", bound=Record)

REVIEW_FIELDS = ("text", "title", "stars", "item", "shopper", "at", "language", "review_id")
"""What a column may be mapped to."""

MADE_UP_ITEMS = 100
"""Among how many items reviews are dealt out that name none."""

MADE_UP_START = datetime(2026, 1, 1, tzinfo=UTC)
"""Time of the first review that names none; each further one is a minute later."""


class Imported(NamedTuple):
    """What a table became."""

    records: list[LogRecord]
    made_up: list[str]
    """What the table does not say, in words."""
    skipped: dict[str, int]
    """Rows that became no record, by reason."""


class _Event(NamedTuple):
    topic: Topic
    key: str
    id: str
    at: datetime
    body: Record


def yoochoose(path: Path, kind: Literal["view", "click"], partitions: int) -> Imported:
    """Import sessions of the RecSys Challenge 2015: columns SessionId, ItemId and Time (seconds since 1970)."""
    event: type[View] | type[Click] = View if kind == "view" else Click
    events = []
    for line, row in rows(path, {"session": "SessionId", "item": "ItemId", "time": "Time"}):
        given = {"kind": kind, "shopper": row["session"], "at": _seconds(path, line, row["time"])}
        body = _checked(path, line, given | row, event)
        events.append(_Event(topics.CLICKS, body.shopper, f"yoochoose-{line}", body.at, body))
    made_up = ["shopper: each session is a shopper of its own", f"kind: every event is a {kind}"]
    return Imported(list(_laid_out(events, partitions)), made_up, {})


def reviews(path: Path, columns: Mapping[str, str], partitions: int) -> Imported:
    """Import reviews; *columns* maps fields of REVIEW_FIELDS to columns of the table, `text` at least."""
    events: list[_Event] = []
    without_text = 0
    for line, row in rows(path, columns):
        if not row["text"]:
            without_text += 1
            continue
        body = _review(path, line, row, len(events))
        events.append(_Event(topics.REVIEWS, body.shopper, body.review_id, body.at, body))
    missing = {
        "shopper": "each review is by a shopper of its own",
        "item": f"the reviews are dealt out among {MADE_UP_ITEMS} items",
        "at": f"one review a minute from {MADE_UP_START:%Y-%m-%dT%H:%MZ}",
        "review_id": "the line in the file",
    }
    made_up = [f"{field}: {what}" for field, what in missing.items() if field not in columns]
    return Imported(list(_laid_out(events, partitions)), made_up, {"without text": without_text})


def _review(path: Path, line: int, row: Row, n: int) -> Review:
    given = {name: row[name] for name in ("text", "title", "language", "stars") if row.get(name)}
    given["item"] = row.get("item", f"item-{n % MADE_UP_ITEMS}")
    given["shopper"] = row.get("shopper", f"reviewer-{line}")
    given["review_id"] = row.get("review_id", f"review-{line}")
    given["at"] = row.get("at", (MADE_UP_START + timedelta(minutes=n)).isoformat())
    return _checked(path, line, given, Review)


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
