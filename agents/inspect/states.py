"""What a changelog partition says of the states in it.  Pure.

As a worker reads it: an epoch lower than one before is a former owner's, and what it wrote is ignored.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from agents.engine.formats import EPOCH, FENCE_KEY, RESERVED, epoch_in
from agents.replay.log import LogRecord

BIGGEST = 5
"""States named by a partition's numbers."""


class Record(msgspec.Struct, frozen=True):
    """What a changelog says last of one key."""

    offset: int
    timestamp: int
    """When it was written, in milliseconds since 1970."""
    epoch: int
    value: bytes | None
    """The state, without its epoch; None if it left."""
    records: int
    """Of the key that are in the log."""
    fenced: int
    """Of these, former owners'."""


class Big(msgspec.Struct, frozen=True):
    """A state that takes many bytes."""

    key: str
    bytes: int


class Numbers(msgspec.Struct):
    """What is in one partition of a changelog."""

    partition: int
    keys: int = 0
    """States."""
    bytes: int = 0
    """Of these states, as they are stored."""
    records: int = 0
    """In the log."""
    epoch: int = 0
    """Of the owner."""
    written: int | None = None
    """When the newest record was written, in milliseconds since 1970; None if there is none."""
    fences: int = 0
    """Records by which workers took the partition over, that compaction has not removed."""
    tombstones: int = 0
    """Records of states that left, that compaction has not removed."""
    fenced: int = 0
    """Records of former owners, which are ignored."""
    unreadable: int = 0
    """Records that no worker writes."""
    biggest: list[Big] = []

    @property
    def records_per_key(self) -> float:
        """How often compaction could find each key."""
        return self.records / self.keys if self.keys else 0.0


def last_of(records: Iterable[LogRecord], key: bytes) -> Record | None:
    """Return what *records* of its partition say last of *key*; None if they never name it."""
    found: LogRecord | None = None
    highest = epoch = count = fenced = 0
    for record in records:
        its = epoch_in(record.value, record.headers)
        if its is None:
            continue
        highest = max(highest, its)
        if record.key != key:
            continue
        count += 1
        if its < highest:
            fenced += 1
        else:
            found, epoch = record, its
    if found is None:
        return None
    value = None if found.value is None or len(found.value) <= EPOCH.size else found.value[EPOCH.size :]
    return Record(found.offset, found.timestamp, epoch, value, count, fenced)


def numbers(records: Iterable[LogRecord], partition: int) -> Numbers:
    """Count what is in a partition; it takes memory for its keys only."""
    it, sizes = Numbers(partition), dict[bytes, int]()
    for record in records:
        it.records += 1
        it.written = max(it.written or 0, record.timestamp)
        key, epoch = record.key, epoch_in(record.value, record.headers)
        if not key or epoch is None:
            it.unreadable += 1
        elif epoch < it.epoch:
            it.fenced += 1
        else:
            it.epoch = epoch
            _count(it, sizes, key, record.value)
    it.keys, it.bytes = len(sizes), sum(sizes.values())
    biggest = heapq.nlargest(BIGGEST, ((size, key) for key, size in sizes.items()))
    it.biggest = [Big(key.decode(errors="backslashreplace"), size) for size, key in biggest]
    return it


def _count(it: Numbers, sizes: dict[bytes, int], key: bytes, value: bytes | None) -> None:
    if key.startswith(RESERVED):
        it.fences += key == FENCE_KEY
    elif value is None or len(value) <= EPOCH.size:
        it.tombstones += 1
        sizes.pop(key, None)
    else:
        sizes[key] = len(value) - EPOCH.size


def total(parts: Iterable[Numbers]) -> Numbers:
    """Return the numbers of all *parts* together; their epochs differ, so it has none."""
    whole = Numbers(-1)
    for it in parts:
        for name in ("keys", "bytes", "records", "fences", "tombstones", "fenced", "unreadable"):
            setattr(whole, name, getattr(whole, name) + getattr(it, name))
        if it.written is not None:
            whole.written = max(whole.written or 0, it.written)
        whole.biggest = heapq.nlargest(BIGGEST, [*whole.biggest, *it.biggest], key=lambda big: (big.bytes, big.key))
    return whole


def named(value: Any) -> Any:
    """Return *value* in plain JSON, the fields of all that has fields by their names."""
    if isinstance(value, msgspec.Struct):
        return {name: named(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: named(it) for name, it in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(key): named(it) for key, it in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [named(it) for it in value]
    return msgspec.to_builtins(value)


def lines(state: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield each field of a state in plain JSON: its name, and its value in one line or in one for each entry."""
    for name, value in state.items():
        if isinstance(value, list) and value:
            yield f"{name} ({len(value)})", [text(it) for it in value]
        elif isinstance(value, Mapping) and value:
            yield f"{name} ({len(value)})", [f"{key}: {text(it)}" for key, it in value.items()]
        else:
            yield name, [text(value)]


def text(value: Any) -> str:
    """Return a value in a line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {text(it)}" for name, it in value.items()) or "nothing"
    if isinstance(value, list):
        return ", ".join(map(text, value)) or "nothing"
    if value is None or value == "":
        return "nothing"
    return str(value)
