"""What merchants' policies do to lists: which hold for a list, what they match, and what comes of that.

They apply in the order of their ids, whatever order their records came in.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from agents.processor import moment
from schemas.cards import ItemCard
from schemas.policies import Boost, Cap, Hide, Only, Pin, Policy, Terms
from schemas.recommendations import KeptOut

_Kind = TypeVar("_Kind", bound=Terms)


class Rule(NamedTuple, Generic[_Kind]):
    """A policy, ready to be asked about many items."""

    id: str
    """The key of its record: a tombstone names it so."""
    policy: _Kind
    items: frozenset[str]
    categories: frozenset[str]
    brands: frozenset[str]
    of_facts: bool
    """Whether a condition looks at what the catalogue says."""

    def holds(self, placement: str, at: datetime) -> bool:
        """Tell whether it is for lists of this placement and time."""
        it = self.policy
        return (
            (not it.placements or placement in it.placements)
            and (it.starts is None or it.starts <= at)
            and (it.ends is None or at < it.ends)
        )

    def matches(self, item: str, card: ItemCard) -> bool:
        """Tell whether the item meets every condition."""
        if self.items and item not in self.items:
            return False
        if not self.of_facts:
            return True
        it, facts = self.policy, card.facts
        return (
            facts is not None
            and (not self.categories or facts.category in self.categories)
            and (not self.brands or facts.brand in self.brands)
            and (it.price_from is None or (facts.price is not None and facts.price >= it.price_from))
            and (it.price_to is None or (facts.price is not None and facts.price <= it.price_to))
            and (it.stock_below is None or (facts.stock is not None and facts.stock < it.stock_below))
        )


class Pinned(NamedTuple):
    """An item that a pin has put into a slot."""

    item: str
    card: ItemCard


class Ranked(Protocol):
    """A candidate as far as a cap looks at it."""

    @property
    def item(self) -> str:
        """Its id."""

    @property
    def card(self) -> ItemCard:
        """What is known of it."""


_Ranked = TypeVar("_Ranked", bound=Ranked)


class Policies(NamedTuple):
    """Rules by what they do, each kind in the order of the ids."""

    hides: tuple[Rule[Hide], ...] = ()
    onlys: tuple[Rule[Only], ...] = ()
    boosts: tuple[Rule[Boost], ...] = ()
    pins: tuple[Rule[Pin], ...] = ()
    caps: tuple[Rule[Cap], ...] = ()

    @property
    def narrow(self) -> bool:
        """Whether items may be kept out for what they are."""
        return bool(self.hides or self.onlys)

    def for_list(self, placement: str, at: int) -> "Policies":
        """Return those that hold for a list of this placement; *at*: its event time, in milliseconds since 1970."""
        if not any(self):
            return NONE
        when = moment(at)
        return Policies(
            hides=_holding(self.hides, placement, when),
            onlys=_holding(self.onlys, placement, when),
            boosts=_holding(self.boosts, placement, when),
            pins=_holding(self.pins, placement, when),
            caps=_holding(self.caps, placement, when),
        )

    def keeps_out(self, item: str, card: ItemCard) -> KeptOut | None:
        """Return which policy does not let the item into the list at all; None: it may be listed."""
        for hide in self.hides:
            if hide.matches(item, card):
                return KeptOut(item=item, policy=hide.id, kind="hide")
        for only in self.onlys:
            if not only.matches(item, card):
                return KeptOut(item=item, policy=only.id, kind="only")
        return None

    def boost(self, item: str, card: ItemCard) -> float:
        """Return what is added to the score of the item."""
        return sum(rule.policy.points for rule in self.boosts if rule.matches(item, card))

    def pinned(self, limit: int, listable: Callable[[str], ItemCard | None]) -> dict[int, Pinned]:
        """Return slot to item, for a list of *limit* slots; *listable* gives the card of an item that may be listed."""
        found: dict[int, Pinned] = {}
        taken: set[str] = set()
        room = _Room(self.caps)
        for rule in self.pins:
            slot = next((slot for slot in range(rule.policy.slot, limit) if slot not in found), None)
            if slot is None:
                continue
            for item in rule.policy.items:
                card = listable(item) if item not in taken else None
                if card is not None and rule.matches(item, card) and room.full(item, card) is None:
                    room.take(item, card)
                    taken.add(item)
                    found[slot] = Pinned(item, card)
                    break
        return found

    def cap(self, ranked: Sequence[_Ranked], pinned: Collection[str]) -> tuple[Sequence[_Ranked], list[KeptOut]]:
        """Return those of *ranked*, best first, that caps leave: what is *pinned*, and then the best; and the others.

        Any list that is made of them keeps every cap.
        """
        if not self.caps:
            return ranked, []
        room = _Room(self.caps)
        for one in ranked:
            if one.item in pinned:
                room.take(one.item, one.card)
        kept: list[_Ranked] = []
        over: list[KeptOut] = []
        for one in ranked:
            if one.item not in pinned:
                cap = room.full(one.item, one.card)
                if cap is not None:
                    over.append(KeptOut(item=one.item, policy=cap, kind="cap"))
                    continue
                room.take(one.item, one.card)
            kept.append(one)
        return kept, over


NONE: Final = Policies()


def _holding(rules: tuple[Rule[_Kind], ...], placement: str, at: datetime) -> tuple[Rule[_Kind], ...]:
    return tuple(rule for rule in rules if rule.holds(placement, at))


class _Room:
    """How many more items caps let into a list."""

    def __init__(self, caps: Sequence[Rule[Cap]]) -> None:
        self._caps = caps
        self._left = [rule.policy.most for rule in caps]

    def full(self, item: str, card: ItemCard) -> str | None:
        """Return the id of a cap that leaves no room for the item."""
        for rule, left in zip(self._caps, self._left, strict=True):
            if left <= 0 and rule.matches(item, card):
                return rule.id
        return None

    def take(self, item: str, card: ItemCard) -> None:
        """Let the item in."""
        for place, rule in enumerate(self._caps):
            if rule.matches(item, card):
                self._left[place] -= 1


class PolicyTable:
    """The policies that there are; one thread writes."""

    def __init__(self) -> None:
        self._policies: dict[str, Policy] = {}
        self._ready: Policies | None = NONE

    def put(self, key: str, policy: Policy | None) -> None:
        """Apply a record of the topic of policies."""
        if policy is None:
            self._policies.pop(key, None)
        else:
            self._policies[key] = policy
        self._ready = None

    def table(self) -> Policies:
        """Return the policies of now; made anew only after a change."""
        if self._ready is None:
            self._ready = _ready(sorted(self._policies.items()))
        return self._ready


def _ready(policies: Sequence[tuple[str, Policy]]) -> Policies:
    return Policies(
        hides=_rules(Hide, policies),
        onlys=_rules(Only, policies),
        boosts=_rules(Boost, policies),
        pins=_rules(Pin, policies),
        caps=_rules(Cap, policies),
    )


def _rules(kind: type[_Kind], policies: Sequence[tuple[str, Policy]]) -> tuple[Rule[_Kind], ...]:
    return tuple(
        Rule(
            id=key,
            policy=it,
            items=frozenset(it.items),
            categories=frozenset(it.categories),
            brands=frozenset(it.brands),
            of_facts=bool(it.categories or it.brands) or (it.price_from, it.price_to, it.stock_below) != (None,) * 3,
        )
        for key, it in policies
        if isinstance(it, kind)
    )
