"""Which lists a shopper is shown, and whether it made a difference."""

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Literal

import msgspec

Group = Literal["personal", "popular", "shuffled"]
GROUPS: tuple[Group, ...] = ("personal", "popular", "shuffled")


def group_of(shopper: str) -> Group:
    """Return the group of a shopper: a third of all ids each, for ever the same."""
    return GROUPS[zlib.crc32(f"group/{shopper}".encode()) % len(GROUPS)]


class Tally(msgspec.Struct):
    """Slots shown to a group and clicks on them."""

    slots: int = 0
    clicks: int = 0

    @property
    def ctr(self) -> float:
        """Clicks per slot shown; 0 while none was shown."""
        return self.clicks / self.slots if self.slots else 0.0


def z_score(one: Tally, other: Tally) -> float:
    """Return the z of the two-proportion test that *one* is clicked more often than *other*; 0 while undecided."""
    if not one.slots or not other.slots:
        return 0.0
    pooled = (one.clicks + other.clicks) / (one.slots + other.slots)
    variance = pooled * (1 - pooled) * (1 / one.slots + 1 / other.slots)
    return (one.ctr - other.ctr) / math.sqrt(variance) if variance else 0.0


class Popular:
    """The most-viewed items: the baseline that has to be beaten.

    Views count, from lists and searches of all shoppers, not clicks on lists: those would say as much about the slots
    that an item had before as about the item, and the baseline would be weaker than it need be.
    """

    def __init__(self, items: Iterable[str]) -> None:
        self._views = Counter(dict.fromkeys(items, 0))

    def view(self, item: str) -> None:
        """Count a view."""
        self._views[item] += 1

    def top(self, size: int, allowed: Callable[[str], bool]) -> tuple[str, ...]:
        """Return the *size* most-viewed of the items that are *allowed*, ties by id."""
        ranked = sorted(self._views, key=lambda item: (-self._views[item], item))
        return tuple(islice(filter(allowed, ranked), size))
