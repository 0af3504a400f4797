"""Checks that words about an item say nothing but what its facts, its reviews and the shopper's liking carry.

It knows no phrases, so it can judge any writer.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from agents.shoppers.asked import answer
from agents.shoppers.likings import Liking
from agents.shoppers.plain import LOOSE_ENDS, bare, clean, money, number
from agents.shoppers.points import (
    FEW,
    MANY_PURCHASES,
    MIN_ANSWER,
    MIN_POLARITY,
    MIN_REVIEWS,
    cut,
    is_delicate,
    is_praised,
    quotable,
)
from agents.shoppers.words import LENGTHS, Words
from schemas.base import Language
from schemas.cards import ItemCard
from schemas.catalog import CatalogItem
from schemas.copy import Claim

_NUMBER: Final = re.compile(r"\d(?:[\d.,]*\d)?")
_GAP: Final = "\n"
"""Stands where a claim was; no copy has it, a copy being one line."""


class _Truth(NamedTuple):
    """What a claim that rests on a fact must and may say in one language."""

    value: str
    must: tuple[str, ...] = ()
    """One of these must be in its words."""
    may: tuple[str, ...] = ()
    """Where else its numbers may come from."""


def check(words: Words, facts: CatalogItem, card: ItemCard, liking: Liking) -> list[str]:
    """Return what is wrong with *words*, one sentence for each fault; nothing if all is grounded."""
    return [
        *_languages(words, facts),
        *(fault for language, text in words.text.items() for fault in _line(text, language)),
        *(fault for claim in words.claims for fault in _claim(claim, words, facts, card, liking)),
        *(fault for language in words.text for fault in _rest(words, facts, language)),
    ]


def _languages(words: Words, facts: CatalogItem) -> Iterator[str]:
    titled = {language for language, title in facts.title.items() if bare(title)}
    if words.text.keys() != titled:
        yield f"languages are {sorted(words.text)}, titles are in {sorted(titled)}"


def _line(text: str, language: Language) -> Iterator[str]:
    if not text:
        yield f"{language}: no words"
    if len(text) > LENGTHS[language]:
        yield f"{language}: {len(text)} characters, at most {LENGTHS[language]} are allowed"
    if text != clean(text):
        yield f"{language}: not one clean line"


def _claim(claim: Claim, words: Words, facts: CatalogItem, card: ItemCard, liking: Liking) -> Iterator[str]:
    if not claim.text:
        yield f"{claim.fact}: a claim without words"
    for language, said in claim.text.items():
        place = f"{language} {claim.fact}"
        if not said or said not in words.text.get(language, ""):
            yield f"{place}: “{said}” is not in the copy"
        truth = _truth(claim.fact, facts, card, liking, language)
        if truth is None:
            yield f"{place}: no such fact, or it does not bear a claim"
            continue
        if claim.value != truth.value:
            yield f"{place}: value “{claim.value}”, the fact is “{truth.value}”"
        if truth.must and not any(name.casefold() in said.casefold() for name in truth.must):
            yield f"{place}: “{said}” does not say “{truth.must[0]}”"
        known = set(_numbers(" ".join((*truth.must, *truth.may))))
        for figure in _numbers(said):
            if figure not in known:
                yield f"{place}: nothing bears the number {figure}"


def _rest(words: Words, facts: CatalogItem, language: Language) -> Iterator[str]:
    """Look at what no claim covers: it must be the title, or a part of it."""
    rest = words.text[language]
    said = {claim.text[language] for claim in words.claims if claim.text.get(language)}
    for text in sorted(said, key=len, reverse=True):
        rest = rest.replace(text, _GAP)
    title = clean(facts.title.get(language, ""))
    for piece in rest.split(_GAP):
        bare_piece = piece.strip(LOOSE_ENDS)
        if bare_piece not in title:
            yield f"{language}: “{bare_piece}” rests on no claim"


def _numbers(text: str) -> list[str]:
    return _NUMBER.findall(text)


def _truth(path: str, facts: CatalogItem, card: ItemCard, liking: Liking, language: Language) -> _Truth | None:
    """Return what the fact at *path* lets a copy say; None if there is no such fact, or not enough of it."""
    source, _, name = path.partition(".")
    if source == "item":
        return _of_item(name, facts, language)
    if source == "profile":
        return None if is_delicate(facts) else _of_profile(name, facts, card, liking, language)
    if source == "reviews":
        return _of_reviews(name, card, liking, language)
    if path == "card.purchases" and card.purchases >= MANY_PURCHASES:
        return _Truth(str(card.purchases), (f"{card.purchases:,}", str(card.purchases)))
    return None


def _of_item(name: str, facts: CatalogItem, language: Language) -> _Truth | None:
    price = money(facts.price, facts.currency)
    attribute = name.removeprefix("attributes.")
    if attribute != name:
        value = facts.attributes.get(attribute, {}).get(language, "")
        return _Truth(value, (bare(value),), (attribute,)) if bare(value) else None
    if name == "price" and facts.price is not None and price:
        return _Truth(number(facts.price), (price,))
    if name == "was" and facts.was is not None and cut(facts) > 0:
        was, percent = money(facts.was, facts.currency), f"{cut(facts)}%"
        return _Truth(number(facts.was), (was, percent), (price,))
    if name == "stock" and facts.stock is not None and 0 < facts.stock <= FEW:
        return _Truth(str(facts.stock), (str(facts.stock),))
    if name == "rebuy" and facts.rebuy:
        return _Truth("true")
    return _of_name(name, facts, language)


def _of_name(name: str, facts: CatalogItem, language: Language) -> _Truth | None:
    value = {"brand": facts.brand, "category_name": facts.category_name.get(language, "")}.get(name, "")
    return _Truth(value, (bare(value),)) if bare(value) else None


def _of_profile(name: str, facts: CatalogItem, card: ItemCard, liking: Liking, language: Language) -> _Truth | None:
    aspect = name.removeprefix("aspects.")
    if aspect != name:
        weight = liking.aspects.get(aspect, 0.0)
        return _Truth(number(weight)) if weight > 0 and is_praised(card.aspects.get(aspect)) else None
    if name == "category" and liking.category and liking.category == facts.category:
        seen = liking.category_item == facts.item
        return None if seen else _Truth(liking.category, may=(clean(facts.category_name.get(language, "")),))
    if name == "brand" and liking.brand and liking.brand == facts.brand:
        return _Truth(liking.brand, may=(clean(facts.brand),))
    if name == "query" and answer(liking.query, facts).share >= MIN_ANSWER:
        return _Truth(liking.query, may=(clean(liking.query),))
    return None


def _of_reviews(name: str, card: ItemCard, liking: Liking, language: Language) -> _Truth | None:
    if name == "polarity":
        enough = card.reviews >= MIN_REVIEWS and card.polarity >= MIN_POLARITY
        return _Truth(number(card.polarity)) if enough else None
    aspect = name.removesuffix(".quote")
    praise = card.aspects.get(aspect)
    if praise is None or not is_praised(praise):
        return None
    total = praise.positive + praise.negative
    if aspect == name:
        return _Truth(f"{praise.positive}/{total}", may=(f"{praise.positive:,}", f"{total:,}"))
    quote = quotable(praise.quote, language)
    return _Truth(praise.quote, (quote,)) if quote and aspect not in liking.aspects else None
