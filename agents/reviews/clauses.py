"""The parts of a review that each say one thing of an aspect."""

# ruff: noqa: RUF001  Chinese punctuation is meant

import re
from collections.abc import Iterator
from itertools import islice

import msgspec

from agents.reviews.aspects import Lexicon, weight

MAX_CLAUSES = 12
"""Clauses of one review that are judged, the first ones."""

MAX_CLAUSE = 240
"""Characters; what is longer is cut into pieces of this length."""

MAX_QUOTE = 120
"""Characters."""

_BEFORE = 60
"""Characters that a shortened quote shows before the word that it is about."""

_SENTENCE = re.compile(
    r"""(?<![.!?…])[.!?…]++(?=\s|$|[一-鿿]) | [。！？；;\n]+           # an end
      | \s(?<!nothing\s)(?<!anything\s)(?<!help\s)(?=but\b(?!\salso))  # a turn
      | \s(?=(?:however|although|though|except)\b)
      | (?<!不)(?=但) | (?<!再好)(?=不过) | (?=可惜|可是|然而)""",
    re.VERBOSE | re.IGNORECASE,
)

_COMMA = re.compile(r"[,，](?!\d)|(?<=[一-鿿])\s+(?=[一-鿿])")

_EDGE = " \t\r\n,，.。;；:：-~～"

_JOINT = re.compile(
    r"(?:(?:and|but|yet|however|although|though)\b|但是|但|可惜|可是|然而|不过)[\s,，:：]*", re.IGNORECASE
)

_ALONE = 3
"""What a piece between commas must weigh to be a clause: 'great fit' and 质量好 do, 'fit' and 质量 don't."""


class Clause(msgspec.Struct, frozen=True):
    """A part of a review that speaks of aspects."""

    text: str
    aspects: dict[str, int]
    """Aspect to the place in *text* where it is first mentioned."""

    def quote(self, aspect: str) -> str:
        """Return the words around the mention of *aspect*, MAX_QUOTE characters at most."""
        if len(self.text) <= MAX_QUOTE:
            return self.text
        start = max(0, min(self.aspects[aspect] - _BEFORE, len(self.text) - MAX_QUOTE + 1))
        head = "…" if start else ""
        room = MAX_QUOTE - len(head)
        part = self.text[start:]
        return head + (part if len(part) <= room else f"{part[: room - 1]}…")


def clauses(text: str, lexicon: Lexicon) -> list[Clause]:
    """Return the first MAX_CLAUSES clauses of *text* that speak of an aspect, in their order."""
    found = (_clause(part, lexicon) for sentence in _sentences(text) for part in _parts(sentence, lexicon))
    return list(islice((clause for clause in found if clause.aspects), MAX_CLAUSES))


def _sentences(text: str) -> Iterator[str]:
    """Split at the ends of sentences and where the speaker turns."""
    start = 0
    for mark in _SENTENCE.finditer(text):
        yield from _cut(text[start : mark.end()])
        start = mark.end()
    yield from _cut(text[start:])


def _cut(sentence: str) -> Iterator[str]:
    return (sentence[start : start + MAX_CLAUSE] for start in range(0, len(sentence), MAX_CLAUSE))


def _parts(sentence: str, lexicon: Lexicon) -> Iterator[str]:
    """Split *sentence* at those commas after which another aspect is spoken of."""
    start = end = 0
    known: set[str] = set()
    for piece in _pieces(sentence):
        named = {aspect for aspect, _ in lexicon.mentions(piece)}
        if known and named - known and weight(sentence[start:end]) >= _ALONE:
            yield sentence[start:end]
            start, known = end, set()
        known |= named
        end += len(piece)
    yield sentence[start:]


def _pieces(sentence: str) -> Iterator[str]:
    start = 0
    for mark in _COMMA.finditer(sentence):
        yield sentence[start : mark.end()]
        start = mark.end()
    yield sentence[start:]


def _clause(part: str, lexicon: Lexicon) -> Clause:
    text = part.strip(_EDGE)
    text = text[joint.end() :] if (joint := _JOINT.match(text)) else text
    aspects: dict[str, int] = {}
    for aspect, place in lexicon.mentions(text):
        aspects.setdefault(aspect, place)
    return Clause(text, aspects)
