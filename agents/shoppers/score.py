"""How good an item is for a shopper: a weighted sum, each part of which can be read.

Both what fits the shopper and what everybody likes count.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from agents.shoppers.candidates import FAINT, Candidate, Signals
from agents.shoppers.job import Job
from agents.shoppers.lexicon import Wanted
from agents.shoppers.tastes import Taste
from agents.shoppers.vectors import nearness
from agents.weights import WEIGHTS, weigh
from models.api import Vectors
from schemas.cards import ItemCard

QUERY_FADING = 0.6
"""What an older query counts against the one after it."""
CROWD = 5.0
"""Half of log2 of the heat from which on popularity is taken at face value."""
DOUBT = 4.0
"""Reviews that say nothing, added to those of every item."""
OFTEN = 3
PASSED = 8.0

Features = dict[str, float]


class Scored(NamedTuple):
    """A candidate with what is known of it; what is 0 is left out."""

    item: str
    card: ItemCard
    source: str
    features: Features
    score: float


def score(
    job: Job, taste: Taste, signals: Signals, found: list[Candidate], weights: Mapping[str, float]
) -> list[Scored]:
    """Score all candidates, best first; of equal ones, the first by item."""
    rows = [job.look.vectors.row(candidate.item) for candidate in found]
    interest = _near(signals.interest, rows)
    searches = [(wanted, _near(products, rows)) for wanted, products in signals.searches]
    top = max(FAINT, *interest) if interest else FAINT
    hottest = max(CROWD, math.log2(1.0 + job.look.hottest))
    scored = []
    for n, candidate in enumerate(found):
        card, facts = candidate.card, candidate.card.facts
        values = (
            max(0.0, interest[n]) / top,
            taste.together.get(candidate.item, 0.0),
            _searched(job, candidate.item, n, searches),
            taste.category(facts.category) if facts is not None else 0.0,
            taste.brands.get(facts.brand, 0.0) if facts is not None else 0.0,
            math.log2(1.0 + job.look.heat(card)) / hottest if card.heat > 0 else 0.0,
            card.polarity * card.reviews / (card.reviews + DOUBT),
            _aspects(taste, card) if taste.aspects else 0.0,
            min(OFTEN, taste.touched.get(candidate.item, 0)),
            min(PASSED, taste.passed.get(candidate.item, 0.0)),
        )
        features = _features(values)
        scored.append(Scored(candidate.item, card, candidate.source, features, weigh(features, weights)))
    return sorted(scored, key=lambda one: (-one.score, one.item))


def _features(values: tuple[float, ...]) -> Features:
    """Name the values, which are in the declared order, and round them; those that are 0 are left out."""
    features = {}
    for name, value in zip(WEIGHTS, values, strict=True):
        if value and (rounded := round(value, 4)):
            features[name] = rounded
    return features


def _searched(job: Job, item: str, n: int, searches: list[tuple[Wanted, list[float]]]) -> float:
    """Return how well the *n*-th candidate matches the newest queries, by words and by sense, 0 to 1."""
    best, fading = 0.0, 1.0
    for wanted, near in searches:
        match = 0.6 * job.look.lexicon.match(wanted, item) + 0.4 * max(0.0, near[n] - FAINT) / (1.0 - FAINT)
        best = max(best, fading * match)
        fading *= QUERY_FADING
    return best


def _near(products: Vectors | None, rows: list[int | None]) -> list[float]:
    """Return the cosine of each row, 0 for an item without a vector."""
    if products is None or not len(products) or not rows:
        return [0.0] * len(rows)
    picked = nearness(products[[row or 0 for row in rows]])
    return [float(near) if row is not None else 0.0 for near, row in zip(picked, rows, strict=True)]


def _aspects(taste: Taste, card: ItemCard) -> float:
    """Return how far reviews of the item praise what the shopper's own reviews praise, -1 to 1."""
    total = 0.0
    for name, share in taste.aspects.items():
        praise = card.aspects.get(name)
        if praise is not None:
            count = praise.positive + praise.negative
            total += share * (praise.positive - praise.negative) / (count + 2.0)
    return total
