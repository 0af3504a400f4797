"""When a broker is asked, and for which topics: a record ends a request, and an answer costs a worker more than the record does.

Requests follow each other no faster than records of many of them come together, and topics that nobody waits for are left
out for a moment.
"""

from collections.abc import Collection, Sequence
from math import ceil
from typing import Any

Places = Sequence[tuple[int, int, int]]
"""Partition, offset and most bytes."""
Partitions = Sequence[tuple[str, Places]]
"""By topic."""
Answered = Sequence[tuple[str, Sequence[Sequence[Any]]]]
"""By topic: partitions, each of which ends with its records."""

_ROUND_SECONDS = 0.01
_ROUNDS = 4
"""Requests that may follow each other at once, if there were none for a while."""
_PAUSE_SECONDS = 0.2
_MUCH_BYTES = 64 << 10


def size_of(topics: Answered) -> int:
    """Return how many bytes of records an answer holds."""
    return sum(len(place[-1] or b"") for _, places in topics for place in places)


class Pace:
    """How long a broker's next request waits: not at all, as long as there are fewer than a hundred in a second."""

    def __init__(self) -> None:
        self._due = 0.0

    def wait(self, now: float) -> float:
        """Return the seconds that a request waits at *now*, in seconds; it is then taken to be sent."""
        self._due = max(self._due, now - _ROUNDS * _ROUND_SECONDS) + _ROUND_SECONDS
        return max(0.0, self._due - now)

    def answered(self, topics: Answered) -> None:
        """Take an answer; behind a large one there is no waiting."""
        if size_of(topics) >= _MUCH_BYTES:
            self._due = 0.0


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

    def answered(self, topics: Answered, now: float) -> None:
        """Take an answer; of a backlog there is no waiting."""
        if 0 < size_of([it for it in topics if it[0] in self._topics]) < _MUCH_BYTES:
            self._due = now + _PAUSE_SECONDS
