"""What counting knows: how often items are taken, and which are taken near each other."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.api import Vectors
from models.sequence.data import Numbers

Shares = NDArray[np.float64]

WINDOW = 10
"""Items apart that still count as near."""
DECAY = 0.8
"""Of a pair's weight with each item between, and of a history's item with each newer one."""


class Rule(NamedTuple):
    """What a pair counts."""

    back: float = 1.0
    """Of what came before, if what came after counts 1."""
    own: float = 0.5
    """Power of the frequency of the item in the history that the pair is divided by."""
    other: float = 0.3
    """The same of the item that is found, so that what goes with everything does not lead every list."""


BASELINE = Rule()
"""What a model has to beat."""


def popularity(sequences: Sequence[Numbers], items: int) -> Numbers:
    """Return (items,): how often each is in *sequences*."""
    return np.bincount(np.concatenate([np.zeros(0, np.int64), *sequences]), minlength=items).astype(np.int64)


class Popular:
    """The same list for everybody: what is taken most."""

    def __init__(self, taken: Numbers) -> None:
        self._taken = taken.astype(np.float32)

    def score(self, histories: Sequence[Numbers]) -> Vectors:
        """Return (histories, items)."""
        return np.tile(self._taken, (len(histories), 1))


class Neighbours(NamedTuple):
    """Items near each: row *n* is `others[starts[n]:starts[n + 1]]`, with their weights."""

    starts: Numbers
    others: Numbers
    weights: Vectors


class Cooccurrence:
    """What was taken near the items of the history, most of all near its newest."""

    def __init__(self, neighbours: Neighbours) -> None:
        self._near = neighbours

    def score(self, histories: Sequence[Numbers]) -> Vectors:
        """Return (histories, items)."""
        starts, others, weights = self._near
        scores = np.zeros((len(histories), len(starts) - 1), np.float32)
        for row, history in enumerate(histories):
            for age, item in enumerate(history[::-1][:WINDOW]):
                near = slice(starts[item], starts[item + 1])
                scores[row, others[near]] += np.float32(DECAY**age) * weights[near]
        return scores


def nearest(near: Neighbours, count: int) -> Neighbours:
    """Return the *count* heaviest neighbours of each item."""
    rows = np.repeat(np.arange(len(near.starts) - 1), np.diff(near.starts))
    order = np.lexsort((near.others, -near.weights, rows))
    place = np.arange(len(rows)) - near.starts[rows]
    kept = order[place < count]
    sizes = np.minimum(np.diff(near.starts), count)
    return Neighbours(np.concatenate([[0], np.cumsum(sizes)]), near.others[kept], near.weights[kept])


class Pairs(NamedTuple):
    """Which items are near each other in sequences, and how much; nothing of it depends on a rule."""

    codes: Numbers
    """(pairs,): one item's number times the number of items, plus the other's; ascending."""
    after: Shares
    """(pairs,): how much the other came after the one."""
    before: Shares
    taken: Numbers
    """(items,): how often each is in the sequences, at least 1."""


def pairs(sequences: Sequence[Numbers], items: int) -> Pairs:
    """Count which items are near each other in *sequences*."""
    left, right, weight = [], [], []
    for gap in range(1, WINDOW + 1):
        for sequence in sequences:
            if len(sequence) > gap:
                left.append(sequence[:-gap])
                right.append(sequence[gap:])
                weight.append(np.full(len(sequence) - gap, DECAY ** (gap - 1)))
    empty = np.zeros(0, np.int64)
    one, other = np.concatenate([empty, *left]), np.concatenate([empty, *right])
    codes, inverse = np.unique(np.concatenate([one * items + other, other * items + one]), return_inverse=True)
    each = np.concatenate([np.zeros(0), *weight])
    after, before = (
        np.bincount(half, each, len(codes)).astype(np.float64) for half in (inverse[: len(each)], inverse[len(each) :])
    )
    return Pairs(codes, after, before, np.maximum(popularity(sequences, items), 1))


def weighed(counted: Pairs, rule: Rule) -> Neighbours:
    """Return the neighbours of each item by what a pair counts."""
    codes, taken = counted.codes, counted.taken.astype(np.float64)
    items = len(taken)
    weights = counted.after + rule.back * counted.before
    damped = weights / taken[codes // items] ** rule.own / taken[codes % items] ** rule.other
    return Neighbours(
        np.searchsorted(codes, np.arange(items + 1) * items).astype(np.int64), codes % items, damped.astype(np.float32)
    )


def neighbours(sequences: Sequence[Numbers], items: int, rule: Rule = BASELINE) -> Neighbours:
    """Return the neighbours of each item in *sequences*."""
    return weighed(pairs(sequences, items), rule)
