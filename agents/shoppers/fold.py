"""An event becomes part of a profile; an interaction also tells its item which others were seen beside it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal, cast

from agents.processor import Effects, Origin, Outcome, Output, event_time, fact_id, moment
from agents.shoppers.asks import owed_by
from agents.shoppers.expiry import LIFETIME, forget, limit, moves
from agents.shoppers.merging import belongs_to, follow, follow_opinion, hand_over, take_over
from agents.shoppers.profile import (
    BOUGHT,
    KINDS,
    OPINIONS,
    PURCHASE,
    QUERIES,
    SHOWINGS,
    SHOWN_ITEMS,
    TOUCHES,
    Opined,
    Profile,
    Searched,
    Shown,
    Touched,
    insert,
    is_merged,
    keep,
    order,
    speak,
    thousandths,
)
from agents.shoppers.responses import responses
from agents.steps import KIND_OF, items_of_lines
from agents.topics import PAIRS
from schemas.clicks import AddToCart, Basket, Click, CopyShown, ListShown, Order, Purchase, View
from schemas.identifies import Identify, Merge
from schemas.pairs import Pair
from schemas.requests import Request
from schemas.searches import Search
from schemas.sentiments import Sentiment

SESSION = timedelta(hours=1) // timedelta(milliseconds=1)
"""How long two items count as seen in one go; an event that is more than this behind the newest one is late."""
BESIDE = 5
"""Other items that an interaction is paired with, at most."""
QUERY_LENGTH = 200
"""Characters of a query that are remembered."""

Facts = tuple[Output, ...]


def fold(profile: Profile, event: Any, origin: Origin, lifetime: int = LIFETIME) -> Effects:
    """Change *profile*, which remembers for *lifetime* milliseconds, by *event*; return the facts and the lists that it leads to."""
    at, cut = event_time(event.at, origin)
    at, before = max(0, at), profile.newest
    late = at < before - SESSION
    if at > before:
        profile.newest = at
    facts, outcome = _FOLDS[type(event)](profile, event, at, origin)
    if moves(before, profile.newest) or type(event) is Merge or (late and at < limit(before, lifetime)):
        forget(profile, before, lifetime)
    if outcome == "folded" and (cut or late):
        outcome = "clamped" if cut else "late"
    return Effects(facts, owed_by(event), outcome)


def _interaction(
    profile: Profile, event: View | Click | AddToCart | Purchase, at: int, origin: Origin
) -> tuple[Facts, Outcome]:
    speak(profile, at, event.language)
    facts = _touch(profile, event.shopper, Touched(at, order(origin), event.item, KIND_OF[type(event)]), origin)
    if event.recommendation_id is not None or event.copy_id is not None:
        facts = (*facts, *responses(event, at, origin))
    return facts, "folded"


def _lines(profile: Profile, event: Basket | Order, at: int, origin: Origin) -> tuple[Facts, Outcome]:
    """Fold each item once."""
    speak(profile, at, event.language)
    kind, place = KIND_OF[type(event)], order(origin)
    facts: list[Output] = []
    for number, item in enumerate(items_of_lines(event)):
        facts += _touch(profile, event.shopper, Touched(at, place, item, kind), origin, number)
    return (*facts, *responses(event, at, origin)), "folded"


def _touch(profile: Profile, shopper: str, touch: Touched, origin: Origin, number: int = 0) -> Facts:
    """Add the touch to the profile, or send it after the shopper whom it belongs to; *number*: of several in one event."""
    facts = _pairs(profile, touch, origin, number * (1 + BESIDE))
    owner = belongs_to(profile, touch.at)
    if owner is not None:
        return (*facts, follow(owner, shopper, touch, origin))
    insert(profile.touches, touch, TOUCHES)
    if touch.kind == PURCHASE:
        keep(profile.bought, touch.item, touch.at, BOUGHT)
    return facts


def _pairs(profile: Profile, touch: Touched, origin: Origin, start: int) -> Facts:
    """Return a fact for the item and one for each of the others, numbered from *start* on.

    What came by a merge is left out, so that the facts of a topic do not depend on another topic.
    """
    others = _beside(profile.touches, touch)
    at = moment(touch.at)
    item, kind = touch.item, cast("Literal['view', 'click', 'add_to_cart', 'purchase']", KINDS[touch.kind])
    first = Pair(item=item, at=at, kind=kind, others=others)
    if not others:
        return (Output(PAIRS, item, first, fact_id(origin, "pair", start), at),)
    back = (item,)
    return (
        Output(PAIRS, item, first, fact_id(origin, "pair", start), at),
        *[
            Output(PAIRS, other, Pair(item=other, at=at, others=back), fact_id(origin, "pair", n), at)
            for n, other in enumerate(others, start + 1)
        ],
    )


def _beside(touches: list[Touched], touch: Touched) -> tuple[str, ...]:
    """Return the distinct items touched in the same session before *touch*, the nearest first.

    None if the touch before it was with the same item and at least as eager: a page that is loaded again is no news.
    """
    others: list[str] = []
    begin, item, first = touch.at - SESSION, touch.item, True
    for earlier in reversed(touches):
        if earlier.at < begin:
            break
        if earlier > touch or is_merged(earlier):
            continue
        if earlier.item == item:
            if first and earlier.kind >= touch.kind:
                break
        elif earlier.item not in others:
            others.append(earlier.item)
            if len(others) == BESIDE:
                break
        first = False
    return tuple(others)


def _list_shown(profile: Profile, event: ListShown, at: int, origin: Origin) -> tuple[Facts, Outcome]:
    speak(profile, at, event.language)
    if not event.items:
        return (), "empty"
    insert(profile.shown, Shown(at, order(origin), event.items[:SHOWN_ITEMS]), SHOWINGS)
    return responses(event, at, origin), "folded"


def _copy_shown(profile: Profile, event: CopyShown, at: int, origin: Origin) -> tuple[Facts, Outcome]:
    speak(profile, at, event.language)
    return responses(event, at, origin), "folded"


def _language_only(profile: Profile, event: Request, at: int, origin: Origin) -> tuple[Facts, Outcome]:
    del origin
    speak(profile, at, event.language)
    return (), "folded"


def _search(profile: Profile, event: Search, at: int, origin: Origin) -> tuple[Facts, Outcome]:
    speak(profile, at, event.language)
    text = " ".join(event.query[: 2 * QUERY_LENGTH].split())[:QUERY_LENGTH]
    if not text:
        return (), "empty"
    query = Searched(at, order(origin), text)
    shopper = belongs_to(profile, at)
    if shopper is not None:
        return (follow(shopper, event.shopper, query, origin),), "folded"
    insert(profile.queries, query, QUERIES)
    return (), "folded"


def _sentiment(profile: Profile, event: Sentiment, at: int, origin: Origin) -> tuple[Facts, Outcome]:
    aspects = tuple(sorted((aspect.name, thousandths(aspect.polarity)) for aspect in event.aspects))
    opinion = Opined(at, thousandths(event.polarity), aspects)
    shopper = belongs_to(profile, at)
    if shopper is not None:
        return (follow_opinion(shopper, event.shopper, event.item, opinion, origin),), "folded"
    keep(profile.opinions, event.item, opinion, OPINIONS)
    return (), "folded"


def _identify(profile: Profile, event: Identify, at: int, origin: Origin) -> tuple[Facts, Outcome]:
    facts = hand_over(profile, event, at, origin)
    return facts, "merged" if facts else "empty"


def _merge(profile: Profile, event: Merge, at: int, origin: Origin) -> tuple[Facts, Outcome]:
    take_over(profile, event, at, origin)
    return (), "merged"


_FOLDS: dict[type, Callable[[Profile, Any, int, Origin], tuple[Facts, Outcome]]] = {
    **dict.fromkeys(KIND_OF, _interaction),
    **dict.fromkeys((Basket, Order), _lines),
    ListShown: _list_shown,
    CopyShown: _copy_shown,
    Request: _language_only,
    Search: _search,
    Sentiment: _sentiment,
    Identify: _identify,
    Merge: _merge,
}
