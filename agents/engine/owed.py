"""The work that folded events still owe: lists and cards to be made, records to be scored.

Pure: *now* is an argument.  A newer request of the same key and slot takes the older one's place, and what the older one
owed is settled with it.  Folding never waits for this queue: above its bounds, the oldest requests that may be shed are.
What may not be shed is counted, so that whoever fetches can wait.

Where more comes than can be made, first come, first served would make every list as late as the queue is long.  So when
the oldest waits too long, the newest go first: who is there now is answered at once, and the others when there is time.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from agents.engine.delivery import Entry, Load

Place = tuple[Any, str]
"""Key, of any hashable kind, and slot."""

PATIENCE = 0.5
"""Seconds that the oldest piece of work that may be shed waits, before the newest are taken first."""
_OTHERS = 4
"""Of so many pieces of work, one is taken in the order in which they are due even then."""
_SPARE = 64
"""Turns of dropped items that are not worth throwing out."""


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
    size: int = 0
    """Bytes that the request holds."""
    entries: list[Entry] = field(default_factory=list)
    """What cannot be committed before it is settled."""


class OwedQueue:
    """Owed work in the order in which it is due."""

    def __init__(self, limit: Load, release: Callable[[Entry], None], patience: float = PATIENCE) -> None:
        self.limit = limit
        """Of sheddable items; above it the oldest are dropped."""
        self.patience = patience
        self.shed = 0
        """Items dropped so far."""
        self.superseded = 0
        """Requests so far whose place a newer one took before they were."""
        self._release = release
        self._items: dict[Place, Item] = {}
        self._flying: dict[Place, Item] = {}
        """Taken and not settled; what is newer waits for it, so that the newest list leaves last."""
        self._order: list[tuple[float, int, Item]] = []
        self._sheddable: dict[Place, Item] = {}
        """The sheddable of *items*, those first whose newest request is the oldest."""
        self._sheddable_bytes = 0
        self._kept, self._kept_bytes = 0, 0
        """Of the items, taken or not, that may not be shed."""
        self._count = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def flying(self) -> int:
        """How many items are taken and not settled."""
        return len(self._flying)

    @property
    def kept(self) -> Load:
        """What waits, or is taken and not settled, and may not be shed."""
        return Load(self._kept, self._kept_bytes)

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
        size: int = 0,
    ) -> None:
        """Owe *request* of *size* bytes on behalf of *entry*, which is held until the work is settled."""
        item = self._items.get(place)
        if item is None:
            item = self._items[place] = Item(place, request, shed, now + linger, since, size)
            self._push(item)
            self._weigh(item, 1, size)
        else:
            self.superseded += 1
            self._weigh(item, 0, size - item.size)
            item.request, item.size = request, size
            if now + linger < item.due:
                item.due = now + linger
                self._push(item)
            if not shed and item.sheddable:
                self._weigh(item, -1, -item.size)
                item.sheddable = False
                self._weigh(item, 1, item.size)
                del self._sheddable[place]
        if not item.entries or item.entries[-1] is not entry:
            item.entries.append(entry)
            entry.waits += 1
        if item.sheddable:
            self._sheddable.pop(place, None)
            self._sheddable[place] = item
            while len(self._sheddable) > self.limit.records or self._sheddable_bytes > self.limit.size:
                self._drop(next(iter(self._sheddable.values())))

    def take(self, count: int, now: float) -> list[Item]:
        """Return up to *count* items that are due; each is to be settled once."""
        taken = self._take_newest(count - count // _OTHERS, now) if self._late(now) else []
        held: list[Item] = []
        order = self._order
        while order and len(taken) < count and order[0][0] <= now:
            item = heapq.heappop(order)[-1]
            if self._items.get(item.place) is not item:
                continue  # dropped, or taken when it was due earlier
            if item.place in self._flying:
                held.append(item)
                continue
            taken.append(self._take(item))
        for item in held:
            self._push(item)
        return taken

    def _late(self, now: float) -> bool:
        oldest = next(iter(self._sheddable.values()), None)
        return oldest is not None and now - oldest.due > self.patience

    def _take_newest(self, count: int, now: float) -> list[Item]:
        ready = (it for it in reversed(self._sheddable.values()) if it.due <= now and it.place not in self._flying)
        return [self._take(item) for item in list(islice(ready, count))]

    def _take(self, item: Item) -> Item:
        del self._items[item.place]
        if item.sheddable:
            self._weigh(item, -1, -item.size)
            del self._sheddable[item.place]
        self._flying[item.place] = item
        return item

    def settle(self, item: Item) -> None:
        """Let go of what waits for a taken *item*: its outputs are acked, or nothing is to be made."""
        if self._flying.get(item.place) is item:
            del self._flying[item.place]
            if not item.sheddable:
                self._weigh(item, -1, -item.size)
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
                    if items is self._items or not item.sheddable:
                        self._weigh(item, -1, -item.size)
                    if items is self._items:
                        self._sheddable.pop(place, None)

    def _push(self, item: Item) -> None:
        """Put *item* in its turn; what stands there of dropped ones is thrown out when it is the greater part."""
        order = self._order
        if len(order) > 2 * len(self._items) + _SPARE:
            order[:] = [it for it in order if self._items.get(it[-1].place) is it[-1] and it[0] == it[-1].due]
            heapq.heapify(order)
        self._count += 1
        heapq.heappush(order, (item.due, self._count, item))

    def _drop(self, item: Item) -> None:
        del self._items[item.place]
        del self._sheddable[item.place]
        self._weigh(item, -1, -item.size)
        self.shed += 1
        self._let_go(item)

    def _weigh(self, item: Item, count: int, size: int) -> None:
        """Count *item* in, out or anew."""
        if item.sheddable:
            self._sheddable_bytes += size
        else:
            self._kept += count
            self._kept_bytes += size

    def _let_go(self, item: Item) -> None:
        for entry in item.entries:
            self._release(entry)
