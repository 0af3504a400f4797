"""How varied the lists are that a group of shoppers sees."""

from collections.abc import Sequence

import msgspec

from agents.shop.catalogue import Article


class Variety(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of what a group saw; 0 while nothing was."""

    coverage: float
    """Of all items, those that were in a list."""
    repeated: float
    """Of all slots, those whose item its shopper saw in the list before."""
    categories: float
    """Different ones in a list, on average."""
    explored: float
    """Of all slots, those whose item was drawn by lot."""


class Seen(msgspec.Struct):
    """What a group saw, added up."""

    lists: int = 0
    slots: int = 0
    repeated: int = 0
    categories: int = 0
    explored: int = 0
    items: set[str] = msgspec.field(default_factory=set)
    before: dict[str, frozenset[str]] = msgspec.field(default_factory=dict)
    """Shopper to the items of the list seen last."""

    def see(self, shopper: str, articles: Sequence[Article], explored: int) -> None:
        """Add a list."""
        items = [article.facts.item for article in articles]
        before = self.before.get(shopper, frozenset())
        self.lists += 1
        self.slots += len(items)
        self.repeated += sum(item in before for item in items)
        self.categories += len({article.facts.category for article in articles})
        self.explored += explored
        self.items.update(items)
        self.before[shopper] = frozenset(items)

    def variety(self, items: int) -> Variety:
        """Return the shares, where there are *items* items in all."""
        lists, slots = max(1, self.lists), max(1, self.slots)
        return Variety(
            coverage=round(len(self.items) / max(1, items), 4),
            repeated=round(self.repeated / slots, 4),
            categories=round(self.categories / lists, 2),
            explored=round(self.explored / slots, 4),
        )
