"""The work that folded events still owe: lists and cards to be made, records to be scored.

Pure: *now* is an argument.  A newer request of the same key and slot takes the older one's place, and what the older one
owed is settled with it.  Folding never waits for this queue: above the bound, the oldest requests that may be shed are.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agents.engine.delivery import Entry

Place = tuple[Any, str]
"""Key, of any hashable kind, and slot."""


@dataclass(eq=False, slots=True)
class Item:
    """One piece of owed work."""

    place: Place
    request: Any
    sheddable: bool
    due: float
    """When it may be taken."""
    since: int
    """The broker's time of the oldest record that it answers, in milliseconds since 1970."""
    entries: list[Entry] = field(default_factory=list)
    """What cannot be committed before it is settled."""


class OwedQueue:
    """Owed work in the order in which it is due."""

    def __init__(self, limit: int, release: Callable[[Entry], None]) -> None:
        self.limit = limit
        """Sheddable items above which the oldest are dropped."""
        self.shed = 0
        """Items dropped so far."""
        self._release = release
        self._items: dict[Place, Item] = {}
        self._flying: dict[Place, Item] = {}
        """Taken and not settled; what is newer waits for it, so that the newest list leaves last."""
        self._order: list[tuple[float, int, Item]] = []
        self._sheddable: dict[Place, Item] = {}
        """The sheddable of *items*, oldest first."""
        self._count = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def flying(self) -> int:
        """How many items are taken and not settled."""
        return len(self._flying)

    def put(
        self,
        place: Place,
        request: Any,
        entry: Entry,
        *,
        now: float,
        since: int,
        linger: float,
        shed: bool,
    ) -> None:
        """Owe *request* on behalf of *entry*, which is held until the work is settled."""
        item = self._items.get(place)
        if item is None:
            item = self._items[place] = Item(place, request, shed, now + linger, since)
            self._push(item)
        else:
            item.request = request
            if now + linger < item.due:
                item.due = now + linger
                self._push(item)
            if not shed and item.sheddable:
                item.sheddable = False
                del self._sheddable[place]
        if not item.entries or item.entries[-1] is not entry:
            item.entries.append(entry)
            entry.waits += 1
        if item.sheddable and place not in self._sheddable:
            self._sheddable[place] = item
            if len(self._sheddable) > self.limit:
                self._drop(next(iter(self._sheddable.values())))

    def take(self, count: int, now: float) -> list[Item]:
        """Return up to *count* items that are due; each is to be settled once."""
        taken: list[Item] = []
        held: list[Item] = []
        order = self._order
        while order and len(taken) < count and order[0][0] <= now:
            item = heapq.heappop(order)[-1]
            if self._items.get(item.place) is not item:
                continue  # dropped, or taken when it was due earlier
            if item.place in self._flying:
                held.append(item)
                continue
            del self._items[item.place]
            self._sheddable.pop(item.place, None)
            self._flying[item.place] = item
            taken.append(item)
        for item in held:
            self._push(item)
        return taken

    def settle(self, item: Item) -> None:
        """Let go of what waits for a taken *item*: its outputs are acked, or nothing is to be made."""
        if self._flying.get(item.place) is item:
            del self._flying[item.place]
            self._let_go(item)

    def wait(self, now: float) -> float | None:
        """Return the seconds until the next item is due; None if there is none."""
        return max(0.0, self._order[0][0] - now) if self._order else None

    def relieve(self) -> None:
        """Drop the older half of what may be shed: too much waits for it."""
        for item in list(self._sheddable.values())[: (len(self._sheddable) + 1) // 2]:
            self._drop(item)

    def hurry(self) -> None:
        """Let nothing linger any longer."""
        self._order = []
        for item in self._items.values():
            item.due = 0.0
            self._push(item)

    def clear(self, gone: Callable[[Entry], bool]) -> None:
        """Drop what only entries that are *gone* wait for; whoever owns their partitions now owes it again."""
        for items in (self._items, self._flying):
            for place, item in list(items.items()):
                item.entries = [entry for entry in item.entries if not gone(entry)]
                if not item.entries:
                    del items[place]
                    self._sheddable.pop(place, None) if items is self._items else None

    def _push(self, item: Item) -> None:
        self._count += 1
        heapq.heappush(self._order, (item.due, self._count, item))

    def _drop(self, item: Item) -> None:
        del self._items[item.place]
        del self._sheddable[item.place]
        self.shed += 1
        self._let_go(item)

    def _let_go(self, item: Item) -> None:
        for entry in item.entries:
            self._release(entry)
