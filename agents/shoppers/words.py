"""Personal words about one item: true, short, varied, in each language that the item has a title in."""

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

from agents.shoppers.asked import answer
from agents.shoppers.likings import Liking
from agents.shoppers.phrases import Pattern, Role, choices, patterns
from agents.shoppers.plain import ELLIPSIS, bare, shorten
from agents.shoppers.points import Fact, Point, Roll, points
from schemas.base import Language, Localized
from schemas.cards import ItemCard
from schemas.catalog import CatalogItem
from schemas.copy import Claim

VERSION: Final = "phrases@1"

LENGTHS: Final[dict[Language, int]] = {"en": 160, "zh": 80}
"""Most characters of a copy."""

_TITLES: Final[dict[Language, tuple[int, ...]]] = {"en": (72, 40, 24), "zh": (32, 20, 12)}
"""Most characters of a title, tried one after the other until the copy fits."""
_LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")

_Said = tuple[Fact, str]
"""A fact and the words that rest on it."""


class Words(NamedTuple):
    """A copy before it has a shopper, an id and a place."""

    text: Localized
    """The shopper's language first; empty if the item has no title that can be read."""
    claims: tuple[Claim, ...]


def compose(facts: CatalogItem, card: ItemCard, liking: Liking, seed: str) -> Words:
    """Write about the item; the same arguments give the same words, another *seed* others."""
    text: Localized = {}
    said: dict[Fact, Localized] = {}
    asked = answer(liking.query, facts)
    for language in sorted(_LANGUAGES, key=lambda language: language != liking.language):
        title = bare(facts.title.get(language, ""))
        if not title:
            continue
        roll = _roll(seed, facts.item)
        chosen = _choose(points(facts, card, liking, language, asked=asked, roll=roll), roll)
        text[language], claims = _write(title, chosen, language, roll)
        for fact, words in claims:
            said.setdefault(fact, {})[language] = words
    return Words(text, tuple(Claim(text=words, fact=fact.path, value=fact.value) for fact, words in said.items()))


def _roll(seed: str, item: str) -> Roll:
    """Return dice that fall the same way for the same shopper, revision and item, on every machine."""
    digest = hashlib.blake2b(f"{seed}\n{item}".encode(errors="surrogatepass"), digest_size=64).digest()
    left = int.from_bytes(digest)

    def roll(sides: int) -> int:
        nonlocal left
        left, number = divmod(left, sides)
        return number

    return roll


def _choose(found: Sequence[Point], roll: Roll) -> list[Point]:
    """Choose two or three: always the most relevant, then mostly the next, so that less relevant ones have their turn."""
    rest = list(found)
    chosen = [rest.pop(0)] if rest else []
    wanted = 2 + roll(2)
    while rest and len(chosen) < wanted:
        skip = len(rest) > 1 and roll(4) == 0
        chosen.append(rest.pop(1 if skip else 0))
    return chosen


def _write(title: str, chosen: Sequence[Point], language: Language, roll: Roll) -> tuple[str, list[_Said]]:
    """Fit the title and as many of the points as possible into the length of a copy."""
    for count in range(len(chosen), 0, -1):
        fit = patterns(language)[count]
        pattern = fit[roll(len(fit))]
        said = [_say(point, role, language, roll) for point, role in zip(chosen, pattern.roles, strict=False)]
        for limit in _TITLES[language]:
            text = _join(pattern, shorten(title, limit), said)
            if len(text) <= LENGTHS[language]:
                return text, [
                    claim for point, words in zip(chosen, said, strict=False) for claim in _claims(point, words)
                ]
    return shorten(title, _TITLES[language][0]), []


def _say(point: Point, role: Role, language: Language, roll: Roll) -> str:
    phrases = choices(language)[point.kind][role]
    words = phrases[roll(len(phrases))].format(**point.slots)
    return words if role == "tag" else _capital(words)


def _capital(words: str) -> str:
    """Begin with a capital, unless that would spoil a name such as *iPad*."""
    first = words[:1].upper()
    return words if words[1:2].isupper() or first.lower() != words[:1] else first + words[1:]


def _claims(point: Point, words: str) -> list[_Said]:
    if point.beside is not None and point.slots["price"] in words:
        return [(point.fact, words), (point.beside, point.slots["price"])]
    return [(point.fact, words)]


def _join(pattern: Pattern, title: str, said: Sequence[str]) -> str:
    text = ""
    rest = iter(said)
    for punctuation, role in pattern.parts:
        text = _add(text, punctuation) + (title if role == "title" else next(rest))
    return _add(text, pattern.end)


def _add(text: str, punctuation: str) -> str:
    """Append *punctuation*, but no colon after a question and no full stop after an ellipsis."""
    if text.endswith(("?", "\uff1f")) or (text.endswith(ELLIPSIS) and punctuation[:1] in ".。"):
        punctuation = punctuation[1:]
    return text + punctuation
