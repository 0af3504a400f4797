"""Items in the order of a key, kept sorted while keys change."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable

CHUNK = 1_024
"""Entries of a chunk on average: to change one moves so many, not all items of a large shop."""

_Entry = tuple[float, str]


class Ranking:
    """The greatest key first, equal ones by item.  Written by one thread; others may read.

    What a reader holds stays sorted: an entry comes into a chunk, or goes, in one step, and a chunk that has grown too large is
    replaced by two in a new list of chunks.
    """

    def __init__(self) -> None:
        self._chunks: list[list[_Entry]] = [[]]
        """Each sorted, all entries of one before those of the next; none is empty but a lonely one."""
        self._keys: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def put(self, item: str, key: float) -> None:
        """Set the key of *item*."""
        if self._keys.get(item) == -key:
            return
        self.drop(item)
        self._keys[item] = -key
        place = self._place((-key, item))
        chunk = self._chunks[place]
        insort(chunk, (-key, item))
        if len(chunk) > 2 * CHUNK:
            self._replace(place, chunk[:CHUNK], chunk[CHUNK:])

    def drop(self, item: str) -> None:
        """Take *item* out, if it is in."""
        key = self._keys.pop(item, None)
        if key is None:
            return
        place = self._place((key, item))
        chunk = self._chunks[place]
        del chunk[bisect_left(chunk, (key, item))]
        if not chunk and len(self._chunks) > 1:
            self._replace(place)

    def top(self, count: int, start: int = 0) -> tuple[str, ...]:
        """Return *count* items from place *start* on."""
        found: list[_Entry] = []
        for chunk in self._chunks:
            if start >= len(chunk):
                start -= len(chunk)
                continue
            found += chunk[start : start + count - len(found)]
            start = 0
            if len(found) == count:
                break
        return tuple(item for _, item in found)

    def among(self, items: Iterable[str]) -> tuple[str, ...]:
        """Return those of *items* that are in, each once."""
        keys = self._keys
        return tuple(item for _, item in sorted({(keys[item], item) for item in items if item in keys}))

    def _place(self, entry: _Entry) -> int:
        """Return the chunk that *entry* is in, or belongs into."""
        return max(0, bisect_right(self._chunks, entry, key=_first) - 1) if len(self._chunks) > 1 else 0

    def _replace(self, place: int, *chunks: list[_Entry]) -> None:
        self._chunks = [*self._chunks[:place], *chunks, *self._chunks[place + 1 :]]


def _first(chunk: list[_Entry]) -> _Entry:
    return chunk[0]
