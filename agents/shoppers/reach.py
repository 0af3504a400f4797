"""How far down the orders of the shelf a list looks.

No further than it needs, unless policies keep out what stands at the top: else one that lets few items in would leave lists
empty which those few could fill.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice

from agents.shoppers.policies import Policies
from agents.shoppers.ranking import Ranking
from agents.shoppers.shelf import Look
from schemas.cards import ItemCard

FAR = 2_000
"""Items of an order that are looked at where policies keep some out."""

_FIRST = 32
"""Items taken at first from an order that may be looked far down."""

Listable = Callable[[str], ItemCard | None]
"""Gives the card of an item that may be listed."""


class Reach:
    """Takes items from orders of the shelf."""

    def __init__(self, look: Look, policies: Policies, listable: Listable) -> None:
        self.narrow = policies.narrow
        """Whether policies keep some items out."""
        self._listable = listable
        self._named = _named(look, policies) if policies.onlys else None
        """What a list is confined to, as far as that is known by name."""

    def top(self, ranking: Ranking, count: int) -> Iterable[str]:
        """Return *count* items from the top of *ranking*: of those that may be listed, if policies keep some out."""
        if not self.narrow:
            return ranking.top(count)
        return self.some(self.down(ranking), count)

    def length(self, ranking: Ranking) -> int:
        """Return how many items of *ranking* there are to look at."""
        return len(ranking) if self._named is None else len(ranking.among(self._named))

    def down(self, ranking: Ranking, start: int = 0) -> Iterator[str]:
        """Yield the items of *ranking* from place *start* on, as far as a list looks."""
        if self._named is not None:
            yield from ranking.among(self._named)[start:]
            return
        size, end = _FIRST, start + FAR
        while start < end:
            items = ranking.top(min(size, end - start), start)
            if not items:
                return
            yield from items
            start, size = start + len(items), 2 * size

    def some(self, items: Iterable[str], count: int) -> Iterable[str]:
        """Return the first *count* of *items* that may be listed."""
        return islice((item for item in items if self._listable(item) is not None), count)


def _named(look: Look, policies: Policies) -> Collection[str] | None:
    for rule in policies.onlys:
        if 0 < len(rule.items) <= FAR:
            return rule.items
    for rule in policies.onlys:
        if rule.categories:
            rankings = (look.categories.get(name) for name in rule.categories)
            return {item for ranking in rankings if ranking is not None for item in ranking.top(FAR)}
    return None
