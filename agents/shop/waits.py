"""Who waits for a list, for how long, and whose never came.

Pure: clocks are given.  Times of events are milliseconds since 1970; *now* is seconds of any clock that never goes back.
"""

from collections import deque
from collections.abc import Set as AbstractSet

from schemas.base import Record
from schemas.clicks import CopyShown, ListShown
from schemas.reviews import Review


def owes_list(record: Record) -> bool:
    """Return whether the agents answer this event of a shopper with a list."""
    return not isinstance(record, ListShown | CopyShown | Review)


class Waits:
    """The events that no list has covered yet."""

    def __init__(self, patience: float) -> None:
        """Prepare for shoppers who go on without a list after *patience* seconds."""
        self.given_up = 0
        """How often a shopper went on without."""
        self._patience = patience
        self._open: dict[str, deque[tuple[int, float]]] = {}
        self._waiting: dict[str, float] = {}

    @property
    def waiting(self) -> AbstractSet[str]:
        """The shoppers who do nothing until a list comes."""
        return self._waiting.keys()

    def owe(self, shopper: str, at: int, now: float) -> None:
        """Note that *shopper* did at *at* what a list has to cover."""
        self._open.setdefault(shopper, deque()).append((at, now))
        self._waiting.pop(shopper, None)
        self._waiting[shopper] = now

    def cover(self, shopper: str, at: int, now: float) -> list[float]:
        """Take a list that covers the events of *shopper* up to *at*; return how long each new one waited, in seconds."""
        events = self._open.get(shopper)
        if events is None:
            return []
        times = []
        while events and events[0][0] <= at:
            times.append(now - events.popleft()[1])
        if not events:
            del self._open[shopper]
            self._waiting.pop(shopper, None)
        return times

    def lose_patience(self, now: float) -> None:
        """Let those who waited too long go on."""
        while self._waiting:
            shopper, since = next(iter(self._waiting.items()))
            if now - since < self._patience:
                return
            del self._waiting[shopper]
            self.given_up += 1

    def uncovered(self) -> list[str]:
        """Return the shoppers whose last event no list has covered."""
        return sorted(self._open)
