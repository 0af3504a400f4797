"""A whole course of training: a file of sequences or sessions to an artefact, and how good it is.

Needs the extra `train`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import torch

from models.card import Card, emptied, of_file, version_of, write
from models.export import BATCH, export
from models.runtime import MODEL, start
from models.sequence.data import Material
from models.sequence.evaluate import Watch, against, evaluate
from models.sequence.graph import Lists
from models.sequence.predict import ITEMS, NAME, NextItems
from models.sequence.train import Config, Look, Trained, fit

_LENGTHS = (8, 16)


class Setting(NamedTuple):
    """What a course is about, beside its data."""

    config: Config
    files: tuple[Path, ...]
    command: str
    """That was called, for the card."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    artifact: str
    minutes: float
    looks: int
    weight: float
    """Of counting in the mixture."""
    test: dict[str, Any]
    """As `evaluate` measures."""


def teach(material: Material, setting: Setting, out: Path, tell: Callable[[Look], None], watch: Watch) -> Outcome:
    """Train, choose, export and test; *out* gets the artefact `sequence/`."""
    trained = fit(setting.config, material, tell)
    artifact = out / NAME
    _write(trained, material, setting, artifact)
    model = NextItems(artifact, start("cpu", 2))
    result = evaluate(material, against(model, material.catalog), model.version, watch)
    return Outcome(
        artifact=str(artifact),
        minutes=trained.looks[-1].minutes,
        looks=len(trained.looks),
        weight=trained.mixture.weight,
        test=result,
    )


def _write(trained: Trained, material: Material, setting: Setting, directory: Path) -> None:
    emptied(directory)
    export(
        Lists(trained.reader, trained.mixture, seen=material.seen),
        torch.tensor([[1, 2, 1, 0], [2, 1, 1, 1]]),
        directory,
        source="history",
        targets={"scores": BATCH, "items": BATCH, "values": BATCH},
    )
    (directory / ITEMS).write_text("\n".join(material.catalog.names) + "\n", encoding="utf-8")
    write(
        directory,
        Card(
            name=NAME,
            version=version_of(directory / MODEL),
            kind="sequence",
            about="Numbers of items, oldest first, to the score of each item as the next, and to the best of them.",
            sources=tuple(map(of_file, setting.files)),
            recipe={
                "command": setting.command,
                **{name: +value for name, value in msgspec.structs.asdict(setting.config).items()},
                "mixture_weight": trained.mixture.weight,
                **{f"mixture_{name}": value for name, value in trained.mixture.rule._asdict().items()},
                "looks": len(trained.looks),
                "minutes_trained": trained.looks[-1].minutes,
            },
            metrics={"validation_ndcg": trained.mixture.gain},
            files={},
            input="history",
            lengths=(*(n for n in _LENGTHS if n < setting.config.window), setting.config.window),
        ),
    )
