"""Events into the state of an item.  Nothing here fails for an event that could be decoded."""

from datetime import timedelta

import msgspec

from agents.items.state import Item, Opinions, Place
from agents.processor import Life, Origin, moment
from schemas.cards import HEAT_HALF_LIFE
from schemas.catalog import CatalogItem
from schemas.pairs import Pair
from schemas.sentiments import Aspect, Feedback

_MILLISECOND = timedelta(milliseconds=1)

HEAT_HALF_LIFE_MS = HEAT_HALF_LIFE // _MILLISECOND

NEIGHBOUR_HALF_LIFE_MS = timedelta(days=7) // _MILLISECOND
"""After this time a meeting of two items counts half."""

AFTER, BEFORE = 1.0, 0.5
"""What an item counts as a neighbour of one that was touched before it, and of one after it: lists are of what comes next."""

HEAT = {"view": 1, "click": 1, "add_to_cart": 3, "purchase": 6}
"""Warmth of an interaction."""

CLEAR = 0.25
"""A polarity nearer to zero is neither praise nor complaint."""


GONE = timedelta(days=90) // _MILLISECOND
"""An item that is not in the catalogue and of which nothing was heard for so long begins anew."""

LATE = timedelta(days=28) // _MILLISECOND
"""How much later than others' an event may be read and still find the item that it belongs to."""


def life(state: Item) -> Life:
    """Return how long *state* is of use."""
    return Life(state.at, state.at + GONE + LATE if state.facts is None else None)


def begin_anew(state: Item, at: int) -> None:
    """Forget what is known of the item if it was gone for too long at *at*; its place in the logs stays."""
    if state.facts is None and at > state.at + GONE and state.at:
        fresh = Item(state.offsets, state.revision, state.recent, item=state.item, at=state.at)
        for name in fresh.__struct_fields__:
            setattr(state, name, getattr(fresh, name))


def write(state: Item, facts: CatalogItem | None, at: int, origin: Origin) -> bool:
    """Take *facts*, or for None take them away, unless newer ones are known; return whether it was done.

    Counts and reviews stay.  At equal times the later place in the log holds.
    """
    if facts is not None:
        state.item = facts.item
    state.at = max(state.at, at)
    place = Place(at, origin.offset, origin.partition)
    if state.written is not None and place < state.written:
        return False
    state.written = place
    # The time is kept as it will be read back, else a card made after a restart would have other bytes.
    state.facts = None if facts is None else msgspec.structs.replace(facts, at=moment(at))
    return True


def touch(state: Item, pair: Pair, at: int) -> None:
    """Count an interaction with the item or with one of its neighbours."""
    state.item = pair.item
    state.at = max(state.at, at)
    kind = pair.kind
    if kind is not None:
        if kind == "view":
            state.views += 1
        elif kind == "click":
            state.clicks += 1
        elif kind == "add_to_cart":
            state.carts += 1
        else:
            state.purchases += 1
        state.heat.add(at, HEAT_HALF_LIFE_MS, HEAT[kind])
    if pair.others:
        state.neighbours.add(pair.others, at, NEIGHBOUR_HALF_LIFE_MS, AFTER if kind is None else BEFORE)


def hear(state: Item, feedback: Feedback, at: int) -> None:
    """Count a review."""
    state.item = feedback.item
    state.at = max(state.at, at)
    state.reviews += 1
    state.polarity += round(feedback.polarity * 10_000)
    for aspect in feedback.aspects:
        _hear_aspect(state.aspects.setdefault(aspect.name, Opinions()), aspect, feedback.review_id, at)


def _hear_aspect(opinions: Opinions, aspect: Aspect, review: str, at: int) -> None:
    if aspect.polarity <= -CLEAR:
        opinions.negative += 1
    elif aspect.polarity >= CLEAR:
        opinions.positive += 1
        if (at, review) >= (opinions.said, opinions.review):
            opinions.quote, opinions.said, opinions.review = aspect.quote, at, review
