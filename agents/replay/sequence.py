"""The one order in which a log's records are replayed."""

from collections.abc import Iterable
from itertools import pairwise
from operator import attrgetter
from pathlib import Path

import msgspec
import msgspec.structs

from agents.processor import Origin, event_time
from agents.replay.errors import LogError
from agents.replay.log import LogRecord, read
from schemas.base import At


class Merged(msgspec.Struct, frozen=True):
    """Records of one log or several in the order of their replay."""

    records: list[LogRecord]
    times: list[int]
    """For each the time that it was ordered by, in milliseconds since 1970."""
    repeated: int
    """Records that stood more than once and were taken once."""


class _Timed(msgspec.Struct):
    at: At


_decoder = msgspec.json.Decoder(_Timed)
_position = attrgetter("topic", "partition", "offset")


def merge(records: Iterable[LogRecord]) -> Merged:
    """Return *records* by (event time, topic, partition, offset), each partition in the order of its offsets.

    A record behind a later event of its partition is taken to happen together with that event, for a partition is never
    reordered: what was read in one order is folded in that order.  Two different records at one place are a LogError.
    """
    ordered = sorted(records, key=_position)
    taken = _once(ordered)
    repeated = len(ordered) - len(taken)
    timed: list[tuple[int, LogRecord]] = []
    place, now = ("", -1), 0
    for record in taken:
        at = _time(record)
        now = max(now, at) if place == (record.topic, record.partition) else at
        place = (record.topic, record.partition)
        timed.append((now, record))
    timed.sort(key=lambda pair: pair[0])
    return Merged([record for _, record in timed], [at for at, _ in timed], repeated)


def merged(paths: Iterable[Path], prefix: str = "") -> Merged:
    """Return the records of the logs at *paths* in the order of their replay, their topics without *prefix*."""
    return merge(_named(record, prefix) for path in paths for _, record in read(path))


def check_places(log: Merged, partitions: int) -> None:
    """Refuse a *log* from topics of more than *partitions*."""
    for record in log.records:
        if record.partition >= partitions:
            message = (
                f"{record.topic} has a partition {record.partition} in the log: "
                f"say --partitions with how many the topics had (it is {partitions} now)"
            )
            raise LogError(message)


def _named(record: LogRecord, prefix: str) -> LogRecord:
    if not prefix or not record.topic.startswith(prefix):
        return record
    return msgspec.structs.replace(record, topic=record.topic.removeprefix(prefix))


def _once(ordered: list[LogRecord]) -> list[LogRecord]:
    """Leave out what two recordings hold both."""
    taken = ordered[:1]
    for before, record in pairwise(ordered):
        if _position(before) != _position(record):
            taken.append(record)
        elif (before.key, before.value) != (record.key, record.value):
            message = (
                f"{record.topic}[{record.partition}] has two different records at offset {record.offset}: "
                "the logs are of different brokers or imports and can't be replayed together"
            )
            raise LogError(message)
    return taken


def _time(record: LogRecord) -> int:
    """Return when it happened as its body says, within the skew that agents allow, or the broker's time."""
    if record.value is None:
        return record.timestamp
    try:
        at = _decoder.decode(record.value).at
    except (ValueError, RecursionError):
        return record.timestamp
    return event_time(at, Origin(record.topic, record.partition, record.offset, record.timestamp))[0]
