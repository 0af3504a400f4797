"""Loads what a worker needs: the one place that knows which model lies in which folder."""

from pathlib import Path
from typing import NamedTuple

from models.api import Models
from models.embedder.encode import MiniLMEmbedder
from models.interest.pool import PooledInterest
from models.runtime import Scorer, start
from models.sentiment.judge import Judge


class Loaded(NamedTuple):
    """A model that was loaded, for the log and the metrics."""

    model: str
    """`name@version`."""
    provider: str
    """What it runs on."""
    note: str
    """Why that is not what was asked for; empty if it is."""
    warm_up_seconds: float


def load(directory: Path, *, provider: str, callers: int) -> Models:
    """Return the models in *directory*, warmed up; `ModelError` names the file and the cure.

    *provider* is `auto`, `cpu` or `cuda`; *callers* threads run them on a CPU.  `report` says where they run.
    """
    runtime = start(provider, callers)
    return Models(
        embedder=MiniLMEmbedder(directory / "embedder", runtime),
        sentiment=Judge(directory / "sentiment-en", directory / "sentiment-zh", runtime),
        interest=PooledInterest(directory / "interest", runtime),
    )


def report(models: Models) -> list[Loaded]:
    """Return where each of *models* runs; models that were not loaded from artefacts are left out."""
    return [
        Loaded(scorer.card.id, scorer.provider, scorer.note, scorer.warm_up_seconds)
        for model in models
        for scorer in _scorers(model)
    ]


def _scorers(model: object) -> list[Scorer]:
    if isinstance(model, Judge):
        return list(model.scorers.values())
    return [model.scorer] if isinstance(model, MiniLMEmbedder | PooledInterest) else []
