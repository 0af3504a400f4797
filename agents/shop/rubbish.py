"""Bad records, as careless producers send them: each must end as a dead letter, or where it belongs."""

from collections.abc import Callable
from datetime import datetime
from random import Random

import msgspec

from agents.intake import partition_of
from agents.shop.wire import Message, headers
from agents.topics import CLICKS, REVIEWS, SEARCHES
from schemas.clicks import View
from schemas.reviews import Review
from schemas.searches import Search

STRANGER = "stranger"
"""The shopper of all bad records: no simulated one."""


class Rubbish:
    """A source of bad records; *partitions*: how many each topic has."""

    def __init__(self, seed: int, partitions: int) -> None:
        self.sent = 0
        """Records made so far."""
        self.refusable = 0
        """How many of them must become dead letters; the others can be used."""
        self._seed = seed
        self._partitions = partitions
        self._rng = Random(seed)  # noqa: S311  a simulation, repeatable by its seed

    def one(self, at: datetime) -> Message:
        """Return a bad record of any kind."""
        self.sent += 1
        make, refusable = self._rng.choice(_KINDS)
        self.refusable += refusable
        bad = make(at, self._partitions)
        name = f"rubbish-{self._seed}-{self.sent}"
        return bad._replace(headers=headers(bad.topic, name, at.isoformat(timespec="milliseconds")) + bad.headers)


def _message(record: View | Search | Review, key: str = STRANGER) -> Message:
    topic = {View: CLICKS, Search: SEARCHES, Review: REVIEWS}[type(record)]
    return Message(topic, key.encode(), msgspec.json.encode(record), [])


def _view(at: datetime, item: str = "kitchen-01") -> View:
    return View(shopper=STRANGER, at=at, item=item)


def _undecodable(at: datetime, partitions: int) -> Message:  # noqa: ARG001  one signature for all kinds
    return Message(CLICKS, STRANGER.encode(), b"\xff\xfe not JSON", [])


def _wrong_type(at: datetime, partitions: int) -> Message:  # noqa: ARG001
    return Message(SEARCHES, STRANGER.encode(), msgspec.json.encode({"shopper": STRANGER, "query": 7, "at": at}), [])


def _unknown_kind(at: datetime, partitions: int) -> Message:  # noqa: ARG001
    value = {"kind": "levitate", "shopper": STRANGER, "item": "kitchen-01", "at": at}
    return Message(CLICKS, STRANGER.encode(), msgspec.json.encode(value), [])


def _no_shopper(at: datetime, partitions: int) -> Message:  # noqa: ARG001
    value = {"kind": "view", "item": "kitchen-01", "at": at}
    return Message(CLICKS, STRANGER.encode(), msgspec.json.encode(value), [])


def _long_id(at: datetime, partitions: int) -> Message:  # noqa: ARG001
    value = {"kind": "view", "shopper": STRANGER, "item": "x" * 10_000, "at": at}
    return Message(CLICKS, STRANGER.encode(), msgspec.json.encode(value), [])


def _tombstone(at: datetime, partitions: int) -> Message:  # noqa: ARG001
    return Message(SEARCHES, STRANGER.encode(), None, [])


def _wrong_key(at: datetime, partitions: int) -> Message:  # noqa: ARG001
    return _message(_view(at), key="somebody-else")


def _no_key(at: datetime, partitions: int) -> Message:  # noqa: ARG001
    return _message(_view(at))._replace(key=None)


def _wrong_partition(at: datetime, partitions: int) -> Message:
    right = partition_of(STRANGER.encode(), partitions)
    return _message(_view(at))._replace(partition=(right + 1) % partitions)


def _next_century(at: datetime, partitions: int) -> Message:  # noqa: ARG001
    return _message(_view(at.replace(year=2100, day=1)))


def _unknown_item(at: datetime, partitions: int) -> Message:  # noqa: ARG001
    return _message(_view(at, item="not-in-the-catalogue"))


def _empty_review(at: datetime, partitions: int) -> Message:  # noqa: ARG001
    return _message(Review(shopper=STRANGER, review_id="empty", item="kitchen-01", at=at))


def _emoji(at: datetime, partitions: int) -> Message:  # noqa: ARG001
    return _message(Search(shopper=STRANGER, query="🎧 耳机 \u202e earbuds", at=at))


_KINDS: tuple[tuple[Callable[[datetime, int], Message], bool], ...] = (
    (_undecodable, True),
    (_wrong_type, True),
    (_unknown_kind, True),
    (_no_shopper, True),
    (_long_id, True),
    (_tombstone, True),
    (_wrong_key, False),
    (_no_key, False),
    (_wrong_partition, False),
    (_next_century, False),
    (_unknown_item, False),
    (_empty_review, False),
    (_emoji, False),
)
"""Kinds of bad records, and whether they must become dead letters."""
