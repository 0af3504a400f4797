"""Whether an artefact says what its run says in torch.

Needs the extra `train`.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from models.load import alone
from models.sentiment.batches import Lesson
from models.sentiment.judge import LABELS
from models.sentiment.labelled import NEUTRAL
from models.sentiment.run import Run
from models.sentiment.train import predicted

_MARKS = 2
"""Tokens of start and end."""


class Agreement(msgspec.Struct, frozen=True):
    """How near an artefact is to torch."""

    texts: int
    labels: float
    """Share that have the same."""
    largest_difference: float
    """Of a polarity, from 0 to 2."""


def compare(run: Run, artifact: Path, texts: Sequence[str]) -> Agreement:
    """Compare on *texts*, of which those are left out that the artefact reads in several windows, or finds no word in."""
    described = run.description
    longest = described.shape.places
    short = [text for text in texts if _MARKS < len(run.tokenizer.encode(text).ids) <= longest]
    judged = alone(described.language, artifact).judge(short, [described.language] * len(short))
    lessons = [Lesson(text, NEUTRAL, neutral=True) for text in short]
    logits = described.calibrations.text.apply(predicted(run.model, run.tokenizer, lessons, longest)[0])
    logits = logits.numpy().astype(np.float64)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    polar = not described.neutral
    found = np.array([it.polarity > 0 if polar else LABELS.index(it.label) for it in judged])
    exact = shares[:, 2] > shares[:, 0] if polar else shares.argmax(1)
    far = 0.0 if polar else float(np.abs(shares[:, 2] - shares[:, 0] - [it.polarity for it in judged]).max(initial=0.0))
    return Agreement(len(short), round(float((found == exact).mean()), 4) if short else 1.0, round(far, 4))
