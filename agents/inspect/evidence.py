"""Finds a shopper's list, and what belongs to it, at the ends of the topics."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from agents.inspect.explanation import Event
from agents.inspect.reading import Place, Reader
from agents.inspect.summaries import localized, words
from agents.intake import Admitted, Intake, partition_of
from agents.processor import Input
from agents.replay.log import LogRecord
from agents.topics import (
    CATALOG,
    CLICKS,
    COPY,
    DECISIONS,
    RECOMMENDATIONS,
    REQUESTS,
    REVIEWS,
    SEARCHES,
    SENTIMENTS,
    Topic,
)
from schemas.copy import Copy
from schemas.recommendations import Decision, Recommendations

FAR = 20_000
"""Records of a partition that are looked through for one thing."""
BEHIND = 10_000
"""Milliseconds that the records of one list may lie apart on the broker."""
EVENTS = 8
"""Events of the shopper that are told, of each topic and in all."""

DEEDS = (CLICKS, SEARCHES, REQUESTS, REVIEWS, SENTIMENTS)
"""What a shopper does, and what the shop makes of a review."""


class FoundList(NamedTuple):
    """A list and when the broker got it."""

    list: Recommendations
    timestamp: int


class Evidence:
    """What the topics hold of one shopper."""

    def __init__(self, reader: Reader, shopper: str) -> None:
        self._reader = reader
        self._key = shopper.encode()

    def newest_list(self, placement: str | None, name: str | None) -> FoundList | None:
        """Return the list called *name*, or else the newest one, for *placement* if one is given; None if there is none."""
        best: FoundList | None = None
        for record, it in self._records(RECOMMENDATIONS):
            if name is not None:
                if it.recommendation_id == name:
                    return FoundList(it, record.timestamp)
            elif placement in {None, it.placement}:
                if best is not None and (it.epoch, it.revision) <= (best.list.epoch, best.list.revision):
                    break
                best = FoundList(it, record.timestamp)
        return best

    def decision(self, of: FoundList) -> Decision | None:
        """Return what a list was made from, None if that is not recorded."""
        for _, it in self._records(DECISIONS, of.timestamp - BEHIND):
            if it.recommendation_id == of.list.recommendation_id:
                found: Decision = it
                return found
        return None

    def copies(self, of: FoundList) -> list[Copy]:
        """Return the words that belong to a list."""
        found: dict[str, Copy] = {}
        for _, it in self._records(COPY, of.timestamp - BEHIND):
            if it.recommendation_id == of.list.recommendation_id:
                found.setdefault(it.item, it)
            elif found and it.revision < of.list.revision:
                break
        return list(found.values())

    def events(self, until: datetime) -> list[Event]:
        """Return what the shopper did last, up to the newest event in the list, oldest first."""
        found: list[Event] = []
        for topic in DEEDS:
            count = 0
            for _, it in self._records(topic):
                if it.at <= until:
                    found.append(Event(it.at, topic.name, words(it)))
                    count += 1
                if count == EVENTS:
                    break
        return sorted(found, key=lambda event: event.at)[-EVENTS:]

    def titles(self, items: set[str]) -> dict[str, str]:
        """Return the titles of *items*, as far as the ends of the catalogue's partitions hold them."""
        found: dict[str, str] = {}
        partitions = self._reader.partitions(CATALOG.name)
        keys = {item.encode() for item in items}
        wanted: dict[int, set[str]] = {}
        for item in items if partitions else ():
            wanted.setdefault(partition_of(item.encode(), partitions), set()).add(item)
        for partition, missing in wanted.items():
            for _, it in self._read(CATALOG, partition, lambda record: record.key in keys):
                if it.item in missing:
                    missing.discard(it.item)
                    found[it.item] = localized(it.title)
                if not missing:
                    break
        return found

    def _records(self, topic: Topic, since: int = 0) -> Iterator[tuple[LogRecord, Any]]:
        """Yield the shopper's good records of *topic*, the newest first, back to the broker's time *since*."""
        partitions = self._reader.partitions(topic.name)
        if partitions:
            yield from self._read(
                topic, partition_of(self._key, partitions), lambda record: record.key == self._key, since
            )

    def _read(
        self, topic: Topic, partition: int, wanted: Callable[[LogRecord], bool], since: int = 0
    ) -> Iterator[tuple[LogRecord, Any]]:
        intake = Intake(Input(topic))
        for number, record in enumerate(self._reader.backwards(Place(topic.name, partition))):
            if number >= FAR or record.timestamp < since:
                return
            if wanted(record):
                read = intake.read(record.value, record.headers)
                if isinstance(read, Admitted):
                    yield record, read.event
