"""Loads what a worker needs: the one place that knows which model lies in which folder."""

from pathlib import Path

from models.api import Models
from models.embedder.encode import MiniLMEmbedder
from models.interest.pool import PooledInterest
from models.runtime import start
from models.sentiment.judge import Judge


def load(directory: Path, *, provider: str, callers: int) -> Models:
    """Return the models in *directory*, warmed up; `ModelError` names the file and the cure.

    *provider* is `auto`, `cpu` or `cuda`; *callers* threads run them on a CPU.  Each model tells the `provider` it has,
    in a `note` why that is not what was asked for, and the seconds of its `warm_up`.
    """
    runtime = start(provider, callers)
    return Models(
        embedder=MiniLMEmbedder(directory / "embedder", runtime),
        sentiment=Judge(directory / "sentiment-en", directory / "sentiment-zh", runtime),
        interest=PooledInterest(directory / "interest", runtime),
    )
