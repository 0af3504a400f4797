"""The items met most often beside one item, in bounded memory, newer meetings counting more.

SpaceSaving (Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT 2005)
on forward decay, with evictions in batches: when the table is full the lighter half goes, and a newcomer starts with the
heaviest weight that went, since it may have been what went.  As there, with W the sum of all weights, no weight is too
small, none is too great by more than W/KEPT, and every item of more than W/KEPT is in the table.
"""

import math
from collections.abc import Iterable
from heapq import nsmallest

import msgspec

from agents.items.decay import fade, growth

KEPT = 64
"""Neighbours that survive an eviction."""

CAPACITY = 2 * KEPT


class Neighbours(msgspec.Struct, array_like=True, gc=False):
    """Items with their weights, which are those of the half-life *block*."""

    block: int = 0
    weights: dict[str, float] = {}
    floor: float = 0.0
    """No item that is not in the table weighs more."""

    def add(self, others: Iterable[str], at: int, half_life: int, first: float = 1.0) -> None:
        """Count meetings at *at* (milliseconds since 1970): *first*, a power of two, for the first of *others*, half of it for the next, and so on."""
        block, grown = growth(at, half_life)
        if block > self.block:
            self._age(block)
        step = math.ldexp(grown * first, block - self.block)
        weights = self.weights
        for other in others:
            weights[other] = weights.get(other, self.floor) + step
            step /= 2
        if len(weights) > CAPACITY:
            self._evict()

    def top(self, count: int, at: int, half_life: int) -> list[tuple[str, float]]:
        """Return the *count* heaviest with the number of meetings that their weight is worth at *at*, heaviest first."""
        factor = fade(at, self.block, half_life)
        return [(other, -weight * factor) for weight, other in nsmallest(count, self._lightest_last())]

    def _age(self, block: int) -> None:
        """Express all weights in those of a newer half-life: exact, they are halved."""
        back = self.block - block
        self.block = block
        self.floor = math.ldexp(self.floor, back)
        self.weights = {other: math.ldexp(weight, back) for other, weight in self.weights.items()}

    def _evict(self) -> None:
        ranked = sorted(self._lightest_last())
        self.floor = -ranked[KEPT][0]
        self.weights = {other: -weight for weight, other in ranked[:KEPT]}

    def _lightest_last(self) -> Iterable[tuple[float, str]]:
        """Pairs whose ascending order is: heaviest first, ties by item."""
        return ((-weight, other) for other, weight in self.weights.items())
