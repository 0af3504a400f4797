"""What the agents ask of models: the interfaces that real models and test doubles share.

Every method is thread-safe, blocks until done, and gives each text or history the same bytes whatever is asked
beside it (a batch equals its rows).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.base import Language
from schemas.sentiments import Label

Vectors = NDArray[np.float32]


class Opinion(msgspec.Struct, frozen=True):
    """What is said of something."""

    polarity: float
    """From -1 to 1, rounded to 4 places."""
    label: Label
    probability: float
    """Of *label*, calibrated, rounded to 4 places."""


class Judgement(Opinion, frozen=True):
    """What a text says."""

    language: Language
    parts: tuple[Opinion, ...] = ()
    """What it says of each part that was asked about, in their order."""


class Part(NamedTuple):
    """A part of a text, in characters: what stands from *start* to *end*."""

    start: int
    end: int


class History(NamedTuple):
    """What a shopper did last, oldest first; all three of equal length, one or more."""

    vectors: Vectors
    """(n, size): the vectors of the items."""
    kinds: Sequence[str]
    """`view`, `click`, `add_to_cart`, `purchase`, `search`, `like` or `dislike` for each."""
    ages: Sequence[float]
    """Seconds before now for each."""


class Embedder(Protocol):
    """Sentences to vectors of length 1."""

    version: str
    size: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return (len(texts), size)."""


class Sentiment(Protocol):
    """Review texts to polarity."""

    version: str

    def judge(
        self,
        texts: Sequence[str],
        languages: Sequence[Language | None],
        parts: Sequence[Sequence[Part]] | None = None,
    ) -> list[Judgement]:
        """Judge each text, and *parts* of it; None as its language: find out."""


class Interest(Protocol):
    """Histories to the vector of what comes next, in the space of the embedder."""

    version: str

    def vectors(self, histories: Sequence[History]) -> Vectors:
        """Return (len(histories), size), each of length 1."""


class SequenceModel(Protocol):
    """Items taken, by their names, to those that come next."""

    version: str

    def next(self, histories: Sequence[Sequence[str]]) -> list[dict[str, float]]:
        """Return for each history, oldest first, the likeliest items with their probabilities, best first.

        Nothing for a history without any item that the model knows.
        """


class Models(NamedTuple):
    """The models of one worker; replaced as a whole."""

    embedder: Embedder
    sentiment: Sentiment
    interest: Interest
    sequence: SequenceModel | None = None
    """What a shop has trained on its own log; None: nothing."""

    def loaded(self) -> dict[str, Any]:
        """Return those that are there, by name."""
        return {name: model for name, model in self._asdict().items() if model is not None}
