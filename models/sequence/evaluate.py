"""How good lists are beside what counting knows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from models.sequence import counts
from models.sequence.data import Material
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


def _measured(
    material: Material, taken: Any, k: int, score: Score, watch: Callable[[Sequence[int]], Iterator[int]]
) -> Ranking:
    return measure(score, material.test, taken, k, seen=material.seen, watch=watch)


def table(result: Mapping[str, Any]) -> tuple[list[str], list[tuple[str, dict[str, float]]]]:
    """Return the names of the figures, and each list's name with its figures, for people."""
    lists = [(name, dict(figures)) for name, figures in result["baseline"].items()]
    if "model" in result:
        lists.insert(0, (result["model"], dict(result)))
    names = [name for name in lists[0][1] if "@" in name]
    return names, [(name, {key: figures[key] for key in ("n", *names)}) for name, figures in lists]
