"""Loads what a worker needs: the one place that knows which model lies in which folder."""

import os
from pathlib import Path
from typing import get_args

from models.api import Models
from models.card import CARD
from models.embedder.encode import MiniLMEmbedder
from models.interest.pool import PooledInterest
from models.runtime import Runtime, start
from models.sentiment.judge import Judge
from models.sequence.predict import NAME, NextItems
from schemas.base import Language

_CALLERS = 2
"""Threads of a judge that is only measured."""


def load(directory: Path, *, provider: str, callers: int) -> Models:
    """Return the models in *directory*, warmed up; `ModelError` names the file and the cure.

    *directory* may name several, as a search path does: the first that has a model gives it.  *provider* is `auto`, `cpu` or
    `cuda`; *callers* threads run them on a CPU.  Each model tells the `provider` it has, in a `note` why that is not what
    was asked for, and the seconds of its `warm_up`.
    """
    runtime = start(provider, callers)
    return Models(
        embedder=MiniLMEmbedder(place(directory, "embedder"), runtime),
        sentiment=sentiment(directory, runtime),
        interest=PooledInterest(place(directory, "interest"), runtime),
        sequence=sequence(directory, runtime),
    )


def sequence(directory: Path, runtime: Runtime) -> NextItems | None:
    """Return the model of what comes next in *directory*; None if there is none, for none ships."""
    folder = place(directory, NAME)
    return NextItems(folder, runtime) if (folder / CARD).is_file() else None


def sentiment(directory: Path, runtime: Runtime, *, partial: bool = False) -> Judge:
    """Return the judge in *directory*; *partial*: of those languages alone that lie there."""
    places: dict[Language, Path] = {at: place(directory, f"sentiment-{at}") for at in get_args(Language)}
    if partial and (there := {at: folder for at, folder in places.items() if (folder / CARD).is_file()}):
        places = there
    return Judge(places, runtime)


def alone(language: Language, folder: Path) -> Judge:
    """Return the judge that the artefact in *folder* makes by itself, on the CPU."""
    return Judge({language: folder}, start("cpu", _CALLERS))


def place(directory: Path, name: str) -> Path:
    """Return the folder of the model *name*: in the first of the folders that has it, or else where it should be."""
    given = folders(directory)
    return next((folder / name for folder in given if (folder / name / CARD).is_file()), given[-1] / name)


def folders(directory: Path) -> list[Path]:
    """Return the folders that *directory* names, in the order in which they are searched."""
    return [Path(folder) for folder in str(directory).split(os.pathsep)]
