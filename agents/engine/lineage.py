"""Whether a local store and a changelog partition belong together, and whether states are missing.  Pure.

A store knows the topic's id, how far it has read, and a sum over the last record that it read or wrote.  What was lost
can't be had back: a worker that started with the rest would count what it has twice or never, so it does not start.
"""

from typing import Literal, NamedTuple
from zlib import crc32

Wiped = Literal["damaged", "foreign", "recreated", "cut", "forked", "outdated"]
"""Why a store is emptied: its files are no good; it belongs to another changelog; to one of the same name that was
deleted; its changelog ends before it; its changelog holds something else where it ends; it may have missed tombstones."""

Gap = Literal["unclaimed", "cut", "deleted", "forked"]
"""How a changelog shows that states are missing: no worker ever took it over; it ends before the store; it begins behind
the store; it holds something else where the store ends."""

_ANEW = (
    "set the group's offsets back to the start of its topics (kafka-consumer-groups --reset-offsets --to-earliest), so that "
    "states are made anew, or set VITRINE_APP_ID to another name"
)
_FRESH = "delete this changelog, make it again with `vitrine topics apply`, and "


class Log(NamedTuple):
    """A changelog partition, as the broker tells of it."""

    topic_id: str
    """Empty where the broker tells none."""
    start: int
    """Offset of the first record that may be there."""
    end: int


class Last(NamedTuple):
    """The last record that a store read or wrote."""

    offset: int = -1
    """-1: none is known."""
    sum: int = 0


def checksum(key: bytes, value: bytes | None) -> int:
    """Return a number that tells one record from another."""
    return crc32(value or b"", crc32(key))


def another(known: str, found: str) -> bool:
    """Tell whether two ids of a topic are of two topics; an empty one says nothing."""
    return bool(known and found) and known != found


def gap(next_offset: int, log: Log) -> Gap | None:
    """Return how *log* shows that it can't complete a store that has read up to *next_offset*; None if it can."""
    if next_offset > log.end:
        return "cut"
    if next_offset < log.start:
        return "deleted"
    return None


def excused(found: Gap, *, folded: bool) -> bool:
    """Tell whether nothing is lost all the same: where the group has no event *folded*, all will be.

    Not where early records were deleted: nobody could tell later whether what stands behind them is all.
    """
    return found != "deleted" and not folded


def loss(place: str, found: Gap, next_offset: int, log: Log) -> str:
    """Return the line that says what is wrong with *place*, a changelog partition, and what to do."""
    what = {
        "unclaimed": "no worker has begun with it, but the group has committed offsets: the topic was made anew or emptied",
        "cut": f"it ends at {log.end}, but the store here has read up to {next_offset}: brokers lost what they had acknowledged",
        "deleted": f"it begins at {log.start}, but the store here has read up to {next_offset}: records between were deleted",
        "forked": f"the record before {next_offset} is not the one that the store here knows: brokers lost what they had acknowledged",
    }
    return f"{place}: states are missing: {what[found]}; {_FRESH * (found == 'deleted')}{_ANEW}"


def gone(topic: str) -> str:
    """Return the line that says that there is no *topic* any more, and what to do."""
    return f"{topic}: states are missing: the topic was deleted; make it again with `vitrine topics apply`, and {_ANEW}"
