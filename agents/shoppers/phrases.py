"""The phrases that copy is made of, as data: `phrases.json`."""

import re
from functools import cache, lru_cache
from importlib import resources
from string import Formatter
from typing import Literal

import msgspec

from schemas.base import Language

Role = Literal["title", "open", "tag", "Tag", "say"]
"""What a place of a pattern takes: the title; words that lead to it; words that follow, the same with a capital; a sentence."""


class Kind(msgspec.Struct, frozen=True):
    """Ways to say one kind of thing; none is empty."""

    open: tuple[str, ...]
    tag: tuple[str, ...]
    """Fit to open as well."""
    say: tuple[str, ...] = ()
    """Without any, a tag stands alone."""

    def by_role(self) -> dict[Role, tuple[str, ...]]:
        """Return what can stand at the places of each role."""
        return {"open": self.open + self.tag, "tag": self.tag, "Tag": self.tag, "say": self.say or self.tag}


class Pattern(msgspec.Struct, frozen=True):
    """The shape of a copy: places and what stands between them."""

    parts: tuple[tuple[str, Role], ...]
    """Punctuation and the place after it."""
    end: str
    roles: tuple[Role, ...]
    """Of the places that take claims."""


class Tongue(msgspec.Struct, frozen=True):
    """Everything said in one language."""

    patterns: tuple[str, ...]
    kinds: dict[str, Kind]
    aspects: dict[str, str]
    """What reviews praise."""
    cares: dict[str, str]
    """What somebody cares for."""
    names: dict[str, str]
    """Names of attributes, by the shop's."""


class Phrases(msgspec.Struct, frozen=True):
    """The content of the file."""

    en: Tongue
    zh: Tongue
    sensitive: tuple[str, ...]
    """Words of things that nobody wants to be reminded of."""
    idle: tuple[str, ...]
    """Words of searches that say nothing of an item."""


@cache
def phrases() -> Phrases:
    """Return all phrases."""
    return msgspec.json.decode(resources.files(__package__).joinpath("phrases.json").read_bytes(), type=Phrases)


@cache
def tongue(language: Language) -> Tongue:
    """Return the phrases of one language."""
    return phrases().en if language == "en" else phrases().zh


@cache
def choices(language: Language) -> dict[str, dict[Role, tuple[str, ...]]]:
    """Return by kind and role what can be said in a language."""
    return {name: kind.by_role() for name, kind in tongue(language).kinds.items()}


@cache
def patterns(language: Language) -> dict[int, tuple[Pattern, ...]]:
    """Return the patterns of a language by the number of claims that they take."""
    by_claims: dict[int, tuple[Pattern, ...]] = {}
    for text in tongue(language).patterns:
        pattern = _pattern(text)
        by_claims[len(pattern.roles)] = (*by_claims.get(len(pattern.roles), ()), pattern)
    return by_claims


def _pattern(text: str) -> Pattern:
    parsed = [(literal, name) for literal, name, _, _ in Formatter().parse(text)]
    end = "" if parsed[-1][1] else parsed[-1][0]
    parts = tuple(msgspec.convert([part for part in parsed if part[1]], list[tuple[str, Role]]))
    return Pattern(parts=parts, end=end, roles=tuple(role for _, role in parts if role != "title"))


@cache
def _sensitive() -> re.Pattern[str]:
    words = phrases().sensitive
    return re.compile(
        rf"\b(?:{'|'.join(re.escape(word) for word in words if word.isascii())})\b"
        f"|{'|'.join(re.escape(word) for word in words if not word.isascii())}"
    )


@lru_cache(8192)
def is_sensitive(text: str) -> bool:
    """Tell whether *text* names what nobody wants to be reminded of; copy then says nothing of the shopper."""
    return _sensitive().search(text.casefold()) is not None
