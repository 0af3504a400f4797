"""Items in the order of a key, kept sorted while keys change."""

from bisect import bisect_left, insort
from collections.abc import Iterable


class Ranking:
    """The greatest key first, equal ones by item.  Written by one thread; others may read."""

    def __init__(self) -> None:
        self._sorted: list[tuple[float, str]] = []
        self._keys: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._sorted)

    def put(self, item: str, key: float) -> None:
        """Set the key of *item*."""
        if self._keys.get(item) == -key:
            return
        self.drop(item)
        self._keys[item] = -key
        insort(self._sorted, (-key, item))

    def drop(self, item: str) -> None:
        """Take *item* out, if it is in."""
        key = self._keys.pop(item, None)
        if key is not None:
            del self._sorted[bisect_left(self._sorted, (key, item))]

    def top(self, count: int, start: int = 0) -> tuple[str, ...]:
        """Return *count* items from place *start* on."""
        return tuple(item for _, item in self._sorted[start : start + count])

    def among(self, items: Iterable[str]) -> tuple[str, ...]:
        """Return those of *items* that are in, each once."""
        keys = self._keys
        return tuple(item for _, item in sorted({(keys[item], item) for item in items if item in keys}))
