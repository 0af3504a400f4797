"""How good an item is for a shopper: a weighted sum, each part of which can be read.

Both what fits the shopper and what everybody likes count.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from agents.shoppers.candidates import Candidate, Signals
from agents.shoppers.job import Job
from agents.shoppers.tastes import Taste
from agents.shoppers.vectors import nearness
from agents.weights import WEIGHTS, weigh
from models.api import Vectors
from models.search.match import FAINT, match
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


def score(  # noqa: PLR0917  all that a score rests on
    job: Job,
    taste: Taste,
    signals: Signals,
    found: Sequence[Candidate],
    weights: Mapping[str, float],
    boost: Callable[[str, ItemCard], float] | None = None,
) -> list[Scored]:
    """Score all candidates, best first; of equal ones, the first by item.  *boost*: what policies add to an item."""
    rows = [job.look.vectors.row(candidate.item) for candidate in found]
    interest = _near(signals.interest, rows)
    top = max(FAINT, *interest) if interest else FAINT
    likeliest = max(signals.next.values(), default=1.0)
    searched = _searched(job, signals, [candidate.item for candidate in found], rows)
    hottest = max(CROWD, math.log2(1.0 + job.look.hottest))
    scored = []
    for (item, card, source), near, found_by in zip(found, interest, searched, strict=True):
        facts = card.facts
        values = (
            near / top if near > 0 else 0.0,
            math.sqrt(signals.next.get(item, 0.0) / likeliest),
            taste.lately.get(item, 0.0),
            taste.together.get(item, 0.0),
            found_by,
            taste.category(facts.category) if facts is not None else 0.0,
            taste.brands.get(facts.brand, 0.0) if facts is not None else 0.0,
            math.log2(1.0 + job.look.heat(card)) / hottest if card.heat > 0 else 0.0,
            card.polarity * card.reviews / (card.reviews + DOUBT) if card.reviews else 0.0,
            _aspects(taste, card) if taste.aspects else 0.0,
            min(OFTEN, taste.touched.get(item, 0)),
            min(PASSED, taste.passed.get(item, 0.0)),
            boost(item, card) if boost is not None else 0.0,
        )
        features = _features(values)
        scored.append(Scored(item, card, source, features, weigh(features, weights)))
    return sorted(scored, key=lambda one: (-one.score, one.item))


def _features(values: tuple[float, ...]) -> Features:
    """Name the values, which are in the declared order, and round them; those that are 0 are left out."""
    return {
        name: rounded for name, value in zip(WEIGHTS, values, strict=True) if value and (rounded := round(value, 4))
    }


def _searched(job: Job, signals: Signals, items: list[str], rows: list[int | None]) -> list[float]:
    """Return how well each of *items* matches the newest queries, by words and by sense, 0 to 1."""
    best, fading, words = [0.0] * len(items), 1.0, job.look.lexicon.match
    for found in signals.searches:
        near = _near(found.products, rows)
        for n, item in enumerate(items):
            best[n] = max(best[n], fading * match(words(found.wanted, item), near[n]))
        fading *= QUERY_FADING
    return best


def _near(products: Vectors | None, rows: list[int | None]) -> list[float]:
    """Return the cosine of each row, 0 for an item without a vector."""
    if products is None or not len(products) or not rows:
        return [0.0] * len(rows)
    picked = nearness(products[[row or 0 for row in rows]]).tolist()
    return (
        picked if None not in rows else [0.0 if row is None else near for near, row in zip(picked, rows, strict=True)]
    )


def _aspects(taste: Taste, card: ItemCard) -> float:
    """Return how far reviews of the item praise what the shopper's own reviews praise, -1 to 1."""
    total = 0.0
    for name, share in taste.aspects.items():
        praise = card.aspects.get(name)
        if praise is not None:
            count = praise.positive + praise.negative
            total += share * (praise.positive - praise.negative) / (count + 2.0)
    return total
