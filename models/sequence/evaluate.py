"""How good lists are beside what counting knows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from models.api import Vectors
from models.sequence import counts
from models.sequence.data import Catalog, Material, Numbers
from models.sequence.predict import NextItems
from models.sequence.ranked import Score, flat, measure

Watch = Callable[[str], Callable[[Sequence[int]], Iterable[int]]]
"""The name of a list to what shows how far its measurement is."""

USERS, SESSIONS = {"hit": "hr", "ndcg": "ndcg"}, {"hit": "p", "mrr": "mrr"}
"""The names of the figures of sequences of users, and of sessions."""


def evaluate(material: Material, score: Score | None, model: str, watch: Watch) -> dict[str, Any]:
    """Return the figures of *score*, and of both baselines with the same training."""
    taken = counts.popularity(material.train, len(material.catalog))
    near = counts.neighbours(material.train, len(material.catalog))

    def ranked(name: str, scorer: Score) -> dict[str, Any]:
        found = measure(scorer, material.test, taken, material.k, seen=material.seen, watch=watch(name))
        return flat(found, SESSIONS if material.seen else USERS)

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


def lists_of(result: Mapping[str, Any]) -> tuple[list[str], list[tuple[str, dict[str, float]]]]:
    """Return the names of the figures, and each list's name with its figures, for people."""
    lists = [(name, dict(figures)) for name, figures in result["baseline"].items()]
    if "model" in result:
        lists.insert(0, (result["model"], dict(result)))
    names = [name for name in lists[0][1] if "@" in name]
    return names, [(name, {key: figures[key] for key in ("n", *names)}) for name, figures in lists]
