"""Trains a reader of sequences within so many minutes.

Needs the extra `train`.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import msgspec
import numpy as np
import torch

from models.api import Vectors
from models.card import ModelError
from models.sequence.batches import batches, last, lessons, read
from models.sequence.counts import popularity
from models.sequence.data import Material, Numbers, Question
from models.sequence.mixture import Mixture, choose
from models.sequence.network import Reader, Shape
from models.sequence.ranked import Score, measure
from models.sequence.softmax import loss

_ASKED = 4_096
"""Questions of validation that are chosen by."""
_LOOKS = 10
"""How often validation is asked during training."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that a run depends on beside data and code."""

    minutes: float = 10.0
    """Of training, whose rate falls to nothing by then."""
    epochs: float = 0.0
    """Passes over the data instead of minutes, so that a run can be repeated to the bit; 0: minutes count."""
    seed: int = 1
    width: int = 128
    layers: int = 2
    heads: int = 2
    inner: int = 256
    window: int = 50
    """Newest items that are read."""
    kept: int = 5
    """Low frequencies that the filter keeps."""
    share: float = 0.7
    """Of the filter in a layer."""
    dropout: float = 0.5
    rate: float = 2e-3
    """Peak learning rate."""
    warm_up: int = 200
    """Steps."""
    batch: int = 256
    """Sequences."""
    half: bool = True
    """Products of the output in bfloat16: about twice as fast where the processor has AVX512-BF16 or AMX, slower elsewhere."""
    threads: int = 0
    """Of the CPU; 0: torch's own choice."""


class Look(NamedTuple):
    """How far a run was, and how good."""

    minutes: float
    epoch: float
    loss: float
    """Mean since the look before."""
    gain: float
    """Mean gain (NDCG) on validation."""


class Trained(NamedTuple):
    """A reader at its best look, and the counting that stands beside it."""

    reader: Any
    mixture: Mixture
    looks: list[Look]


def fit(config: Config, material: Material, tell: Callable[[Look], None]) -> Trained:
    """Train on *material*; keep the look with the greatest gain on validation, and choose the mixture there.

    `ModelError` if nothing in it follows anything.
    """
    rows = lessons(material.train, config.window)
    if not rows:
        message = "no sequence has two items to learn from, beside those that are held out; give longer ones"
        raise ModelError(message)
    torch.manual_seed(config.seed)
    if config.threads:
        torch.set_num_threads(config.threads)
    shape = Shape(len(material.catalog), *(getattr(config, name) for name in Shape._fields[1:]))
    reader = Reader(shape, config.dropout).to("cuda" if torch.cuda.is_available() else "cpu")
    asked = _sample(material.validation, config.seed)
    taken = popularity(material.train, len(material.catalog))
    looks: list[Look] = []
    best, state = -math.inf, deepcopy(reader.state_dict())
    for minutes, epoch, mean in _steps(config, reader, rows):
        gain = measure(shares(reader), asked, taken, material.k, seen=material.seen).overall.ndcg if asked else -mean
        looks.append(Look(round(minutes, 2), round(epoch, 2), round(mean, 4), gain))
        tell(looks[-1])
        if gain > best:
            best, state = gain, deepcopy(reader.state_dict())
    reader.load_state_dict(state)
    mixture = choose(shares(reader), material.train, asked, len(material.catalog), material.k, seen=material.seen)
    return Trained(reader.eval().cpu(), mixture, looks)


def shares(reader: Any) -> Score:
    """Return what scores histories by the shares (histories, items) that the items have of what comes next."""

    def score(histories: Sequence[Numbers]) -> Vectors:
        reader.eval()
        with torch.no_grad():
            found = last(reader, histories, reader.shape.window) @ reader.vectors().T
            probabilities: Vectors = found.softmax(1).cpu().numpy()
        return probabilities

    return score


def _steps(config: Config, reader: Any, rows: Sequence[Numbers]) -> Iterator[tuple[float, float, float]]:
    """Train; stop at each look, and yield minutes, epochs, and the mean loss since the one before."""
    lot = np.random.default_rng(config.seed)
    optimizer = torch.optim.AdamW(reader.parameters(), lr=config.rate, weight_decay=0.0)
    started, step, total, count, looked = time.monotonic(), 0, 0.0, 0, 0
    each = math.ceil(len(rows) / config.batch)
    done = 0.0
    while done < 1:
        for groups in batches(rows, config.batch, lot):
            step += 1
            for options in optimizer.param_groups:
                options["lr"] = config.rate * min(1.0, step / config.warm_up) * (1 + math.cos(math.pi * done)) / 2
            total += _step(reader, optimizer, groups, half=config.half)
            count += 1
            minutes = (time.monotonic() - started) / 60
            done = min(1.0, step / (each * config.epochs) if config.epochs else minutes / config.minutes)
            if done * _LOOKS >= looked + 1:
                looked = int(done * _LOOKS)
                yield minutes, step / each, total / count
                total, count = 0.0, 0
            if done >= 1:
                break


def _step(reader: Any, optimizer: Any, groups: Sequence[Sequence[Numbers]], *, half: bool) -> float:
    reader.train()
    found = [read(reader, group) for group in groups]
    states, targets = (torch.cat(parts) for parts in zip(*found, strict=True))
    value = loss(states, reader.vectors(), targets, half=half)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    result: float = value.item()
    return result


def _sample(questions: Sequence[Question], seed: int) -> list[Question]:
    chosen = np.random.default_rng(seed).permutation(len(questions))[:_ASKED]
    return [questions[n] for n in sorted(chosen)]
