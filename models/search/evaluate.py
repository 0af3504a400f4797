"""How well a search ranks titles that people judged, beside BM25."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.api import Embedder
from models.search.bm25 import BM25
from models.search.judged import Judged
from models.search.match import match, share, wanted
from models.search.terms import terms

Scores = NDArray[np.float64]
Watch = Callable[[Sequence[Any]], Iterable[Any]]

K = 10
AT_ONCE = 256


class Quality(msgspec.Struct, frozen=True):
    """Mean gain of the first ten titles of a query, and how the order of all pairs agrees with the judges'."""

    ndcg: float = msgspec.field(name="ndcg@10")
    spearman: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How good a search is."""

    model: str
    pairs: int
    queries: int
    titles: int
    ndcg: float = msgspec.field(name="ndcg@10")
    spearman: float
    baseline: dict[str, Quality]


def evaluate(judged: Judged, embedder: Embedder, watch: Watch = iter) -> Result:
    """Score all pairs as workers do, and by BM25 over the titles of the file."""
    ours = measure(judged, scores(judged, embedder, watch))
    bm25 = BM25(judged.titles)
    theirs = [bm25.score(judged.queries[q], t) for q, t in zip(judged.query, judged.title.tolist(), strict=True)]
    return Result(
        model=embedder.version,
        pairs=len(judged.query),
        queries=len(judged.queries),
        titles=len(judged.titles),
        ndcg=ours.ndcg,
        spearman=ours.spearman,
        baseline={"bm25": measure(judged, np.array(theirs))},
    )


def scores(judged: Judged, embedder: Embedder, watch: Watch = iter) -> Scores:
    """Return (pairs,): how well each title matches its query."""
    queries, titles = (_vectors(texts, embedder, watch) for texts in (judged.queries, judged.titles))
    cosines = (queries[judged.query] * titles[judged.title]).sum(1)
    having = [frozenset(terms(title)) for title in judged.titles]
    counts: dict[str, int] = {}
    for has in having:
        for term in has:
            counts[term] = counts.get(term, 0) + 1
    asked = [wanted(query, len(having), lambda term: counts.get(term, 0)) for query in judged.queries]
    return np.array(
        [
            match(share(asked[q], having[t]), cosine)
            for q, t, cosine in zip(judged.query.tolist(), judged.title.tolist(), cosines.tolist(), strict=True)
        ]
    )


def _vectors(texts: Sequence[str], embedder: Embedder, watch: Watch) -> Any:
    starts = range(0, len(texts), AT_ONCE)
    return np.concatenate([embedder.encode(texts[start : start + AT_ONCE]) for start in watch(starts)])


def measure(judged: Judged, found: Scores) -> Quality:
    """Compare *found* (pairs,) with the judges: a gain is 2**relevance - 1 (Burges et al. 2005); equal scores share their places' gains."""
    order = np.argsort(judged.query, kind="stable")
    ends = np.flatnonzero(np.diff(judged.query[order])) + 1
    gains = [_ndcg(judged.relevance[rows], found[rows]) for rows in np.split(order, ends)]
    return Quality(round(float(np.mean(gains)), 4), round(_spearman(judged.relevance, found), 4))


def _ndcg(relevance: Scores, found: Scores) -> float:
    discounts = 1 / np.log2(np.arange(2, len(found) + 2))
    discounts[K:] = 0
    gains = 2**relevance - 1
    best = float(np.sort(gains)[::-1] @ discounts)
    places = np.argsort(-found, kind="stable")
    _, group = np.unique(-found[places], return_inverse=True)
    shared = np.bincount(group, gains[places]) / np.bincount(group)
    return float(shared[group] @ discounts) / best if best else 1.0


def _spearman(one: Scores, other: Scores) -> float:
    """Return the correlation of ranks; 0 where all values of one are equal."""
    first, second = _ranks(one), _ranks(other)
    return float(np.corrcoef(first, second)[0, 1]) if np.ptp(first) and np.ptp(second) else 0.0


def _ranks(values: Scores) -> Scores:
    """Return the mean rank of each value among all."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Scores = (np.cumsum(counts) - (counts - 1) / 2)[group]
    return ranks
