"""A trained reader and what counting knows as one graph: histories to scores of all items, and to the first of them.

Needs the extra `train`.
"""

from typing import Any

import numpy as np
import torch
from torch import nn

from models.sequence.counts import DECAY, WINDOW, Neighbours
from models.sequence.mixture import NEAREST, Mixture
from models.sequence.network import PADDING

LISTED = 200
"""Items that the graph lists."""


class Lists(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """Tokens (batch, length) to scores (batch, items), and to the numbers and the scores (batch, listed) of the best, best first."""

    def __init__(self, reader: Any, mixture: Mixture, *, seen: bool) -> None:
        super().__init__()
        self.reader, self.weight, self.seen = reader, mixture.weight, seen
        self.count = min(LISTED, reader.shape.items)
        others, weights = _dense(mixture.near)
        self.register_buffer("others", torch.from_numpy(others))
        self.register_buffer("near", torch.from_numpy(weights))
        self.register_buffer("ages", torch.arange(WINDOW))
        self.register_buffer("fading", DECAY ** torch.arange(WINDOW, dtype=torch.float32))

    def forward(self, tokens: Any) -> tuple[Any, Any, Any]:
        """Mix, leave out what was had unless it may come again, and list."""
        ends = (tokens != PADDING).sum(1, keepdim=True) - 1
        states = self.reader(tokens)
        newest = ends.clamp(min=0)[:, :, None].expand(-1, -1, states.shape[2])
        state = states.gather(1, newest)[:, 0]
        shares = (state @ self.reader.vectors().T).softmax(1)
        counted = self._counted(tokens, ends, shares)
        total = counted.sum(1, keepdim=True)
        own = self.weight * (total > 0).to(shares.dtype)
        scores = (1 - own) * shares + own * counted / total.clamp(min=1e-12)
        if not self.seen:
            had = torch.zeros_like(torch.cat([scores[:, :1], scores], 1)).scatter(1, tokens, 1.0)[:, 1:]
            scores = scores - 2 * had
        values, items = scores.topk(self.count, dim=1)
        return scores, items, values

    def _counted(self, tokens: Any, ends: Any, shares: Any) -> Any:
        places = ends - self.ages
        recent = tokens.gather(1, places.clamp(min=0))
        there = ((places >= 0) & (recent != PADDING)).to(shares.dtype) * self.fading
        numbers = (recent - 1).clamp(min=0)
        weights = self.near[numbers] * there[:, :, None]
        return torch.zeros_like(shares).scatter_add(1, self.others[numbers].flatten(1), weights.flatten(1))


def _dense(near: Neighbours) -> tuple[Any, Any]:
    """Return neighbours as tables (items, NEAREST), with weight 0 where there are fewer."""
    items = len(near.starts) - 1
    rows = np.repeat(np.arange(items), np.diff(near.starts))
    place = np.arange(len(rows)) - near.starts[rows]
    others, weights = np.zeros((items, NEAREST), np.int64), np.zeros((items, NEAREST), np.float32)
    others[rows, place], weights[rows, place] = near.others, near.weights
    return others, weights
