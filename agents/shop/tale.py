"""The tale of one shopper, for the eyes of whoever watches: what was done, and how list and words answered.

Pure: *now* is seconds of any clock that never goes back.
"""

from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec

from agents.shop.parts import Part, parts_of
from agents.shop.shop import Emission, Shop, milliseconds
from agents.shop.waits import owes_list
from schemas.clicks import AddToCart, Click, Purchase, View
from schemas.copy import Copy
from schemas.recommendations import Decision, Recommendations, Slot
from schemas.requests import Request
from schemas.reviews import Review
from schemas.searches import Search

DEEDS = 12

_DEEDS: dict[type, str] = {
    Click: "chose from the list: {title}",
    View: "looked at {title}",
    AddToCart: "put into the cart: {title}",
    Purchase: "bought {title}",
    Review: "wrote about {title}: {record.text}",
}


class Deed(msgspec.Struct):
    """One act, and the list that answered it."""

    text: str
    at: int
    """In milliseconds since 1970."""
    since: float
    answered: bool
    """False: a list is still to come."""
    seconds: float | None = None
    """From the act to the list; None: not known, or none is owed."""
    change: str = ""
    """What the list changed."""


class Row(msgspec.Struct, frozen=True):
    """One slot of the list as a person reads it."""

    title: str
    short: str
    """The title without the brand."""
    reason: str
    source: str
    move: int | None
    """How many places up since the list before; None: new in it."""
    parts: tuple[Part, ...] = ()
    """What its score is made of, the strongest first; empty until the decision is read."""


class Tale:
    """Follows a shopper who gets lists of their own, then another one."""

    def __init__(self, shop: Shop, reading: float = 0.0) -> None:
        """Tell of *shop*; who is followed takes *reading* seconds over each answer, so that a person can follow."""
        self.shopper: str | None = None
        self.deeds: deque[Deed] = deque(maxlen=DEEDS)
        """What the shopper did, newest last."""
        self.newest: Recommendations | None = None
        self._decision: Decision | None = None
        self._before: dict[str, int] = {}
        self._shop = shop
        self._reading = reading
        self._busy_until = 0.0

    @property
    def known(self) -> bool:
        """Whether the shopper is one of the shop's, and not from outside."""
        return self.shopper in self._shop.shoppers

    def reads(self, now: float) -> str | None:
        """Return the shopper who is followed while the last answer is being read."""
        return self.shopper if now < self._busy_until else None

    def acted(self, emission: Emission, now: float) -> None:
        """Take an act of anybody."""
        if emission.key != self.shopper:
            newcomer = isinstance(emission.record, Request) and self._shop.shoppers[emission.key].group == "personal"
            if not newcomer or self._shop.is_present(self.shopper) or (self.shopper and not self.known):
                return
            self._begin(emission.key)
        text = self._deed(emission.record)
        if text:
            self.deeds.append(Deed(text, milliseconds(emission.at), now, answered=not owes_list(emission.record)))
            self._busy_until = now + self._reading

    def received(self, record: Recommendations | Copy, now: float) -> None:
        """Take a list or a copy of anybody that was handed to the shop."""
        if record.shopper != self.shopper or not isinstance(record, Recommendations):
            return
        newest = self._shop.lists.get(record.shopper)
        if newest is not record or newest is self.newest:
            return
        before = self.newest
        self._before = {slot.item: place for place, slot in enumerate(before.slots)} if before else {}
        self.newest = newest
        if not self.known:
            self.deeds.append(Deed(f"event {record.revision}, from outside", 0, now, answered=False))
        change = self._change(before, newest)
        for deed in self.deeds:
            if not deed.answered and deed.at <= milliseconds(record.at):
                deed.answered = True
                deed.seconds = now - deed.since if self.known else None
                deed.change = change
                self._busy_until = now + self._reading

    def explained(self, decision: Decision) -> None:
        """Take what a list of anybody was made from; it may come before its list."""
        if decision.shopper == self.shopper:
            self._decision = decision

    def follow_next(self, visitors: Iterable[str]) -> None:
        """Follow another shopper who is there and gets lists of their own, or one of *visitors*, from outside."""
        there = [name for name in self._shop.present() if self._shop.shoppers[name].group == "personal"]
        names = [*sorted(there), *visitors]
        if not names:
            return
        self._begin(names[(names.index(self.shopper) + 1) % len(names)] if self.shopper in names else names[0])
        self.newest = self._shop.lists.get(self.shopper or "")

    def rows(self) -> list[Row]:
        """Return the newest list, best slot first."""
        if self.newest is None:
            return []
        made = self._decision
        known = made is not None and made.recommendation_id == self.newest.recommendation_id
        parts = parts_of(made) if made is not None and known else {}
        return [self._row(place, slot, parts.get(slot.item, ())) for place, slot in enumerate(self.newest.slots)]

    def copies(self) -> list[tuple[str, Copy]]:
        """Return title and words for each item of the newest list that has words of the same revision."""
        if self.newest is None:
            return []
        known = self._shop.copies.get(self.newest.shopper, {})
        found = [known[slot.item] for slot in self.newest.slots if slot.item in known]
        return [(self._title(it.item), it) for it in found if it.revision == self.newest.revision]

    @property
    def language(self) -> str:
        """What the shopper reads."""
        shopper = self._shop.shoppers.get(self.shopper or "")
        return shopper.taste.language if shopper is not None else "en"

    def _begin(self, shopper: str) -> None:
        self.shopper, self.newest, self._before, self._decision = shopper, None, {}, None
        self._busy_until = 0.0
        self.deeds.clear()

    def _row(self, place: int, slot: Slot, parts: tuple[Part, ...]) -> Row:
        title, article = self._title(slot.item), self._shop.article(slot.item)
        return Row(
            title,
            title.removeprefix(f"{article.facts.brand} ") if article is not None else title,
            localized(slot.reason.text, "en"),
            slot.source,
            self._before[slot.item] - place if slot.item in self._before else None if self._before else 0,
            parts,
        )

    def _change(self, before: Recommendations | None, after: Recommendations) -> str:
        if before is None:
            return "the first list"
        new = sum(slot.item not in self._before for slot in after.slots)
        moved = sum(self._before.get(slot.item, place) != place for place, slot in enumerate(after.slots))
        return ", ".join(f"{count} {what}" for count, what in ((new, "new"), (moved, "moved")) if count) or "as before"

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
