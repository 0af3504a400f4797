"""Measures the shipped interest model: `python -m models.interest.evaluate --data ../shared/data [--write]`.

The film that a test user liked next, ranked among all that the user has not seen, by nearness to one vector.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from models.api import History, Vectors
from models.card import read, write
from models.embedder.encode import MiniLMEmbedder
from models.interest.data import TEST, Question, liked, movies, ranks
from models.interest.pool import PooledInterest
from models.runtime import start

EACH, SEED = 10, 7
"""Questions to a user, and their seed."""

BASELINES: dict[str, Callable[[History], Vectors]] = {
    "mean": lambda history: history.vectors.mean(0),
    "last": lambda history: history.vectors[-1],
    "mean_of_last_4": lambda history: history.vectors[-4:].mean(0),
}


def measure(items: Vectors, queries: Vectors, questions: Sequence[Question]) -> dict[str, float]:
    """Return shares of targets among the first 10 and 50, and NDCG@10."""
    found = ranks(items, queries, questions)
    gains = np.where(found < 10, 1 / np.log2(found + 2), 0)  # noqa: PLR2004  @10
    return {
        "hit_at_10": round(float((found < 10).mean()), 4),  # noqa: PLR2004  @10
        "hit_at_50": round(float((found < 50).mean()), 4),  # noqa: PLR2004  @50
        "ndcg_at_10": round(float(gains.mean()), 4),
    }


def main(data: Path, artifacts: Path) -> dict[str, dict[str, float]]:
    """Return the measures of the model and of the baselines."""
    runtime = start("cpu", 1)
    ratings = movies(data, MiniLMEmbedder(artifacts / "embedder", runtime))
    questions = liked(ratings, TEST, EACH, SEED)
    model = PooledInterest(artifacts / "interest", runtime)
    results = {"model": measure(ratings.vectors, model.vectors([asked.history for asked in questions]), questions)}
    for name, baseline in BASELINES.items():
        queries = np.stack([baseline(asked.history) for asked in questions])
        results[name] = measure(ratings.vectors, queries, questions)
    return {**results, "questions": {"count": len(questions)}}


def _command() -> None:
    parser = argparse.ArgumentParser(prog="python -m models.interest.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the real data")
    parser.add_argument("--artifacts", type=Path, default=Path("models/artifacts"), help="folder of the artefacts")
    parser.add_argument("--write", action="store_true", help="write the measures into the card")
    given = parser.parse_args()
    results = main(given.data, given.artifacts)
    for name, measures in results.items():
        print(name, *(f"{key} {value}" for key, value in measures.items()))  # noqa: T201  a command's output
    if given.write:
        directory = given.artifacts / "interest"
        flat = {f"{name}_{key}": value for name, measures in results.items() for key, value in measures.items()}
        write(directory, replace(read(directory), metrics=flat))


if __name__ == "__main__":
    _command()
