"""What makes logits probabilities: a temperature and a bias of each label, found on texts that were not trained on.

Needs the extra `train`.  Training sees rare labels more often than a shop does; the biases take that back (bias-corrected
temperature scaling, Alexandari et al. 2020).
"""

import math
from typing import Any

import msgspec
import numpy as np
import torch
from torch import nn

from models.sentiment.measures import scores

_LIFTS = (1.0, 1.25, 1.5, 1.75, 2.0)
"""By how much neutral may be made likelier than it is, so that what is seldom the likeliest is found at all."""

_STEPS = 100
_PULL = 1e-4
"""Of the biases to zero, so that a label that is not there is not biased away without end."""


class Calibration(msgspec.Struct, frozen=True):
    """Logits over *temperature*, plus the biases; positive has none."""

    temperature: float = 1.0
    negative: float = 0.0
    neutral: float = 0.0

    def apply(self, logits: Any) -> Any:
        """Return *logits* (…, 3) so that their softmax is probabilities."""
        negative, neutral, positive = (logits / self.temperature).unbind(-1)
        return torch.stack([negative + self.negative, neutral + self.neutral, positive], -1)


def calibrate(logits: Any, labels: Any, prior: float = 1.0) -> Calibration:
    """Return what makes *labels* (n,) likeliest given *logits* (n, 3).

    *prior*: 1, labels are as frequent as here; 0, each is as frequent as the others.
    """
    if not len(labels):
        return Calibration()
    cold, biases = torch.zeros(1, requires_grad=True), torch.zeros(2, requires_grad=True)
    frequent = torch.bincount(labels, minlength=logits.shape[1]).clamp(min=1) / len(labels)
    search = torch.optim.LBFGS([cold, biases], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Any:
        search.zero_grad()
        found = logits * cold.exp() + torch.cat([biases, torch.zeros(1)])
        value = nn.functional.cross_entropy(found, labels, weight=frequent ** (prior - 1)) + _PULL * (biases**2).sum()
        value.backward()
        return value

    search.step(loss)
    negative, neutral = biases.tolist()
    return Calibration(1 / cold.exp().item(), negative, neutral)


def lift(calibration: Calibration, logits: Any, labels: Any) -> Calibration:
    """Return *calibration* with neutral made likelier, as far as the macro F1 of *labels* (n,) gains by it."""
    if not len(labels):
        return calibration

    def quality(lifted: Calibration) -> float:
        return scores(_numbers(labels), _numbers(lifted.apply(logits).argmax(1))).macro_f1

    return max((_lifted(calibration, times) for times in _LIFTS), key=quality)


def _lifted(calibration: Calibration, times: float) -> Calibration:
    return msgspec.structs.replace(calibration, neutral=calibration.neutral + math.log(times))


def _numbers(labels: Any) -> Any:
    return labels.numpy().astype(np.int64)
