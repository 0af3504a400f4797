"""Which texts are most worth a label: those that the model is unsure of, or that their stars contradict, each unlike the others.

Needs scikit-learn, which the extras `dev` and `train` bring.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from models.api import Judgement
from models.sentiment.labelled import of_stars

LIKENESS = 0.5
"""How much of its worth a text loses that is the same as one already chosen."""

_CANDIDATES = 20
"""Times as many as are wanted, the worthiest, among which unlike ones are chosen."""


class Asked(NamedTuple):
    """A text that nobody labelled, with what the model says of it."""

    text: str
    stars: float | None
    judgement: Judgement


class Suggestion(msgspec.Struct, frozen=True):
    """A text that is worth a label, and why."""

    text: str
    found: str
    probability: float
    worth: float
    """From 0, the model is sure, to 1."""
    why: str


def suggest(asked: Sequence[Asked], count: int) -> list[Suggestion]:
    """Return the *count* texts most worth a label, the worthiest first (maximal marginal relevance, Carbonell and Goldstein 1998)."""
    worths = np.array([_worth(it)[0] for it in asked])
    order = np.argsort(-worths, kind="stable")[: _CANDIDATES * count]
    if not len(order):
        return []
    texts = [asked[n].text for n in order]
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True, min_df=1)
    vectors = grams.fit_transform(texts)
    like: NDArray[np.float64] = np.zeros(len(order))
    chosen: list[int] = []
    for _ in range(min(count, len(order))):
        value = worths[order] - LIKENESS * like
        value[chosen] = -np.inf
        best = int(value.argmax())
        chosen.append(best)
        like = np.maximum(like, np.asarray((vectors @ vectors[best].T).todense()).ravel())
    return [_suggestion(asked[int(order[n])]) for n in chosen]


def _suggestion(it: Asked) -> Suggestion:
    worth, why = _worth(it)
    return Suggestion(it.text, it.judgement.label, it.judgement.probability, round(worth, 4), why)


def _worth(it: Asked) -> tuple[float, str]:
    """Return how much is to be learnt: doubt, or contradiction by the stars, whichever is more."""
    label, probability = it.judgement.label, it.judgement.probability
    doubt = 1 - probability if label == "neutral" else min(1 - probability, 1 - abs(it.judgement.polarity))
    if it.stars is not None:
        stars = of_stars(it.stars) - 1
        contradiction = abs(it.judgement.polarity - stars) / 2 * probability
        if contradiction > doubt:
            return contradiction, f"{it.stars:g} stars, but found {label}"
    return doubt, "the model is unsure"
