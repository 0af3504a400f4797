"""Whether an item is what a search asked for."""

import re
from typing import Final, NamedTuple

from agents.shoppers.phrases import phrases
from agents.shoppers.plain import clean
from schemas.catalog import CatalogItem

_RUN: Final = re.compile(
    r"[\u3400-\u9fff\uf900-\ufaff]+|[^\W_\u3400-\u9fff\uf900-\ufaff]+(?:['\u2019][^\W_\u3400-\u9fff\uf900-\ufaff]+)*"
)
_PLAIN: Final = re.compile(r"[\w '&-]*")
_FIRST_HAN: Final = "\u3400"
_MAX_QUERY: Final = 200
"""Characters of a search that are looked at."""


class Answer(NamedTuple):
    """What of a search an item answers."""

    share: float
    """Of the search's words, or pairs of Chinese characters, that occur in the item's title, brand, category or attributes."""
    words: str
    """The search from its first to its last word that says something; nothing if it has marks that no copy should have."""


def answer(query: str, facts: CatalogItem) -> Answer:
    """Compare the words of *query* with those of an item; idle words such as *best* or 好用的 do not count."""
    words, units = _read(query) if query else ("", ())
    if not units:
        return Answer(0.0, "")
    text = "\n".join(_texts(facts)).casefold()
    names = {_singular(word) for word in _RUN.findall(text)}
    found = sum(unit in text if unit >= _FIRST_HAN else unit in names for unit in units)
    return Answer(found / len(units), words)


def _read(query: str) -> tuple[str, tuple[str, ...]]:
    """Return the query from its first word that says something to its last, and what an item must have in common with it."""
    text = clean(query[:_MAX_QUERY])
    idle = phrases().idle
    units: list[str] = []
    start, end = len(text), 0
    for run in _RUN.finditer(text):
        word = run.group()
        if word >= _FIRST_HAN:
            for phrase in idle:
                word = word.removeprefix(phrase)
        if not word or word.casefold() in idle:
            continue
        start, end = min(start, run.end() - len(word)), run.end()
        units += _units(word.casefold())
    words = text[start:end]
    return words if _PLAIN.fullmatch(words) else "", tuple(units)


def _units(word: str) -> list[str]:
    if word < _FIRST_HAN:
        return [_singular(word)]
    return [word[n : n + 2] for n in range(len(word) - 1)] or [word]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word  # noqa: PLR2004  bus, gas


def _texts(facts: CatalogItem) -> list[str]:
    texts = [*facts.title.values(), *facts.category_name.values(), facts.brand]
    texts += [value for attribute in facts.attributes.values() for value in attribute.values()]
    return texts
