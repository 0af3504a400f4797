"""What lists that learn from a stream have to beat: what was taken in the last hour, and sessions like this one.

`Sessions` is V-SKNN of Ludewig and Jannach (2018): the `NEAREST` sessions most like the running one, among the `SAMPLED` newest
that share an item with it; an item counts the less the further it lies back, by the square, and rare items count more.
"""

import heapq
import math
from collections import Counter, OrderedDict, deque

NEAREST, SAMPLED = 100, 500
RARITY = 5.0
"""What rarity counts beside 1."""
HOUR = 3_600_000
"""Milliseconds."""


class LastHour:
    """The same list for everybody: what was taken most in the last hour."""

    def __init__(self) -> None:
        self._taken: deque[tuple[int, str]] = deque()
        self._counts: Counter[str] = Counter()

    def learn(self, item: str, at: int) -> None:
        """Count *item*, taken *at* this millisecond; times never fall."""
        self._taken.append((at, item))
        self._counts[item] += 1

    def top(self, count: int, at: int) -> list[str]:
        """Return the *count* items that are taken most; of equal ones, the first by name."""
        while self._taken and self._taken[0][0] <= at - HOUR:
            _, item = self._taken.popleft()
            self._counts[item] -= 1
            if not self._counts[item]:
                del self._counts[item]
        return heapq.nsmallest(count, self._counts, key=lambda item: (-self._counts[item], item))


class Sessions:
    """What was taken in sessions like the running one."""

    def __init__(self) -> None:
        self._items: dict[str, list[str]] = {}
        """Session to its items, oldest first."""
        self._with: dict[str, OrderedDict[str, int]] = {}
        """Item to the sessions that have it, the newest last, with the count of all events at which it came last."""
        self._clock = 0

    def learn(self, session: str, item: str) -> None:
        """Add *item* to *session*, which was the last to do anything."""
        self._clock += 1
        items = self._items.setdefault(session, [])
        items.append(item)
        for other in dict.fromkeys(items):
            having = self._with.setdefault(other, OrderedDict())
            having[session] = self._clock
            having.move_to_end(session)

    def top(self, session: str, count: int) -> list[str]:
        """Return the *count* items that *session* most likely takes next; of equal ones, the first by name."""
        own = self._items.get(session, [])
        weights = {item: (place / len(own)) ** 2 for place, item in enumerate(own, 1)}
        last = {item: len(own) - place for place, item in enumerate(own, 1)}
        scores: dict[str, float] = {}
        for other in self._nearest(session, weights):
            items = dict.fromkeys(self._items[other])
            likeness = math.fsum(weights[item] for item in items if item in weights) / len(weights)
            back = 1 + min(last[item] for item in items if item in last)
            for item in items:
                scores[item] = scores.get(item, 0.0) + likeness / back**2 * (1 + RARITY * self._rarity(item))
        return heapq.nsmallest(count, scores, key=lambda item: (-scores[item], item))

    def _nearest(self, session: str, weights: dict[str, float]) -> list[str]:
        newest: dict[str, int] = {}
        for item in weights:
            having = self._with[item]
            for _, other in zip(range(SAMPLED + 1), reversed(having), strict=False):
                if other != session:
                    newest[other] = max(newest.get(other, 0), having[other])
        sampled = heapq.nlargest(SAMPLED, newest, key=newest.__getitem__)
        likeness = {
            other: math.fsum(weights[item] for item in dict.fromkeys(self._items[other]) if item in weights)
            for other in sampled
        }
        return heapq.nsmallest(NEAREST, sampled, key=lambda other: (-likeness[other], -newest[other]))

    def _rarity(self, item: str) -> float:
        return math.log(len(self._items) / len(self._with[item]))
