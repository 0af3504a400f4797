"""How well a search ranks titles that people judged, beside BM25."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import numpy as np

from models.api import Embedder
from models.search.bm25 import BM25
from models.search.judged import Judged
from models.search.match import Numbers, match_all, wanted
from models.search.spelling import Spelling
from models.search.terms import terms

Score = Callable[[int], Numbers]
"""The number of a query to how well each title (titles,) matches it."""
Watch = Callable[[Sequence[Any]], Iterable[Any]]

K = 10
AT_ONCE = 256


class Quality(msgspec.Struct, frozen=True):
    """How good an order is."""

    ndcg: float = msgspec.field(name="ndcg@10")
    """Mean gain of the first ten judged titles of a query."""
    spearman: float
    """How the order of all pairs agrees with the judges'."""
    catalogue: float = msgspec.field(name="catalogue_ndcg@10")
    """Mean gain of the first ten of all titles; those that nobody judged for a query gain nothing."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How good a search is."""

    model: str
    pairs: int
    queries: int
    titles: int
    ndcg: float = msgspec.field(name="ndcg@10")
    spearman: float
    catalogue: float = msgspec.field(name="catalogue_ndcg@10")
    baseline: dict[str, Quality]


def evaluate(judged: Judged, embedder: Embedder, watch: Watch = iter) -> Result:
    """Rank titles as workers do, and by BM25 over the titles of the file."""
    ours = measure(judged, search(judged, embedder, watch))
    bm25 = BM25(judged.titles)
    theirs = measure(judged, lambda query: bm25.score(judged.queries[query]))
    return Result(
        model=embedder.version,
        pairs=len(judged.query),
        queries=len(judged.queries),
        titles=len(judged.titles),
        ndcg=ours.ndcg,
        spearman=ours.spearman,
        catalogue=ours.catalogue,
        baseline={"bm25": theirs},
    )


def search(judged: Judged, embedder: Embedder, watch: Watch = iter) -> Score:
    """Return what gives the number of a query how well each title matches it."""
    queries, titles = (_vectors(texts, embedder, watch) for texts in (judged.queries, judged.titles))
    having: dict[str, list[int]] = {}
    for n, title in enumerate(judged.titles):
        for term in terms(title):
            having.setdefault(term, []).append(n)
    places = {term: np.array(found) for term, found in having.items()}
    spelling = Spelling()
    for term in places:
        spelling.add(term)

    def count(term: str) -> int:
        return len(places.get(term, ()))

    def score(query: int) -> Numbers:
        asked = wanted(judged.queries[query], len(judged.titles), count, lambda term: spelling.meant(term, count))
        shares = np.zeros(len(judged.titles))
        for term, weight in asked.weights:
            if term in places:
                shares[places[term]] += weight
        return match_all(shares, (titles @ queries[query]).astype(np.float64))

    return score


def _vectors(texts: Sequence[str], embedder: Embedder, watch: Watch) -> Any:
    starts = range(0, len(texts), AT_ONCE)
    return np.concatenate([embedder.encode(texts[start : start + AT_ONCE]) for start in watch(starts)])


def measure(judged: Judged, score: Score) -> Quality:
    """Compare *score* with the judges: a gain is 2**relevance - 1 (Burges et al. 2005); equal scores share their places' gains."""
    order = np.argsort(judged.query, kind="stable")
    ends = np.flatnonzero(np.diff(judged.query[order])) + 1
    found = np.zeros(len(order))
    gains, whole = [], []
    for rows in np.split(order, ends):
        scores = score(int(judged.query[rows[0]]))
        found[rows] = scores[judged.title[rows]]
        gains.append(_ndcg(judged.relevance[rows], found[rows]))
        relevance = np.zeros(len(scores))
        relevance[judged.title[rows]] = judged.relevance[rows]
        top = np.flatnonzero(scores >= np.partition(scores, max(0, len(scores) - K))[max(0, len(scores) - K)])
        whole.append(_ndcg(relevance[top], scores[top], np.sort(relevance)[::-1][:K]))
    return Quality(
        round(float(np.mean(gains)), 4), round(_spearman(judged.relevance, found), 4), round(float(np.mean(whole)), 4)
    )


def _ndcg(relevance: Numbers, found: Numbers, ideal: Numbers | None = None) -> float:
    """Return the gain of titles in the order of *found*, beside that of *ideal*, or of their best order."""
    best = np.sort(relevance if ideal is None else ideal)[::-1]
    most = _gain(best, -np.arange(len(best), dtype=np.float64))
    return _gain(relevance, found) / most if most else 1.0


def _gain(relevance: Numbers, found: Numbers) -> float:
    discounts = 1 / np.log2(np.arange(2, len(found) + 2))
    discounts[K:] = 0
    places = np.argsort(-found, kind="stable")
    gains = (2**relevance - 1)[places]
    _, group = np.unique(-found[places], return_inverse=True)
    shared = np.bincount(group, gains) / np.bincount(group)
    return float(shared[group] @ discounts)


def _spearman(one: Numbers, other: Numbers) -> float:
    """Return the correlation of ranks; 0 where all values of one are equal."""
    first, second = _ranks(one), _ranks(other)
    return float(np.corrcoef(first, second)[0, 1]) if np.ptp(first) and np.ptp(second) else 0.0


def _ranks(values: Numbers) -> Numbers:
    """Return the mean rank of each value among all."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Numbers = (np.cumsum(counts) - (counts - 1) / 2)[group]
    return ranks
