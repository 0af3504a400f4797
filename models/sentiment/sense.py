"""Whether a text is language at all, by its word pieces: what falls into crumbs is no word that its model could know."""

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

_INSIDE = "##"
"""What a piece begins with that goes on with a word."""
_KNOWN_LETTERS = 2.5
"""Of a piece, on average, from which a word in several pieces is known: `unpack|able` is, `as|d|k|j|h` is not."""
_ENOUGH = 0.5
"""Share of known words from which a text is language.  Of 20,800 real reviews one has less ("ruh-roh !")."""

_SIGN = re.compile(r"(?<![\d/])\d{1,2}(?:\.\d)?\s?/\s?(?:5|10)(?![\d/])|[:;]-?[()]")
"""What says something without a word: 9/10, :-(."""


class Pieces(NamedTuple):
    """What a vocabulary's pieces are made of, each at its number."""

    letters: NDArray[np.int64]
    inside: NDArray[np.bool_]
    """Whether it goes on with a word."""
    unknown: int

    @classmethod
    def of(cls, tokenizer: Tokenizer, unknown: int) -> "Pieces":
        """Look at the vocabulary of *tokenizer*, whose mark of what it does not know is *unknown*."""
        size = tokenizer.get_vocab_size()
        letters, inside = np.zeros(size, np.int64), np.zeros(size, np.bool_)
        for piece, number in tokenizer.get_vocab().items():
            letters[number] = sum(map(str.isalpha, piece.removeprefix(_INSIDE)))
            inside[number] = piece.startswith(_INSIDE)
        return cls(letters, inside, unknown)


def sense(text: str, tokens: NDArray[np.int64], pieces: Pieces) -> float:
    """Return from 0 (no word of *text*, whose pieces are *tokens*, is known, or there is none) to 1 (half of the words are)."""
    share = _known(tokens, pieces) if len(tokens) else 0.0
    return 1.0 if share >= _ENOUGH or _SIGN.search(text) else share / _ENOUGH


def _known(tokens: NDArray[np.int64], pieces: Pieces) -> float:
    words = np.cumsum(~pieces.inside[tokens]) - 1
    letters, counts = np.bincount(words, pieces.letters[tokens]), np.bincount(words)
    strange = np.bincount(words, tokens == pieces.unknown) > 0
    known = ((counts == 1) | (letters >= _KNOWN_LETTERS * counts)) & ~strange
    worded = (letters > 0) | strange
    return float(known[worded].mean()) if worded.any() else 0.0
