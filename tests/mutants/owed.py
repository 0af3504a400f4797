"""Mistakes in what is owed."""

from tests.mutants.mutant import DELIVERY, Mutant

_FILE = "agents/engine/owed.py"
_MOMENTS = "tests/unit/test_engine_owed.py"


def _mutant(old: str, new: str, why: str) -> Mutant:
    return Mutant(_FILE, old, new, why, DELIVERY)


MUTANTS = [
    _mutant(
        "item.request, item.size = request, size", "item.size = size", "an older request takes the place of a newer one"
    ),
    _mutant(
        "            if now + linger < item.due:\n", "            if False:\n", "what is urgent waits for what is not"
    ),
    _mutant(
        "                item.due = now + linger\n                self._push(item)\n",
        "                item.due = now + linger\n",
        "what became urgent keeps its place in the queue",
    ),
    _mutant("                item.sheddable = False\n", "", "what nobody would ask for again is dropped"),
    _mutant("                del self._sheddable[place]\n        if", "        if", "what may not be shed is shed"),
    _mutant(
        "if not item.entries or item.entries[-1] is not entry:",
        "if not item.entries:",
        "a list holds only the first batch that owes it",
    ),
    _mutant("if not item.entries or item.entries[-1] is not entry:", "if True:", "a list holds a batch twice"),
    _mutant(
        "            entry.waits += 1\n",
        "            entry.waits += entry.waits == 0\n",
        "a batch waits for one of its lists only",
    ),
    _mutant(
        "while len(self._sheddable) > self.limit.records",
        "while len(self._sheddable) >= self.limit.records",
        "lists are shed below the bound",
    ),
    _mutant(
        "self._drop(next(iter(self._sheddable.values())))",
        "self._drop(item)",
        "the newest list is shed, not the oldest",
    ),
    _mutant("len(taken) < count and order[0][0] <= now:", "len(taken) < count:", "nothing lingers"),
    _mutant("while order and len(taken) < count and", "while order and", "a batch of lists has no bound"),
    _mutant(
        "            if self._items.get(item.place) is not item:\n                continue",
        "            if item.place not in self._items:\n                continue",
        "a list is made twice, or one that was dropped",
    ),
    _mutant(
        "            if item.place in self._flying:\n                held",
        "            if False:\n                held",
        "a newer list overtakes an older one",
    ),
    _mutant(
        "        for item in held:\n            self._push(item)\n",
        "",
        "a list that waits for an older one is forgotten",
    ),
    _mutant(
        "            del self._sheddable[item.place]\n        self._flying",
        "        self._flying",
        "a list that is being made is shed",
    ),
    _mutant(
        "if self._late(now) else []", "if False else []", "under overload every list is as late as the queue is long"
    ),
    Mutant(
        _FILE,
        "count - count // _OTHERS",
        "count",
        "what may not be shed waits for as long as the overload lasts",
        _MOMENTS,
    ),
    Mutant(
        _FILE,
        "            self._sheddable.pop(place, None)\n            self._sheddable[place] = item\n",
        "            self._sheddable.setdefault(place, item)\n",
        "who is there is shed as if he had gone",
        _MOMENTS,
    ),
    _mutant("if it.due <= now and it.place not in", "if it.place not in", "under overload nothing lingers"),
    _mutant(
        "if it.due <= now and it.place not in self._flying)",
        "if it.due <= now)",
        "under overload a newer list overtakes an older one",
    ),
    Mutant(
        _FILE,
        "if self._flying.get(item.place) is item:",
        "if item.place in self._flying:",
        "a late settlement settles a newer list",
        _MOMENTS,
    ),
    _mutant(
        "                self._weigh(item, -1, -item.size)\n            self._let_go(item)\n",
        "                self._weigh(item, -1, -item.size)\n",
        "what is settled holds its batches for ever",
    ),
    _mutant(
        "[: (len(self._sheddable) + 1) // 2]",
        "[: len(self._sheddable) // 2]",
        "the last list that holds back a commit is never shed",
    ),
    _mutant("            item.due = 0.0\n", "", "a worker that stops waits for what lingers"),
    _mutant(
        "for items in (self._items, self._flying):",
        "for items in (self._items,):",
        "a list of a lost partition blocks its place",
    ),
    _mutant(
        "for items in (self._items, self._flying):",
        "for items in (self._flying,):",
        "lists of a lost partition are made",
    ),
    _mutant("if not gone(entry)]", "if False]", "lists that are still owed are forgotten in a rebalance"),
    _mutant(
        "                    if items is self._items:\n                        self._sheddable.pop(place, None)\n",
        "",
        "a list that is gone is shed",
    ),
    Mutant(
        _FILE,
        "                    if items is self._items:\n                        self._sheddable.pop(place, None)\n",
        "                    self._sheddable.pop(place, None)\n",
        "a waiting list can't be shed any more when the one before it is lost",
        _MOMENTS,
    ),
    _mutant(
        "        self.shed += 1\n        self._let_go(item)\n",
        "        self.shed += 1\n",
        "a shed list holds its batches for ever",
    ),
    _mutant("        self.shed += 1\n", "", "shed lists are not counted"),
    _mutant(
        "return max(0.0, self._order[0][0] - now) if",
        "return max(1.0, self._order[0][0] - now) if",
        "what is due waits",
    ),
]
