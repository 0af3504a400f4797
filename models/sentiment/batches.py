"""Training texts as tensors.

Needs the extra `train`.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from tokenizers import Encoding, Tokenizer
from torch import nn

from models.encoder import mean
from models.sentiment.clean import clean
from models.sentiment.labelled import NEUTRAL
from models.sentiment.network import CLASSES


class Lesson(NamedTuple):
    """A text, or a part of it, and what is said of it."""

    text: str
    label: int
    neutral: bool
    """Whether who labelled it knew neutral."""
    start: int = -1
    """Of the part, in characters; -1: the whole text is meant."""
    end: int = -1


class Lessons(torch.utils.data.Dataset):  # type: ignore[misc]  # torch is not installed where types are checked
    """Lessons as rows; a long text is cut at *longest* tokens, around its part if it has one."""

    def __init__(self, lessons: Sequence[Lesson], tokenizer: Tokenizer, longest: int) -> None:
        self.rows = [row(lesson, tokenizer, longest) for lesson in lessons]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, n: int) -> dict[str, Any]:
        return self.rows[n]


def row(lesson: Lesson, tokenizer: Tokenizer, longest: int) -> dict[str, Any]:
    """Return what the model takes of a lesson."""
    encoding = tokenizer.encode(clean(lesson.text))
    part = covered(encoding, lesson.start, lesson.end) if lesson.start >= 0 else []
    ids, first = encoding.ids, 0
    if len(ids) > longest:
        first = max(0, min((part[0] if part else 0) - longest // 2, len(ids) - longest)) if part else 0
        ids = [ids[0], *ids[first + 1 : first + longest - 1], ids[-1]]
    weights = np.zeros(len(ids), np.float32)
    weights[[n - first for n in part if 0 <= n - first < len(ids)]] = 1.0
    return {
        "input_ids": ids,
        "weights": weights,
        "labels": lesson.label,
        "neutral": lesson.neutral,
        "part": bool(weights.any()),
    }


def covered(encoding: Encoding, start: int, end: int) -> list[int]:
    """Return which tokens lie in the characters from *start* to *end*."""
    return [n for n, (first, last) in enumerate(encoding.offsets) if first < end and last > start]


def stack(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return rows as one batch, padded with 0."""
    length = max(len(row["input_ids"]) for row in rows)
    ids, weights = np.zeros((len(rows), length), np.int64), np.zeros((len(rows), length), np.float32)
    for n, row_ in enumerate(rows):
        ids[n, : len(row_["input_ids"])] = row_["input_ids"]
        weights[n, : len(row_["weights"])] = row_["weights"]
    return {
        "input_ids": torch.from_numpy(ids),
        "weights": torch.from_numpy(weights),
        "labels": torch.tensor([row_["labels"] for row_ in rows]),
        "neutral": torch.tensor([row_["neutral"] for row_ in rows]),
        "part": torch.tensor([row_["part"] for row_ in rows]),
    }


def logits(model: Callable[[Any], tuple[Any, Any]], batch: dict[str, Any]) -> Any:
    """Return the logits (batch, 3) of what each row asks of: its text, or its part.

    Neutral is out of reach where the label's author did not know it.
    """
    of_text, of_words = model(batch["input_ids"])
    asked = torch.where(batch["part"][:, None], mean(of_words.float(), batch["weights"]), of_text.float())
    unknown = nn.functional.one_hot(torch.tensor(NEUTRAL), CLASSES).to(asked.device) * ~batch["neutral"][:, None]
    return asked.masked_fill(unknown.bool(), -1e4)
