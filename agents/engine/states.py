"""States in use: what of a partition is in memory, and which of it was used when.

A fold makes its state dirty, so each flush tells what was used since the one before: the order of use costs folding nothing.
Times are counted in intervals, in each of which every partition is flushed.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Protocol

from agents.engine.footprint import footprint

ENTRY = 300
"""Bytes that a state takes beside itself: its key, and its places in two dictionaries."""

_SIZE_BITS = 32
_SIZE = (1 << _SIZE_BITS) - 1
_BITE = 1_000
"""States let go of before other tasks may run."""
_ROOM = 0.95
"""How much of the memory is taken when no more make room."""
_FIRST_RATIO = 8.0
_WEIGHT = 0.95
"""How much the samples before a new one count for the ratio."""


class Usage:
    """How the states of one processor are used on this worker."""

    def __init__(self) -> None:
        self.now = 0
        """Intervals between commits that began."""
        self.misses = 0
        """States that were needed and not in memory, since `take`."""
        self.evicted = 0
        """States that had to make room, since `take`."""
        self._resident, self._encoded = _FIRST_RATIO, 1.0

    def take(self) -> tuple[int, int]:
        """Return misses and evicted states, and count anew."""
        counted = self.misses, self.evicted
        self.misses = self.evicted = 0
        return counted

    @property
    def ratio(self) -> float:
        """Bytes in memory for each byte of an encoded state."""
        return self._resident / self._encoded

    def sample(self, state: Any, encoded: int) -> None:
        """Learn from a state that takes *encoded* bytes how much memory one takes."""
        self._resident = self._resident * _WEIGHT + footprint(state)
        self._encoded = self._encoded * _WEIGHT + encoded


class States(dict[bytes, Any]):
    """States of one partition by key; a missing one is found, in the store or new."""

    def __init__(self, find: Callable[[bytes], tuple[Any, int]], usage: Usage) -> None:
        """*find* returns a state and the bytes that it takes where it is stored."""
        self.bytes = 0
        """Of all states here, as they are encoded."""
        self._find = find
        self._usage = usage
        self._uses: dict[bytes, int] = {}
        """When each was used last, above its bytes; those used longest ago first."""

    def __missing__(self, key: bytes) -> Any:
        state, size = self._find(key)
        self[key] = state
        self._usage.misses += 1
        self.used(key, size)
        return state

    def used(self, key: bytes, size: int) -> None:
        """Note that *key* is in use and takes *size* bytes."""
        uses = self._uses
        self.bytes += size - (uses.pop(key, 0) & _SIZE)
        uses[key] = self._usage.now << _SIZE_BITS | size

    def spare(self, key: bytes) -> None:
        """Let *key* count as used now."""
        self.used(key, self._uses[key] & _SIZE)

    def drop(self, key: bytes) -> None:
        """Forget the state of *key*, if it is here."""
        if self.pop(key, None) is not None:
            self.bytes -= self._uses.pop(key) & _SIZE

    @property
    def resident(self) -> int:
        """Bytes of memory that the states here take, as estimated."""
        return int(self.bytes * self._usage.ratio) + len(self) * ENTRY

    def by_use(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield when a state was used, the bytes of memory that it takes, and its key, those used longest ago first."""
        ratio = self._usage.ratio
        for key, use in self._uses.items():
            yield use >> _SIZE_BITS, int((use & _SIZE) * ratio) + ENTRY, key

    def idle(self, key: bytes) -> int | None:
        """Return how many intervals ago *key* was used; None if it is not here."""
        use = self._uses.get(key)
        return None if use is None else self._usage.now - (use >> _SIZE_BITS)


class Evicting(Protocol):
    """A partition that can let go of states."""

    states: States

    def evict(self, key: bytes) -> bool:
        """Forget a state that is flushed; False if it is not."""


def evict(partitions: Sequence[Evicting], surplus: int, limit: int) -> int:
    """Let go of the states used longest ago, in whatever partition, until they took *surplus* bytes of memory.

    Return how many were looked at, *limit* at most.  One that is not flushed stays, and counts as used.
    """
    victims = []
    for _, size, key, partition in heapq.merge(*map(_by_use, partitions), key=itemgetter(0)):
        victims.append((partition, key))
        surplus -= size
        if surplus <= 0 or len(victims) == limit:
            break
    for partition, key in victims:
        if not partition.evict(key):
            partition.states.spare(key)
    return len(victims)


def _by_use(partition: Evicting) -> Iterator[tuple[int, int, bytes, Evicting]]:
    return ((*use, partition) for use in partition.states.by_use())


async def relieve(partitions: Sequence[Evicting], memory: int) -> None:
    """Let go of states, those used longest ago first, if all of *partitions* together take more than *memory* bytes."""
    if sum(it.states.resident for it in partitions) <= memory:
        return
    looked, most = 0, sum(len(it.states) for it in partitions)
    while looked < most and (surplus := sum(it.states.resident for it in partitions) - int(memory * _ROOM)) > 0:
        looked += evict(partitions, surplus, _BITE)
        await asyncio.sleep(0)
