"""What may be listed: the cards and vectors of all items, and orders among them.

Everything here is a function of the newest card and vector of each item, whatever order they came in, but for the
count of changes.  One thread writes; others read what `look` returns, and cards by `dict.get`.
"""

import math
from typing import NamedTuple

from agents.processor import moment
from agents.shoppers.lexicon import Lexicon
from agents.shoppers.policies import NONE, Policies, PolicyTable
from agents.shoppers.ranking import Ranking
from agents.shoppers.vectors import Table, VectorTable
from schemas.cards import HEAT_HALF_LIFE, ItemCard, ItemVector
from schemas.policies import Policy

NEW = 5
"""Interactions below which an item counts as hardly seen."""
_EPOCH = moment(0)


class Look(NamedTuple):
    """The shelf at one moment; the orders are those of now whenever they are read."""

    version: int
    """Changes of items so far."""
    cards: dict[str, ItemCard]
    vectors: Table
    trending: Ranking
    fresh: Ranking
    categories: dict[str, Ranking]
    lexicon: Lexicon
    catalogued: bool
    """Whether there is a catalogue; without one, items that events name may be listed."""
    known: int
    """Items in the catalogue; without one, all that events named."""
    hottest: float
    """The greatest heat, as of `heat_at`."""
    heat_at: float
    """Half-lives since 1970: the time that heats are compared at."""
    policies: Policies = NONE

    def heat(self, card: ItemCard) -> float:
        """Return the heat of an item as of the time that all are compared at."""
        return card.heat * math.exp2(min(0.0, _half_lives(card) - self.heat_at))

    def offered(self, item: str) -> ItemCard | None:
        """Return the card of *item* if it can be had, None otherwise."""
        card = self.cards.get(item)
        if card is None:
            return None
        facts = card.facts  # as in `is_offered`, which a list asks of hundreds
        if facts is None:
            return None if self.catalogued else card
        return card if facts.stock is None or facts.stock > 0 else None


def is_offered(card: ItemCard, *, catalogued: bool) -> bool:
    """Return whether the item can be had: it is in the catalogue and in stock."""
    if card.facts is None:
        return not catalogued
    return card.facts.stock is None or card.facts.stock > 0


def seen(card: ItemCard) -> int:
    """Return how many interactions the item had."""
    return card.views + card.clicks + card.carts + card.purchases


class Shelf:
    """Holds the views of items, and the policies about them."""

    def __init__(self, model: str, size: int) -> None:
        """Take vectors of this *model* version and *size* only."""
        self._model = model
        self._version = 0
        self._known = 0
        self._newest = -math.inf
        self._cards: dict[str, ItemCard] = {}
        self._vectors = VectorTable(size)
        self._trending, self._fresh = Ranking(), Ranking()
        self._categories: dict[str, Ranking] = {}
        self._strangers = Ranking()
        """By heat, the items that the catalogue does not have."""
        self._lexicon = Lexicon()
        self._policies = PolicyTable()

    def put_card(self, item: str, card: ItemCard | None) -> None:
        """Apply a record of the topic of cards."""
        self._version += 1
        old = self._cards.get(item)
        if old is not None:
            self._take_out(item, old, card)
        if card is None:
            self._cards.pop(item, None)
            self._lexicon.drop(item)
            self._vectors.set_open(item, is_open=False)
            return
        self._cards[item] = card
        self._newest = max(self._newest, _half_lives(card))
        key = math.log2(card.heat) + _half_lives(card) if card.heat > 0 else -math.inf
        if card.facts is None:
            self._strangers.put(item, key)
            self._lexicon.drop(item)
            self._vectors.set_open(item, is_open=False)
            return
        if old is None or old.facts is None:
            self._known += 1
        if old is None or old.facts != card.facts:
            self._lexicon.put(item, card.facts)
        is_open = is_offered(card, catalogued=True)
        self._vectors.set_open(item, is_open=is_open)
        if is_open:
            if card.heat > 0:
                self._trending.put(item, key)
            if seen(card) < NEW:
                self._fresh.put(item, card.facts.at.timestamp())
            self._categories.setdefault(card.facts.category, Ranking()).put(item, key)

    def put_vector(self, key: str, vector: ItemVector | None) -> None:
        """Apply a record of the topic of vectors; those of other models are passed over."""
        item, _, model = key.partition("\n")
        if model != self._model:
            return
        self._version += 1
        if vector is None:
            self._vectors.drop(item)
            return
        card = self._cards.get(item)
        self._vectors.put(item, vector.vector, is_open=card is not None and is_offered(card, catalogued=True))

    def put_policy(self, key: str, policy: Policy | None) -> None:
        """Apply a record of the topic of policies."""
        self._policies.put(key, policy)

    def look(self) -> Look:
        """Return what there is now."""
        trending = self._trending if self._known else self._strangers
        hottest, heat_at = 0.0, self._newest if self._cards else 0.0
        for item in trending.top(1):
            card = self._cards[item]
            hottest = card.heat * math.exp2(_half_lives(card) - heat_at)
        return Look(
            version=self._version,
            cards=self._cards,
            vectors=self._vectors.table(),
            trending=trending,
            fresh=self._fresh,
            categories=self._categories,
            lexicon=self._lexicon,
            catalogued=self._known > 0,
            known=self._known or len(self._cards),
            hottest=hottest,
            heat_at=heat_at,
            policies=self._policies.table(),
        )

    def _take_out(self, item: str, old: ItemCard, new: ItemCard | None) -> None:
        """Take *item* out of the orders that its *new* card does not belong to."""
        was, now = old.facts, new.facts if new is not None else None
        if was is None:
            if new is None or now is not None:
                self._strangers.drop(item)
            return
        if now is None:
            self._known -= 1
        stays = new is not None and now is not None and is_offered(new, catalogued=True)
        if not stays or now is None or now.category != was.category:
            ranking = self._categories.get(was.category)
            if ranking is not None:
                ranking.drop(item)
        if not stays or new is None or not new.heat > 0:
            self._trending.drop(item)
        if not stays or new is None or seen(new) >= NEW:
            self._fresh.drop(item)


def _half_lives(card: ItemCard) -> float:
    return (card.at - _EPOCH) / HEAT_HALF_LIFE
