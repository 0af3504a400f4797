"""How well a text matches a query: by the rare words that they share, and by how near their vectors are."""

import math
from collections.abc import Callable
from typing import NamedTuple

from models.search.terms import terms

FAINT = 0.3
"""Cosine below which a text does not count as near."""
WORDS, SENSE = 0.6, 0.4
"""What each counts."""


class Wanted(NamedTuple):
    """A query by its terms."""

    terms: frozenset[str]
    weights: tuple[tuple[str, float], ...]
    """Term to weight, the heaviest and so the rarest first; they sum to 1."""


def wanted(query: str, texts: int, having: Callable[[str], int]) -> Wanted:
    """Weigh the terms of *query* by how rare they are among *texts*, of which *having* says how many have a term.

    Those that no text has weigh as if one had.
    """
    count = texts + 1
    weights = {term: math.log1p(count / max(1, having(term))) for term in terms(query)}
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
