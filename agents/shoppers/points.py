"""What can truly be said of an item to a shopper, and the fact that each saying rests on."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from agents.shoppers.asked import Answer
from agents.shoppers.likings import Liking
from agents.shoppers.phrases import Tongue, is_sensitive, tongue
from agents.shoppers.plain import LOOSE_ENDS, clean, has_han, money, number, term
from schemas.base import Language
from schemas.cards import ItemCard, Praise
from schemas.catalog import CatalogItem

FEW: Final = 5
"""Items in stock that count as few."""
MANY_PURCHASES: Final = 10
MIN_PRAISE: Final = 3
"""Praising reviews that make a praise."""
MIN_ODDS: Final = 2
"""Praising reviews for each complaining one."""
MIN_REVIEWS: Final = 5
MIN_POLARITY: Final = 0.4
MIN_CUT: Final = 5
"""Percent that a price must have fallen to be worth a word."""
MIN_ANSWER: Final = 0.6
"""Share of a search that an item must answer."""

_TERM: Final[dict[Language, int]] = {"en": 32, "zh": 12}
"""Characters of a name, a value or a search inside a sentence."""
_QUOTE: Final[dict[Language, tuple[int, int]]] = {"en": (6, 48), "zh": (3, 16)}
"""Least and most characters of a quotation."""
_QUOTABLE: Final = re.compile(r"(?:[^\W\d_]|[ ,.'’!，。！、-])+")  # noqa: RUF001  Chinese punctuation
"""Letters and the plainest marks: no digits, links, names with @, brackets, emoji."""
_NAME: Final = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+)*")

Roll = Callable[[int], int]
"""A number below the one given, by chance."""


class Fact(NamedTuple):
    """A fact and its value, as a claim names them."""

    path: str
    value: str


class Point(NamedTuple):
    """One thing to say."""

    kind: str
    """Key of its phrases."""
    fact: Fact
    slots: dict[str, str]
    beside: Fact | None = None
    """A second fact, named in some of the phrases by the slot *price*."""


def points(
    facts: CatalogItem, card: ItemCard, liking: Liking, language: Language, *, asked: Answer, roll: Roll
) -> list[Point]:
    """Return what is true, the most relevant first, at most one of a sort: for the shopper, praise, price and so on.

    *asked* is what of the liking's search the item answers.
    """
    words = tongue(language)
    title = clean(facts.title[language])
    personal = (
        None if is_delicate(facts) else _first(_personal(facts, card, liking, language, asked=asked, title=title), roll)
    )
    about = personal.fact.path.removeprefix("profile.aspects.") if personal else ""
    found = [
        personal,
        _first(_praise(card, liking, words, language, about), roll),
        _saving(facts),
        _attribute(facts, words, language, title, roll),
        _price(facts),
        _scarcity(facts),
        _sales(card),
    ]
    if found[2] is not None:
        found[4] = None
    said = [point for point in found if point is not None]
    return said if len(said) > 1 else said + _fillers(facts, language, title)


def _first(options: list[Point], roll: Roll) -> Point | None:
    return options[min(roll(len(options)), roll(len(options)))] if options else None


def is_delicate(facts: CatalogItem) -> bool:
    """Tell whether an item is of a kind that nobody wants to be reminded of: nothing of the shopper is said beside it."""
    names = [facts.category, *facts.title.values(), *facts.category_name.values()]
    return is_sensitive("\n".join(names))


def _personal(
    facts: CatalogItem, card: ItemCard, liking: Liking, language: Language, *, asked: Answer, title: str
) -> list[Point]:
    found = []
    if asked.share >= MIN_ANSWER:
        whole = asked.share == 1 and has_han(asked.words) == (language == "zh")
        named = term(asked.words, _TERM[language]) if whole else ""
        found.append(_named("profile.query", liking.query, "query", named))
    for aspect, weight in sorted(liking.aspects.items(), key=lambda liked: (-liked[1], liked[0])):
        care = tongue(language).cares.get(aspect)
        if weight > 0 and care and is_praised(card.aspects.get(aspect)):
            fact = Fact(f"profile.aspects.{aspect}", number(weight))
            found.append(Point("profile.aspects", fact, {"care": care}))
    if liking.brand and liking.brand == facts.brand:
        brand = term(facts.brand, _TERM[language])
        stands = brand.casefold() in title.casefold()
        found.append(_named("profile.brand", liking.brand, "brand", "" if stands else brand))
    if liking.category and liking.category == facts.category and liking.category_item != facts.item:
        name = term(facts.category_name.get(language, ""), _TERM[language])
        found.append(_named("profile.category", liking.category, "category", name))
    return found


def _named(kind: str, value: str, slot: str, name: str) -> Point:
    return Point(f"{kind}.named" if name else kind, Fact(kind, value), {slot: name})


def is_praised(praise: Praise | None) -> bool:
    """Tell whether reviews praise an aspect clearly enough to say so."""
    return praise is not None and praise.positive >= max(MIN_PRAISE, MIN_ODDS * praise.negative)


def quotable(quote: str, language: Language) -> str:
    """Return a quotation fit for copy in *language*: short, plain and in that language; else nothing."""
    quote = clean(quote).rstrip(LOOSE_ENDS)
    least, most = _QUOTE[language]
    if not least <= len(quote) <= most or not _QUOTABLE.fullmatch(quote) or is_sensitive(quote):
        return ""
    if language == "en":
        return quote if quote.replace("\u2019", "'").isascii() else ""
    letters = sum(character.isalpha() for character in quote)
    return quote if 2 * sum(has_han(character) for character in quote) > letters else ""


def _praise(card: ItemCard, liking: Liking, words: Tongue, language: Language, about: str) -> list[Point]:
    """Return praise of the aspect *about* if there is any, else of the first three, the item before its delivery.

    A quotation may be the shopper's own where their reviews praise that aspect, so it is left out there.
    """
    praised = [name for name in words.aspects if is_praised(card.aspects.get(name))]
    found = []
    for name in [about] if about in praised else praised[:3]:
        praise = card.aspects[name]
        total = praise.positive + praise.negative
        slots = {"aspect": words.aspects[name], "positive": f"{praise.positive:,}", "total": f"{total:,}"}
        found.append(Point("reviews.aspect", Fact(f"reviews.{name}", f"{praise.positive}/{total}"), slots))
        quote = "" if name in liking.aspects else quotable(praise.quote, language)
        if quote:
            found.append(Point("reviews.quote", Fact(f"reviews.{name}.quote", praise.quote), {"quote": quote}))
    if not found and card.reviews >= MIN_REVIEWS and card.polarity >= MIN_POLARITY:
        found.append(Point("reviews.polarity", Fact("reviews.polarity", number(card.polarity)), {}))
    return found


def cut(facts: CatalogItem) -> int:
    """Return by how many percent the price has fallen, rounded down; 0 if it has not."""
    if facts.was is None or not money(facts.price, facts.currency) or not money(facts.was, facts.currency):
        return 0
    return max(0, int(100 * (facts.was - (facts.price or 0)) / facts.was))


def _saving(facts: CatalogItem) -> Point | None:
    percent = cut(facts)
    if facts.was is None or facts.price is None or percent < MIN_CUT:
        return None
    price, was = money(facts.price, facts.currency), money(facts.was, facts.currency)
    slots = {"price": price, "was": was, "percent": str(percent)}
    return Point("item.was", Fact("item.was", number(facts.was)), slots, Fact("item.price", number(facts.price)))


def _price(facts: CatalogItem) -> Point | None:
    price = money(facts.price, facts.currency)
    if facts.price is None or not price:
        return None
    return Point("item.price", Fact("item.price", number(facts.price)), {"price": price})


def _attribute(facts: CatalogItem, words: Tongue, language: Language, title: str, roll: Roll) -> Point | None:
    """Return one of the attributes that the title does not name yet."""
    found = []
    for name, values in facts.attributes.items():
        value = term(values.get(language, ""), _TERM[language])
        if value and value.casefold() not in title.casefold():
            found.append((name, value))
    if not found:
        return None
    name, value = sorted(found)[roll(len(found))]
    shown = words.names.get(name) or attribute_name(name, language)
    if not shown:
        return None
    kind = f"item.attributes.{'colour' if name == 'color' else name}"
    fact = Fact(f"item.attributes.{name}", facts.attributes[name][language])
    return Point(kind if kind in words.kinds else "item.attributes", fact, {"value": value, "name": shown})


def attribute_name(name: str, language: Language) -> str:
    """Return the shop's own name of an attribute if it can be shown in *language*; else nothing."""
    shown = clean(name.replace("_", " ")).casefold()
    if len(shown) > _TERM[language] or has_han(shown) != (language == "zh"):
        return ""
    return shown if _NAME.fullmatch(shown) else ""


def _scarcity(facts: CatalogItem) -> Point | None:
    if facts.stock is None or not 0 < facts.stock <= FEW:
        return None
    return Point("item.stock", Fact("item.stock", str(facts.stock)), {"count": str(facts.stock)})


def _sales(card: ItemCard) -> Point | None:
    if card.purchases < MANY_PURCHASES:
        return None
    return Point("card.purchases", Fact("card.purchases", str(card.purchases)), {"count": f"{card.purchases:,}"})


def _fillers(facts: CatalogItem, language: Language, title: str) -> list[Point]:
    """Return what is said when there is hardly anything else."""
    found = []
    brand = term(facts.brand, _TERM[language])
    if brand and brand.casefold() not in title.casefold():
        found.append(Point("item.brand", Fact("item.brand", facts.brand), {"brand": brand}))
    category = term(facts.category_name.get(language, ""), _TERM[language])
    if category:
        fact = Fact("item.category_name", facts.category_name[language])
        found.append(Point("item.category_name", fact, {"category": category}))
    if facts.rebuy:
        found.append(Point("item.rebuy", Fact("item.rebuy", "true"), {}))
    return found
