"""Sequences as tensors.

Needs the extra `train`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from models.sequence.data import Numbers
from models.sequence.network import PADDING

GROUPS = 6
"""Of like length that the sequences of a batch are read in, so that little of it is padding."""


def lessons(sequences: Sequence[Numbers], window: int) -> list[Numbers]:
    """Return the newest *window* items of each sequence and what follows them, as tokens; sequences of one teach nothing."""
    return [sequence[-window - 1 :] + 1 for sequence in sequences if len(sequence) > 1]


def batches(rows: Sequence[Numbers], size: int, lot: np.random.Generator) -> Iterator[list[list[Numbers]]]:
    """Yield *rows* in random order, *size* at a time, each batch in groups of like length."""
    order = lot.permutation(len(rows))
    for first in range(0, len(order), size):
        chosen = sorted((rows[n] for n in order[first : first + size]), key=len)
        yield [[chosen[n] for n in group] for group in np.array_split(np.arange(len(chosen)), GROUPS) if len(group)]


def padded(rows: Sequence[Numbers]) -> Any:
    """Return rows of tokens as (rows, longest), with `PADDING` behind them."""
    tokens = np.full((len(rows), max(1, *map(len, rows))), PADDING, np.int64)
    for n, row in enumerate(rows):
        tokens[n, : len(row)] = row
    return torch.from_numpy(tokens)


def read(reader: Any, group: Sequence[Numbers]) -> tuple[Any, Any]:
    """Return the states (places, width) of all places of *group* that something follows, and the items that do."""
    tokens = padded(group).to(reader.items.weight.device)
    following = tokens[:, 1:]
    there = following != PADDING
    return reader(tokens[:, :-1])[there], following[there] - 1


def last(reader: Any, histories: Sequence[Numbers], window: int) -> Any:
    """Return the state (histories, width) after the newest item of each; without any, after padding."""
    tokens = padded([history[-window:] + 1 for history in histories]).to(reader.items.weight.device)
    ends = ((tokens != PADDING).sum(1) - 1).clamp(min=0)
    return reader(tokens)[torch.arange(len(tokens), device=tokens.device), ends]
