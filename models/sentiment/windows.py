"""A text of any length as the stretches of tokens that are judged."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.sentiment.language import parts
from models.sentiment.sense import Pieces, sense
from schemas.base import Language

Numbers = NDArray[np.int64]

WINDOWS = 8
"""Of a long text that are judged: half from its start, half from its end."""
CHARACTERS = 8192
"""At either end of a longer text that are looked at."""


class Window(NamedTuple):
    """A stretch of a text, as its model takes it."""

    language: Language
    weight: float
    """Share of the text's words that it stands for."""
    sense: float
    """From 0, its text is not language, to 1."""
    tokens: Numbers
    """With the marks of start and end around them."""
    places: Numbers
    """(tokens, 2): where each begins and ends in the text, in characters; 0 and 0 for the marks."""


class Words(NamedTuple):
    """A tokenizer with what is asked of it."""

    tokenizer: Tokenizer
    longest: int
    """Tokens of a window, marks included."""
    start: int
    end: int
    """The marks."""
    pieces: Pieces

    @classmethod
    def of(cls, tokenizer: Tokenizer, longest: int) -> "Words":
        """Return *tokenizer* with its marks."""
        start, end = tokenizer.encode("").ids
        unknown = tokenizer.token_to_id("[UNK]")
        return cls(tokenizer, longest, start, end, Pieces.of(tokenizer, -1 if unknown is None else unknown))


def windows(text: str, language: Language | None, words: dict[Language, Words]) -> list[Window]:
    """Return the windows of *text*; None as its language: each part in its own.  None at all if it holds no known word."""
    stretches = [
        (at, share, sense(part, tokens, words[at].pieces), tokens, places)
        for at, part, share in _languages(text, language)
        for tokens, places in [_tokens(part, words[at])]
    ]
    return [
        Window(
            at, share * len(piece) / max(1, len(tokens)), sensible, *_marked(tokens[piece], places[piece], words[at])
        )
        for at, share, sensible, tokens, places in stretches
        for piece in _pieces(len(tokens), words[at].longest - 2)
    ]


def _languages(text: str, language: Language | None) -> Iterator[tuple[Language, str, float]]:
    yield from [(language, text, 1.0)] if language else parts(text)


def _tokens(text: str, words: Words) -> tuple[Numbers, Numbers]:
    """Return the tokens of *text* and their places; of a longer one those at either end."""
    if len(text) <= 2 * CHARACTERS:
        tokens, places = _encoded(text, words)
    else:
        first, last = _encoded(text[:CHARACTERS], words), _encoded(text[-CHARACTERS:], words)
        tokens = np.concatenate([first[0], last[0]])
        places = np.concatenate([first[1], last[1] + (len(text) - CHARACTERS)])
    return (tokens[:0], places[:0]) if (tokens == words.pieces.unknown).all() else (tokens, places)


def _encoded(text: str, words: Words) -> tuple[Numbers, Numbers]:
    encoding: Any = words.tokenizer.encode(text, add_special_tokens=False)
    return np.array(encoding.ids, np.int64), np.array(encoding.offsets, np.int64).reshape(-1, 2)


def _pieces(count: int, longest: int) -> list[Numbers]:
    """Cut *count* tokens into stretches of equal length; of too many, the first and the last stay."""
    stretches = np.array_split(np.arange(count), -(-count // longest)) if count else []
    half = WINDOWS // 2
    return stretches if len(stretches) <= WINDOWS else [*stretches[:half], *stretches[-half:]]


def _marked(tokens: Numbers, places: Numbers, words: Words) -> tuple[Numbers, Numbers]:
    marked, stood = np.empty(len(tokens) + 2, np.int64), np.zeros((len(tokens) + 2, 2), np.int64)
    marked[0], marked[1:-1], marked[-1] = words.start, tokens, words.end
    stood[1:-1] = places
    return marked, stood
