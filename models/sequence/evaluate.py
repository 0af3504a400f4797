"""How good lists are beside what counting knows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from models.api import Vectors
from models.sequence import counts
from models.sequence.data import Catalog, Material, Numbers
from models.sequence.predict import NextItems
from models.sequence.ranked import Ranking, Score, flat, measure

Watch = Callable[[str, Sequence[int]], Iterator[int]]

USERS, SESSIONS = (10, {"hit": "hr", "ndcg": "ndcg"}), (20, {"hit": "p", "mrr": "mrr"})
"""Length of a list, and the names of its figures, where sequences of users and where sessions are the custom."""


def evaluate(material: Material, score: Score | None, model: str, watch: Watch) -> dict[str, Any]:
    """Return the figures of *score*, and of both baselines with the same training."""
    taken = counts.popularity(material.train, len(material.catalog))
    near = counts.neighbours(material.train, len(material.catalog))
    k, names = SESSIONS if material.seen else USERS

    def ranked(name: str, scorer: Score) -> dict[str, Any]:
        return flat(_measured(material, taken, k, scorer, lambda starts: watch(name, starts)), names)

    return {
        "items": len(material.catalog),
        "trained_on": sum(map(len, material.train)),
        **({"model": model, **ranked(model, score)} if score is not None else {}),
        "baseline": {
            "popular": ranked("popular", counts.Popular(taken).score),
            "cooccurrence": ranked("co-occurrence", counts.Cooccurrence(near).score),
        },
    }


def against(model: NextItems, catalog: Catalog) -> Score:
    """Return what scores histories of *catalog* with *model*; items that it does not know come last."""
    ours = catalog.encode(name for name in model.catalog.names)
    known = np.array([n for n, name in enumerate(model.catalog.names) if name in catalog.numbers], np.int64)
    theirs = np.array([model.catalog.numbers.get(name, -1) for name in catalog.names], np.int64)

    def score(histories: Sequence[Numbers]) -> Vectors:
        found = model.score([theirs[history][theirs[history] >= 0] for history in histories])
        scores = np.full((len(histories), len(catalog)), -np.inf, np.float32)
        scores[:, ours] = found[:, known]
        return scores

    return score


def _measured(
    material: Material, taken: Any, k: int, score: Score, watch: Callable[[Sequence[int]], Iterator[int]]
) -> Ranking:
    return measure(score, material.test, taken, k, seen=material.seen, watch=watch)


def lists_of(result: Mapping[str, Any]) -> tuple[list[str], list[tuple[str, dict[str, float]]]]:
    """Return the names of the figures, and each list's name with its figures, for people."""
    lists = [(name, dict(figures)) for name, figures in result["baseline"].items()]
    if "model" in result:
        lists.insert(0, (result["model"], dict(result)))
    names = [name for name in lists[0][1] if "@" in name]
    return names, [(name, {key: figures[key] for key in ("n", *names)}) for name, figures in lists]
