"""The tale of one shopper, for the eyes of whoever watches: what was done, and how the list answered."""

from collections import deque
from typing import Any

import msgspec

from agents.shop.shop import Emission, Shop
from schemas.clicks import AddToCart, Click, Purchase, View
from schemas.copy import Copy
from schemas.recommendations import Recommendations
from schemas.requests import Request
from schemas.reviews import Review
from schemas.searches import Search

DEEDS = 6

_DEEDS: dict[type, str] = {
    Click: "chose from the list: {title}",
    View: "looked at {title}",
    AddToCart: "put into the cart: {title}",
    Purchase: "bought {title}",
    Review: "wrote about {title}: {record.text}",
}


class Row(msgspec.Struct, frozen=True):
    """One slot of the list as a person reads it."""

    title: str
    reason: str
    source: str
    move: int | None
    """How many places up since the list before; None: new in it."""


class Tale:
    """Follows a shopper who gets lists of their own, then another one."""

    def __init__(self, shop: Shop) -> None:
        self.shopper: str | None = None
        self.deeds: deque[str] = deque(maxlen=DEEDS)
        """What the shopper did, newest last."""
        self.newest: Recommendations | None = None
        self.copy: Copy | None = None
        self._before: dict[str, int] = {}
        self._shop = shop

    def acted(self, emission: Emission) -> None:
        """Take an act of anybody."""
        if emission.key != self.shopper:
            newcomer = isinstance(emission.record, Request) and self._shop.shoppers[emission.key].group == "personal"
            if not newcomer or self._shop.is_present(self.shopper):
                return
            self.shopper, self.newest, self.copy, self._before = emission.key, None, None, {}
            self.deeds.clear()
        deed = self._deed(emission.record)
        if deed:
            self.deeds.append(deed)

    def received(self, record: Recommendations | Copy) -> None:
        """Take a list or a copy of anybody that was handed to the shop."""
        if record.shopper != self.shopper:
            return
        if isinstance(record, Copy):
            self.copy = record
            return
        newest = self._shop.lists.get(record.shopper)
        if newest is record and newest is not self.newest:
            self._before = {slot.item: place for place, slot in enumerate(self.newest.slots)} if self.newest else {}
            self.newest = newest

    def rows(self) -> list[Row]:
        """Return the newest list, best slot first."""
        if self.newest is None:
            return []
        return [
            Row(
                self._title(slot.item),
                localized(slot.reason.text, "en"),
                slot.source,
                self._before[slot.item] - place if slot.item in self._before else None,
            )
            for place, slot in enumerate(self.newest.slots)
        ]

    def copies(self) -> list[str]:
        """Return the newest copy: in the shopper's language, then in English if that is another one."""
        if self.copy is None or self.shopper is None:
            return []
        language = self._shop.shoppers[self.shopper].taste.language
        return list(dict.fromkeys((localized(self.copy.text, language), localized(self.copy.text, "en"))))

    def _title(self, item: str) -> str:
        article = self._shop.article(item)
        return article.facts.title["en"] if article else item

    def _deed(self, record: Any) -> str:
        if isinstance(record, Request):
            return "came in"
        if isinstance(record, Search):
            return f"searched for “{record.query}”"
        words = _DEEDS.get(type(record))
        if words is None:
            return ""
        return words.format(title=self._title(record.item), record=record)


def localized(texts: dict[Any, str], language: str) -> str:
    """Return the text in *language*, or else in any."""
    return texts.get(language) or next(iter(texts.values()), "")
