"""What a changelog says, as a store reads it: for the tests that look at states from outside."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from agents.engine.formats import EPOCH, RESERVED, epoch_in


class Entry(NamedTuple):
    """A record of a changelog."""

    partition: int
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


class InForce(NamedTuple):
    """What holds when all records are read."""

    states: dict[bytes, bytes]
    """Key to the state's bytes, without the epoch."""
    epochs: dict[int, int]
    """Partition to the highest epoch."""
    stale: int
    """Records of former owners, which are ignored."""


def entries(messages: Iterable[Any]) -> Iterator[Entry]:
    """Yield the messages of a consumer, which are in the order of their partitions."""
    for it in messages:
        yield Entry(it.partition(), it.key(), it.value(), it.headers() or ())


def in_force(records: Iterable[Entry]) -> InForce:
    """Fold *records*; what a worker can't have written fails."""
    states, epochs, stale = dict[bytes, bytes](), dict[int, int](), 0
    for partition, key, value, headers in records:
        epoch = epoch_in(value, headers)
        assert epoch is not None
        if epoch < epochs.get(partition, 0):
            stale += 1
            continue
        epochs[partition] = epoch
        if key.startswith(RESERVED):
            continue
        if value is not None and len(value) > EPOCH.size:
            states[key] = value[EPOCH.size :]
        else:
            states.pop(key, None)
    return InForce(states, epochs, stale)
