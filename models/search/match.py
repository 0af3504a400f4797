"""How well a text matches a query: by the rare words that they share, and by how near their vectors are."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.search.terms import terms

Numbers = NDArray[np.float64]

FAINT = 0.3
"""Cosine below which a text does not count as near."""
WORDS, SENSE = 0.6, 0.4
"""What each counts."""


class Wanted(NamedTuple):
    """A query by its terms."""

    terms: frozenset[str]
    weights: tuple[tuple[str, float], ...]
    """Term to weight, the heaviest and so the rarest first; they sum to 1."""


def wanted(
    query: str, texts: int, having: Callable[[str], int], meant: Callable[[str], str | None] = lambda _: None
) -> Wanted:
    """Weigh the terms of *query* by how rare they are among *texts*, of which *having* says how many have a term.

    In the place of one that no text has stands what *meant* says, if anything; else it weighs as if one had.
    """
    count = texts + 1
    chosen = dict.fromkeys(term if having(term) else meant(term) or term for term in terms(query))
    weights = {term: math.log1p(count / max(1, having(term))) for term in chosen}
    total = math.fsum(weights.values()) or 1.0
    ranked = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))
    return Wanted(frozenset(weights), tuple((term, weight / total) for term, weight in ranked))


def share(query: Wanted, has: frozenset[str]) -> float:
    """Return the share of *query*, 0 to 1, that a text with these terms has."""
    total = 0.0
    if has.isdisjoint(query.terms):
        return total
    for term, weight in query.weights:
        if term in has:
            total += weight
    return total


def match(words: float, cosine: float) -> float:
    """Return how well a text matches, 0 to 1, of the share of the query that it has and the cosine of their vectors."""
    return WORDS * words + (SENSE * (cosine - FAINT) / (1.0 - FAINT) if cosine > FAINT else 0.0)


def match_all(words: Numbers, cosines: Numbers) -> Numbers:
    """Return `match` of each pair of two arrays."""
    return WORDS * words + np.where(cosines > FAINT, SENSE * (cosines - FAINT) / (1.0 - FAINT), 0.0)
