"""A model's shares and those of counting as one: what is taken together is sure where a model has seen little."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from models.api import Vectors
from models.sequence.counts import Cooccurrence, Neighbours, Rule, nearest, pairs, weighed
from models.sequence.data import Numbers, Question
from models.sequence.ranked import AT_ONCE, Score, ranks

RULES = tuple(Rule(back, own, 0.3) for back in (0.25, 0.5, 1.0) for own in (0.3, 0.5))
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Shares of counting that are tried."""

NEAREST = 64
"""Neighbours of an item that are kept."""


class Mixture(NamedTuple):
    """What was chosen."""

    weight: float
    """Of counting; the rest is the model's."""
    rule: Rule
    near: Neighbours
    gain: float
    """Mean gain (NDCG) on validation."""


def mixed(shares: Vectors, counted: Vectors, weight: float) -> Vectors:
    """Return (rows, items): *shares* of the model, whose rows sum to 1, and what is *counted*; a row without any is the model's."""
    total = counted.sum(1, keepdims=True)
    own = np.where(total > 0, np.float32(weight), np.float32(0))
    found: Vectors = (1 - own) * shares + own * counted / np.maximum(total, np.float32(1e-12))
    return found


def choose(
    shares: Score, sequences: Sequence[Numbers], questions: Sequence[Question], items: int, k: int, *, seen: bool
) -> Mixture:
    """Return the rule and the weight with the greatest gain in the first *k* on *questions*."""
    counted = pairs(sequences, items)
    tables = [(rule, nearest(weighed(counted, rule), NEAREST)) for rule in RULES]
    gains = np.zeros((len(RULES), len(WEIGHTS)))
    for asked in _batched(questions):
        own = shares([it.history for it in asked])
        for r, (_, near) in enumerate(tables):
            found = Cooccurrence(near).score([it.history for it in asked])
            for w, weight in enumerate(WEIGHTS):
                place = ranks(mixed(own, found, weight), asked, seen=seen)
                gains[r, w] += np.where(place < k, 1 / np.log2(place + 2), 0).sum()
    best = int(gains.argmax())
    rule, near = tables[best // len(WEIGHTS)]
    return Mixture(WEIGHTS[best % len(WEIGHTS)], rule, near, round(float(gains.max()) / max(1, len(questions)), 4))


def _batched(questions: Sequence[Question]) -> Iterator[Sequence[Question]]:
    for start in range(0, len(questions), AT_ONCE):
        yield questions[start : start + AT_ONCE]
