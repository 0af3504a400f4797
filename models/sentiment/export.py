"""A run to the artefact that workers load.

Needs the extra `train`.
"""

from pathlib import Path
from typing import Any, Literal

import msgspec
import torch
from torch import nn

from models.card import Card, emptied, version_of, write
from models.export import BATCH, POSITIONS, export
from models.runtime import MODEL
from models.sentiment.judge import LABELS, TOKENIZER
from models.sentiment.network import CLASSES
from models.sentiment.run import Calibrations, Description, Run

Weights = Literal["float32", "float16", "int8", "int4"]
BITS: dict[Weights, int] = {"int8": 8, "int4": 4}

LENGTHS = (16, 32, 64, 128, 256)
"""Tokens of the shapes that a GPU runs."""

ROWS = 4
"""Texts are padded to a multiple of so many tokens: ONNX Runtime's products of int8 go by two or four rows, and compute those that
are left over in another way, so that a text alone would differ by up to .02 from the same text in a batch."""

NEUTRAL_AT_ZERO, NEUTRAL_WIDTH = 0.5, 0.8
"""Where nobody labelled neutral: how likely it is where positive and negative are level, and the log-odds at which that has faded to 1/e."""


class Answers(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """A reader with its calibrations: probabilities of negative, neutral, positive for a text, logits for each word."""

    def __init__(self, model: Any, calibrations: Calibrations, *, neutral: bool) -> None:
        super().__init__()
        self.model, self.calibrations, self.neutral = model, calibrations, neutral

    def forward(self, ids: Any) -> tuple[Any, Any]:
        """Return (batch, 3) and (batch, length, 3)."""
        length = ids.shape[1]
        text, words = self.model(nn.functional.pad(ids, (0, (ROWS - length % ROWS) % ROWS)))
        words = self.calibrations.part.apply(words[:, :length])
        text = self.calibrations.text.apply(text)
        shares = torch.softmax(text, -1) if self.neutral else with_neutral(text[:, 2] - text[:, 0])
        return shares, words


def with_neutral(odds: Any) -> Any:
    """Spread log-odds (batch,) over three classes: neutral is a band around even odds, a convention."""
    neutral = NEUTRAL_AT_ZERO * torch.exp(-((odds / NEUTRAL_WIDTH) ** 2))
    negative, positive = (torch.sigmoid(side) * (1 - neutral) for side in (-odds, odds))
    return torch.stack([negative, neutral, positive], 1)


def write_artifact(run: Run, directory: Path, weights: Weights, version: str = "") -> None:
    """Write *run* as an artefact with its card into *directory*; without a *version* the model's hash begins one."""
    described = run.description
    emptied(directory)
    export(
        Answers(run.model, described.calibrations, neutral=described.neutral),
        torch.tensor([[1, 2, 3, 4], [1, 2, 3, 0]]),
        directory,
        source="ids",
        targets={"probabilities": BATCH, "words": POSITIONS},
        block=described.config.block if weights in BITS else None,
        bits=BITS.get(weights, 8),
        half=weights == "float16",
    )
    run.tokenizer.save(str(directory / TOKENIZER), pretty=False)
    recipe: dict[str, str | int | float] = {
        "command": described.command,
        "language": described.language,
        "weights": weights,
        "outputs": CLASSES,
        "minutes": described.minutes,
        "machine": described.machine,
        **{f"lessons_{part}": count for part, count in described.lessons.items()},
        **{
            f"{of}_{name}": round(value, 4)
            for of, calibration in msgspec.to_builtins(described.calibrations).items()
            for name, value in calibration.items()
        },
        **msgspec.to_builtins(described.config),
        **{f"data_{name}": +value if isinstance(value, bool) else value for name, value in _plan(described).items()},
    }
    about = "Word pieces of a text to probabilities, and of each piece to logits; "
    write(
        directory,
        Card(
            name=f"sentiment-{described.language}",
            version=version or version_of(directory / MODEL),
            kind="sentiment",
            about=about + ("trained." if described.neutral else "neutral is where it does not know."),
            sources=described.sources,
            recipe=recipe,
            metrics=described.metrics,
            files={},
            input="ids",
            lengths=LENGTHS,
            labels=LABELS,
        ),
    )


def _plan(described: Description) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(described.plan).items() if name != "language"}
