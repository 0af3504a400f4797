"""A training run in its folder: weights, tokenizer and what else an export needs.

Needs the extra `train`.
"""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from models.card import ModelError, Source
from models.encoder import Encoder, Shape
from models.sentiment.calibration import Calibration
from models.sentiment.data import Plan
from models.sentiment.judge import TOKENIZER
from models.sentiment.network import Reader
from models.sentiment.train import Config
from schemas.base import Language

DESCRIPTION, WEIGHTS = "run.json", "weights.safetensors"


class Calibrations(msgspec.Struct, frozen=True):
    """Of texts, and of parts of texts."""

    text: Calibration
    part: Calibration


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was."""

    language: Language
    config: Config
    plan: Plan
    shape: Shape
    calibrations: Calibrations
    neutral: bool
    """Whether any of its texts was labelled by who knew neutral."""
    command: str
    sources: tuple[Source, ...]
    lessons: dict[str, int]
    minutes: float
    machine: str
    metrics: dict[str, float] = {}


class Run(NamedTuple):
    """A model as training left it."""

    description: Description
    model: Any
    tokenizer: Tokenizer


def save(folder: Path, run: Run) -> None:
    """Write *run* into *folder*; the description last, so that its existence means complete."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: weight.contiguous() for name, weight in run.model.state_dict().items()}, folder / WEIGHTS)
    run.tokenizer.save(str(folder / TOKENIZER), pretty=False)
    describe(folder, run.description)


def describe(folder: Path, description: Description) -> None:
    """Write what the run in *folder* was."""
    text = msgspec.json.format(msgspec.json.encode(description), indent=2)
    (folder / DESCRIPTION).write_bytes(text + b"\n")


def load(folder: Path) -> Run:
    """Return the run in *folder*."""
    try:
        description = msgspec.json.decode((folder / DESCRIPTION).read_bytes(), type=Description)
    except OSError as error:
        message = (
            f"{folder / DESCRIPTION}: no finished run ({error.strerror}); name the folder `run` that training wrote"
        )
        raise ModelError(message) from error
    except msgspec.DecodeError as error:
        message = f"{folder / DESCRIPTION}: malformed ({error}); train again"
        raise ModelError(message) from error
    with torch.device("cpu"):
        model = Reader(Encoder(description.shape))
    model.load_state_dict(load_file(folder / WEIGHTS))
    return Run(description, model.eval(), Tokenizer.from_file(str(folder / TOKENIZER)))
