"""The parts of a review that each say one thing of an aspect."""

# ruff: noqa: RUF001  Chinese punctuation is meant

import re
from collections.abc import Iterator
from itertools import islice

import msgspec

from agents.reviews.aspects import Lexicon, weight
from models.api import Part

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
    start: int
    """Where it begins in the review."""
    aspects: dict[str, Part]
    """Aspect to the place in the review where it is first mentioned."""

    def quote(self, aspect: str) -> str:
        """Return the words around the mention of *aspect*, MAX_QUOTE characters at most."""
        if len(self.text) <= MAX_QUOTE:
            return self.text
        mention = self.aspects[aspect].start - self.start
        start = max(0, min(mention - _BEFORE, len(self.text) - MAX_QUOTE + 1))
        head = "…" if start else ""
        room = MAX_QUOTE - len(head)
        part = self.text[start:]
        return head + (part if len(part) <= room else f"{part[: room - 1]}…")


def clauses(text: str, lexicon: Lexicon) -> list[Clause]:
    """Return the first MAX_CLAUSES clauses of *text* that speak of an aspect, in their order."""
    found = (_clause(text, part, lexicon) for sentence in _sentences(text) for part in _parts(text, sentence, lexicon))
    return list(islice((clause for clause in found if clause.aspects), MAX_CLAUSES))


def _sentences(text: str) -> Iterator[Part]:
    """Split at the ends of sentences and where the speaker turns."""
    start = 0
    for mark in _SENTENCE.finditer(text):
        yield from _cut(start, mark.end())
        start = mark.end()
    yield from _cut(start, len(text))


def _cut(start: int, end: int) -> Iterator[Part]:
    return (Part(first, min(first + MAX_CLAUSE, end)) for first in range(start, end, MAX_CLAUSE))


def _parts(text: str, sentence: Part, lexicon: Lexicon) -> Iterator[Part]:
    """Split *sentence* at those commas after which another aspect is spoken of."""
    start = end = sentence.start
    known: set[str] = set()
    for piece in _pieces(text[sentence.start : sentence.end]):
        named = {aspect for aspect, _ in lexicon.mentions(piece)}
        if known and named - known and weight(text[start:end]) >= _ALONE:
            yield Part(start, end)
            start, known = end, set()
        known |= named
        end += len(piece)
    yield Part(start, sentence.end)


def _pieces(sentence: str) -> Iterator[str]:
    start = 0
    for mark in _COMMA.finditer(sentence):
        yield sentence[start : mark.end()]
        start = mark.end()
    yield sentence[start:]


def _clause(text: str, part: Part, lexicon: Lexicon) -> Clause:
    whole = text[part.start : part.end]
    said = whole.lstrip(_EDGE)
    if joint := _JOINT.match(said):
        said = said[joint.end() :]
    start = part.end - len(said)
    said = said.rstrip(_EDGE)
    aspects: dict[str, Part] = {}
    for aspect, place in lexicon.mentions(said):
        aspects.setdefault(aspect, Part(start + place.start, start + place.end))
    return Clause(said, start, aspects)
