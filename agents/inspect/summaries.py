"""What a record says, in one line."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from agents.dialects.heard import Ignored
from agents.headers import DEAD_LETTER, REKEY
from agents.inspect.contributions import contributions, weights_of
from agents.inspect.safe import safe, shortened, shown
from agents.intake import Admitted, Intake
from agents.processor import Input
from agents.replay.log import LogRecord
from agents.topics import BY_NAME
from schemas.cards import ItemCard, ItemVector
from schemas.catalog import CatalogEntry, CatalogItem
from schemas.clicks import AddToCart, CopyShown, Interaction, Lines, ListShown, Purchase
from schemas.copy import Copy
from schemas.dead_letters import Handled
from schemas.identifies import Identify, Merge
from schemas.outcomes import Outcome
from schemas.pairs import Pair
from schemas.policies import Boost, Cap, Pin, Terms
from schemas.recommendations import Decision, Recommendations
from schemas.requests import Request
from schemas.reviews import Review
from schemas.searches import Search
from schemas.sentiments import Feedback, Sentiment

LONG = 200
"""Characters of a text that somebody wrote."""
ITEMS = 10
"""Items of a list that are named."""
PARTS = 3
"""Contributions that are named of a score."""
CHOSEN = 3
"""Items of a decision that are looked into."""
_ID = 8
"""Characters by which an id can be told from others."""
_MINUTES = "%Y-%m-%d %H:%M%z"

_intakes = {name: Intake(Input(topic)) for name, topic in BY_NAME.items() if topic.record is not None}


def summary(topic: str, record: LogRecord) -> str:
    """Return one line about *record* of *topic* (its name without prefix); whatever it holds, it is fit for a terminal."""
    if topic.startswith("dlq."):
        return _dead_letter(record)
    if topic.startswith("rekey."):
        return _rekeyed(record)
    if record.value is None:
        return "(tombstone)"
    intake = _intakes.get(topic)
    if intake is None:
        return shown(record.value, LONG)
    return _read(intake, record)


def _read(intake: Intake, record: LogRecord) -> str:
    """Return what a record says in our words or in another vocabulary, or why it can't be read."""
    read = intake.read(record.value, record.headers)
    if isinstance(read, Admitted):
        return safe(words(read.event))
    if isinstance(read, Ignored):
        return safe(f"{read.name}, which means nothing here")
    at = f" at {read.field}" if read.field else ""
    return f"({shortened(safe(read.message + at), LONG)}) {shown(record.value)}"


def words(event: Any) -> str:
    """Return what a decoded record says; the text may hold anything that the record does."""
    for kind, say in _SAYINGS.items():
        if isinstance(event, kind):
            return say(event)
    return shown(msgspec.json.encode(event), LONG)


def localized(text: Mapping[Any, str]) -> str:
    """Return a text in English, or else in any language that it has."""
    return text.get("en") or next(iter(text.values()), "")


def _interaction(it: Interaction) -> str:
    parts = [_kind(it), it.item]
    if isinstance(it, AddToCart | Purchase):
        parts += [f"x{it.quantity}"] if it.quantity > 1 else []
        parts += [f"at {it.price:g}"] if it.price is not None else []
    if it.recommendation_id:
        parts.append(f"from list {it.recommendation_id[:_ID]}")
        parts += [f"place {it.position + 1}"] if it.position is not None else []
    if it.copy_id:
        parts.append(f"after copy {it.copy_id[:_ID]}")
    return " ".join(parts)


def _list_shown(it: ListShown) -> str:
    of = f" of list {it.recommendation_id[:_ID]}" if it.recommendation_id else ""
    return f"list_shown {it.placement}{of}: {_names(it.items)}"


def _lines(it: Lines) -> str:
    named = (f"{line.item} x{line.quantity}" if line.quantity > 1 else line.item for line in it.lines)
    return f"{_kind(it)} {_names(named)}"


def _outcome(it: Outcome) -> str:
    of = f" of list {it.recommendation_id[:_ID]}" if it.recommendation_id else ""
    of += f" of copy {it.copy_id[:_ID]}" if it.copy_id else ""
    slot = "" if it.slot is None else f", slot {it.slot + 1}"
    why = "" if it.source is None else f", brought by {it.source}"
    missing = f", nobody knows the {' and the '.join(it.missing)}" if it.missing else ""
    return f"{it.kind} {it.item or ''}".rstrip() + of + slot + why + missing


def _handled(it: Handled) -> str:
    by = f" by {it.by}" if it.by else ""
    return f"{it.action}{by}: {it.letter}, from {it.topic}/{it.partition}/{it.offset}"


def _copy_shown(it: CopyShown) -> str:
    return f"copy_shown {it.item} copy {it.copy_id[:_ID]}"


def _search(it: Search) -> str:
    return f"searched for “{shortened(it.query, LONG)}”" if it.query else "searched for nothing"


def _request(it: Request) -> str:
    among = f" among {_names(it.candidates)}" if it.candidates else ""
    return f"asks for {it.limit} items for {it.placement}{among}" + (
        f", request {it.request_id}" if it.request_id else ""
    )


def _identify(it: Identify) -> str:
    return f"{it.anonymous} is {it.shopper}"


def _merge(it: Merge) -> str:
    return (
        f"{it.anonymous} hands to {it.shopper}: {len(it.touches)} touches, {len(it.queries)} searches, "
        f"{len(it.opinions)} opinions"
    )


def _review(it: Review) -> str:
    stars = f"{it.stars:g} stars " if it.stars is not None else ""
    title = f"{it.title}: " if it.title else ""
    return f"{stars}for {it.item} “{shortened(title + it.text, LONG)}”"


def _catalog(it: CatalogEntry | CatalogItem) -> str:
    stock = "" if it.stock is None else f", {it.stock} in stock"
    price = "" if it.price is None else f", {it.price:g} {it.currency}"
    return f"{localized(it.title) or 'no title'}{price}{stock}" + (f", category {it.category}" if it.category else "")


def _policy(it: Terms) -> str:
    does = _kind(it)
    if isinstance(it, Boost):
        does += f" by {it.points:+g}"
    elif isinstance(it, Pin):
        does += f" at place {it.slot + 1}"
    elif isinstance(it, Cap):
        does += f" at {it.most}"
    named = (("items", it.items), ("categories", it.categories), ("brands", it.brands))
    terms = [f"{name} {_names(which)}" for name, which in named if which]
    terms += [f"price from {it.price_from:g}"] if it.price_from is not None else []
    terms += [f"price to {it.price_to:g}"] if it.price_to is not None else []
    terms += [f"stock below {it.stock_below}"] if it.stock_below is not None else []
    when = f" in {_names(it.placements)}" if it.placements else ""
    when += f" from {it.starts:{_MINUTES}}" if it.starts is not None else ""
    when += f" until {it.ends:{_MINUTES}}" if it.ends is not None else ""
    return f"{does}: {', '.join(terms) or 'any item'}{when}"


def _judged(it: Sentiment | Feedback) -> str:
    aspects = "".join(
        f"; {aspect.name} {aspect.polarity:+.2f} “{shortened(aspect.quote, 60)}”" for aspect in it.aspects
    )
    return f"{it.polarity:+.2f} {it.label} ({it.probability:.0%}) about {it.item}{aspects}"


def _pair(it: Pair) -> str:
    beside = f"beside {_names(it.others)}" if it.others else ""
    return " ".join(filter(None, (it.kind, it.item, beside)))


def _card(it: ItemCard) -> str:
    title = localized(it.facts.title) if it.facts is not None else "not in the catalogue"
    stock = f", {it.facts.stock} in stock" if it.facts is not None and it.facts.stock is not None else ""
    counts = f"{it.views} views, {it.clicks} clicks, {it.carts} in carts, {it.purchases} bought"
    reviews = f", {it.reviews} reviews {it.polarity:+.2f}" if it.reviews else ""
    return f"revision {it.revision} {title}{stock}: {counts}, heat {it.heat:.2f}{reviews}"


def _vector(it: ItemVector) -> str:
    return f"{len(it.vector) // 2} numbers by {it.model}"


def _recommendations(it: Recommendations) -> str:
    items = ", ".join(f"{place} {slot.item} ({slot.reason.code})" for place, slot in enumerate(it.slots[:ITEMS], 1))
    more = f" and {len(it.slots) - ITEMS} more" if len(it.slots) > ITEMS else ""
    return f"{it.placement} {it.epoch}/{it.revision}: {items or 'an empty list'}{more}"


def _copy(it: Copy) -> str:
    return f"{it.placement} {it.epoch}/{it.revision} {it.item}: “{localized(it.text)}”"


def _decision(it: Decision) -> str:
    weights = weights_of(it) or {}
    chosen = sorted((one for one in it.candidates if one.slot is not None), key=lambda one: one.slot or 0)
    told = []
    for one in chosen[:CHOSEN]:
        parts = contributions(one.features, weights)[:PARTS]
        why = ", ".join(f"{part.feature} {part.points:+.2f}" for part in parts)
        told.append(f"{(one.slot or 0) + 1} {one.item} {one.score:.2f} = {why or 'nothing'}")
    return f"{it.placement} {it.epoch}/{it.revision} from {len(it.candidates)}: {'; '.join(told) or 'nothing chosen'}"


def _dead_letter(record: LogRecord) -> str:
    given = {name.removeprefix(DEAD_LETTER): value for name, value in record.headers if name.startswith(DEAD_LETTER)}
    reason, field, message = (shown(given.get(name), LONG) for name in ("reason", "field", "message"))
    place = "/".join(shown(given.get(name)) for name in ("topic", "partition", "offset"))
    at = f" at {field}" if field else ""
    return f"{reason or 'no reason given'}{at}: {message}; from {place}: {shown(record.value) or '(no value)'}"


def _rekeyed(record: LogRecord) -> str:
    given = {name.removeprefix(REKEY): value for name, value in record.headers if name.startswith(REKEY)}
    topic = shown(given.get("topic"))
    place = "/".join(shown(given.get(name)) for name in ("topic", "partition", "offset"))
    said = shown(record.value, LONG) if topic not in _intakes else summary(topic, record)
    return f"from {place}: {said}"


def _kind(event: Any) -> str:
    return str(event.__struct_config__.tag)


def _names(items: Iterable[str]) -> str:
    names = list(items)
    more = f" and {len(names) - ITEMS} more" if len(names) > ITEMS else ""
    return (", ".join(names[:ITEMS]) or "nothing") + more


_SAYINGS: dict[type, Callable[[Any], str]] = {
    ListShown: _list_shown,
    CopyShown: _copy_shown,
    Interaction: _interaction,
    Lines: _lines,
    Outcome: _outcome,
    Handled: _handled,
    Search: _search,
    Request: _request,
    Identify: _identify,
    Merge: _merge,
    Review: _review,
    CatalogEntry: _catalog,
    CatalogItem: _catalog,
    Terms: _policy,
    Sentiment: _judged,
    Feedback: _judged,
    Pair: _pair,
    ItemCard: _card,
    ItemVector: _vector,
    Recommendations: _recommendations,
    Copy: _copy,
    Decision: _decision,
}
