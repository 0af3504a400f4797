"""How good lists are: where what came next stands among all items."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from models.api import Vectors
from models.sequence.data import UNKNOWN, Numbers, Question

Score = Callable[[Sequence[Numbers]], Vectors]
"""Histories to scores (histories, items)."""

AT_ONCE = 256
POPULARITY = ("head", "torso", "tail")
"""Items by how often they were trained on: each of the three has a third of all events, the most popular items first."""
NEW = "new"
"""Items that were never trained on."""


class Quality(msgspec.Struct, frozen=True):
    """Of the first *k* of a list: share with the target among them, and its gain and reciprocal rank there, each from 0 to 1."""

    n: int
    hit: float
    ndcg: float
    mrr: float


class Ranking(msgspec.Struct, frozen=True):
    """Lists of *k*, measured."""

    k: int
    overall: Quality
    coverage: float
    """Share of the items that is in any list."""
    by_popularity: dict[str, Quality]
    """Of the target."""


class _Listed(NamedTuple):
    ranks: Numbers
    """(questions,), from 0; the number of items where the catalogue lacks the target."""
    items: Numbers
    """All that are in any list."""


def measure(
    score: Score, questions: Sequence[Question], popularity: Numbers, k: int, *, seen: bool,
    watch: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> Ranking:  # fmt: skip
    """Rank all items for each of *questions*; an item with the target's score counts as before it.

    *popularity* (items,): how often each was trained on.  Unless *seen*, items of the history are left out.
    """
    starts = range(0, len(questions), AT_ONCE)
    batches = [_listed(score, questions[start : start + AT_ONCE], k, seen=seen) for start in watch(starts)]
    places = np.concatenate([batch.ranks for batch in batches])
    listed = np.unique(np.concatenate([batch.items for batch in batches]))
    groups = _groups(popularity)
    names = np.array([NEW if it.target == UNKNOWN else groups[it.target] for it in questions])
    return Ranking(
        k,
        _quality(places, k),
        round(len(listed) / len(popularity), 4),
        {name: _quality(places[names == name], k) for name in (*POPULARITY, NEW) if (names == name).any()},
    )


def ranks(scores: Vectors, questions: Sequence[Question], *, seen: bool) -> Numbers:
    """Return the rank of each target, from 0; the number of items where the catalogue lacks it.

    Unless *seen*, *scores* (questions, items) lose the items of the histories.
    """
    targets = np.array([it.target for it in questions])
    rows = np.arange(len(questions))
    own = scores[rows, targets].copy()
    if not seen:
        for row, it in enumerate(questions):
            scores[row, it.history] = -np.inf
        scores[rows, targets] = own
    found: Numbers = np.where(targets == UNKNOWN, scores.shape[1], (scores >= own[:, None]).sum(1) - 1)
    return found


def _listed(score: Score, questions: Sequence[Question], k: int, *, seen: bool) -> _Listed:
    scores = score([it.history for it in questions])
    found = ranks(scores, questions, seen=seen)
    first = np.argpartition(-scores, min(k, scores.shape[1] - 1), axis=1)[:, :k]
    return _Listed(found, np.unique(first))


def _quality(ranks: Numbers, k: int) -> Quality:
    hit = ranks < k
    return Quality(
        len(ranks),
        *(
            round(float(np.where(hit, gain, 0).mean()), 4)
            for gain in (1.0, 1 / np.log2(ranks + 2), 1 / (ranks + 1))
        ),
    )  # fmt: skip


def _groups(popularity: Numbers) -> Sequence[str]:
    """Return the group of each item."""
    order = np.argsort(-popularity, kind="stable")
    before = np.cumsum(popularity[order]) - popularity[order]
    third = np.minimum(len(POPULARITY) * before // max(1, popularity.sum()), len(POPULARITY) - 1)
    groups = np.empty(len(popularity), object)
    groups[order] = np.array(POPULARITY, object)[third]
    groups[popularity == 0] = NEW
    found: Sequence[str] = groups.tolist()
    return found


def flat(ranking: Ranking, names: Mapping[str, str]) -> dict[str, object]:
    """Return the figures under the names that their field uses: *names*, such as `hit` to `hr`."""

    def figures(quality: Quality) -> dict[str, float]:
        return {f"{shown}@{ranking.k}": float(getattr(quality, name)) for name, shown in names.items()}

    return {
        "n": ranking.overall.n,
        **figures(ranking.overall),
        f"coverage@{ranking.k}": ranking.coverage,
        "by_popularity": {name: {"n": it.n, **figures(it)} for name, it in ranking.by_popularity.items()},
    }
