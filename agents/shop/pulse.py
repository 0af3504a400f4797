"""The last minute, second by second: events, lists, and how long lists were waited for.

Pure: *now* is seconds of any clock that never goes back.
"""

from collections import deque
from collections.abc import Collection, Iterable
from typing import NamedTuple

import msgspec

SECONDS = 60
RECENT = 5
"""Seconds over which what is called the rate is taken."""


class _Second(msgspec.Struct):
    at: int
    events: int = 0
    lists: int = 0
    waits: list[float] = []


class Minute(NamedTuple):
    """One value for each whole second that has passed, the oldest first, at most `SECONDS`."""

    events: list[int]
    lists: list[int]
    p50: list[float | None]
    """Of the waits that ended in that second, in seconds; None: none ended."""
    p95: list[float | None]


class Pulse:
    """Counts as things happen."""

    def __init__(self) -> None:
        self._seconds: deque[_Second] = deque(maxlen=SECONDS + 1)

    def event(self, now: float) -> None:
        """Count an event of a shopper."""
        self._second(now).events += 1

    def answer(self, now: float, waits: Iterable[float]) -> None:
        """Count a list that ended *waits*, in seconds."""
        second = self._second(now)
        second.lists += 1
        second.waits.extend(waits)

    def minute(self, now: float) -> Minute:
        """Return the series up to the second before *now*."""
        self._second(now)
        done = list(self._seconds)[:-1]
        return Minute(
            [it.events for it in done],
            [it.lists for it in done],
            [quantile(it.waits, 0.5) for it in done],
            [quantile(it.waits, 0.95) for it in done],
        )

    def waits(self, seconds: int) -> list[float]:
        """Return the waits that ended in the last *seconds*, this one included."""
        return [wait for it in list(self._seconds)[-seconds:] for wait in it.waits]

    def _second(self, now: float) -> _Second:
        at = int(now)
        if not self._seconds:
            self._seconds.append(_Second(at))
        last = self._seconds[-1].at
        for missed in range(max(last + 1, at - SECONDS), at + 1):
            self._seconds.append(_Second(missed))
        return self._seconds[-1]


def rate(series: list[int]) -> float:
    """Return the mean of the newest values."""
    newest = series[-RECENT:]
    return sum(newest) / len(newest) if newest else 0.0


def quantile(values: Collection[float], share: float) -> float | None:
    """Return the value below which *share* of the values lie, None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
