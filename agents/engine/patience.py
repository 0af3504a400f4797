"""Which topics a broker is asked for now: a record ends a request, and an answer costs a worker milliseconds, whoever waits for it.

Topics that nobody waits for are left out for a moment, so that their records come together.
"""

from collections.abc import Collection, Sequence
from math import ceil
from typing import Any

Places = Sequence[tuple[int, int, int]]
"""Partition, offset and most bytes."""
Partitions = Sequence[tuple[str, Places]]
"""By topic."""

_PAUSE_SECONDS = 0.2
_MUCH_BYTES = 64 << 10


class Patience:
    """Which topics one broker is asked for: those that can wait are left out for a moment after a few records of them."""

    def __init__(self, topics: Collection[str]) -> None:
        """*topics*: those that can wait."""
        self._topics = topics
        self._due = 0.0

    def ask(self, topics: Partitions, wait_ms: int, now: float) -> tuple[Partitions, int]:
        """Return which of *topics* to ask for at *now*, in seconds, and how long to wait for a record."""
        if now >= self._due:
            return topics, wait_ms
        urgent = [it for it in topics if it[0] not in self._topics]
        if not urgent or len(urgent) == len(topics):
            return topics, wait_ms
        return urgent, min(wait_ms, ceil((self._due - now) * 1000))

    def answered(self, topics: Sequence[tuple[str, Sequence[Sequence[Any]]]], now: float) -> None:
        """Take an answer, whose partitions end with their records; of a backlog there is no waiting."""
        size = sum(len(place[-1] or b"") for name, places in topics if name in self._topics for place in places)
        if 0 < size < _MUCH_BYTES:
            self._due = now + _PAUSE_SECONDS
