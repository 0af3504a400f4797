"""Sums that fade: forward decay with whole numbers, so that no order of the events changes a bit of them.

Instead of shrinking what is old, what is new counts more: an event *n* half-lives after 1970 counts 2^n.
Source: Cormode, Shkapenyuk, Srivastava, Xu, "Forward Decay: A Practical Time Decay Model for Streaming Systems", ICDE 2009.
"""

import math

import msgspec

UNIT = 1 << 16
"""What an event at the start of a half-life counts; one at the end counts twice as much."""

DEPTH = 16
"""Half-lives after which an event is forgotten: it would count less than 1/32768."""


def growth(at: int, half_life: int) -> tuple[int, int]:
    """Return the half-lives that have begun since 1970, and what an event counts in the current one.

    Both arguments are milliseconds, *at* since 1970.
    """
    block, rest = divmod(at, half_life)
    return block, round(2.0 ** (rest / half_life) * UNIT)


def fade(at: int, block: int, half_life: int) -> float:
    """Return the factor that turns sums of *block* into sums as of *at*."""
    return math.ldexp(2.0 ** (block - at / half_life), -16)


class Heat(msgspec.Struct, array_like=True, gc=False):
    """A fading sum."""

    block: int = 0
    """The newest half-life with an event in it."""
    sums: list[int] = []
    """What was added in that half-life, in the one before … at most DEPTH; the last is not 0."""

    def add(self, at: int, half_life: int, weight: int) -> None:
        """Count an event."""
        block, grown = growth(at, half_life)
        sums = self.sums
        back = self.block - block
        if back < 0 or not sums:
            self._begin(block)
            back = 0
        if back < DEPTH:
            if back >= len(sums):
                sums.extend([0] * (back + 1 - len(sums)))
            sums[back] += grown * weight

    def value(self, at: int, half_life: int) -> float:
        """Return the sum as of *at*, not before the newest event."""
        total = sum(math.ldexp(part, -back) for back, part in enumerate(self.sums))
        return total * fade(at, self.block, half_life)

    def _begin(self, block: int) -> None:
        sums = self.sums
        sums[:0] = [0] * min(block - self.block, DEPTH) if sums else []
        del sums[DEPTH:]
        while sums and not sums[-1]:
            sums.pop()
        self.block = block
