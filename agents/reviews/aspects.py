"""Which sides of an item a text speaks of: the longest phrases of a word list, in English and Chinese alike."""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

import msgspec

from models.api import Part

_TOKEN = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*|[㐀-䶿一-鿿]")  # noqa: RUF001  the apostrophe that phones write
"""An English word or one Chinese character."""

_MAX_PHRASE = 8
"""Tokens of the longest phrase that is looked for."""

_END = ""
"""Key under which a node of the tree holds the aspect of the phrase that ends there."""

_EMPTY = {"a", "an", "and", "its", "my", "the"}


class Lexicon:
    """Phrases by aspect."""

    def __init__(self, phrases: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """Take phrases by aspect and language; under "" are phrases that speak of no aspect, though a part of them would."""
        self._tree: dict[str, Any] = {}
        for aspect, by_language in phrases.items():
            for phrase in (phrase for listed in by_language.values() for phrase in listed):
                node = self._tree
                for token, _ in _tokens(phrase):
                    node = node.setdefault(token, {})
                node[_END] = aspect

    def mentions(self, text: str) -> Iterator[tuple[str, Part]]:
        """Yield each mention of an aspect: its name, and where in *text* it stands."""
        tokens = list(_tokens(text))
        position = 0
        while position < len(tokens):
            found, length = self._longest(tokens, position)
            if found:
                yield found, Part(tokens[position][1].start, tokens[position + length - 1][1].end)
            position += length

    def _longest(self, tokens: Sequence[tuple[str, Part]], position: int) -> tuple[str, int]:
        """Return the aspect of the longest phrase that begins at *position*, and the tokens to go on by."""
        found, length = "", 1
        node = self._tree
        for count, (token, _) in enumerate(tokens[position : position + _MAX_PHRASE], start=1):
            if token not in node:
                break
            node = node[token]
            if _END in node:
                found, length = node[_END], count
        return found, length


def load() -> Lexicon:
    """Return the lexicon that ships: aspect to language to phrases."""
    data = (files(__package__) / "aspects.json").read_bytes()
    return Lexicon(msgspec.json.decode(data, type=dict[str, dict[str, list[str]]]))


def weight(text: str) -> int:
    """Return how much *text* says: 1 for a Chinese character, 2 for an English word that is more than an article."""
    return sum((word not in _EMPTY) * (2 if word.isascii() else 1) for word, _ in _tokens(text))


def _tokens(text: str) -> Iterator[tuple[str, Part]]:
    return ((match[0].lower().replace("’", "'"), Part(*match.span())) for match in _TOKEN.finditer(text))  # noqa: RUF001  as above
