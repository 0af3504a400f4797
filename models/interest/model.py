"""Pools a history into one vector: few parameters, so that what is learned on one catalogue holds for any other.

Needs the extra `train`.
"""

from typing import Any

import torch
from torch import nn

from models.interest.features import COLUMNS, KINDS

PRIOR = {
    "view": 1.0,
    "click": 1.5,
    "add_to_cart": 3.0,
    "purchase": 4.0,
    "search": 1.5,
    "like": 4.0,
    "dislike": -1.5,
}
"""How much each kind says: not learned, since open data with texts know only ratings."""

AVERSION = 0.3
"""How far the vector leans away from what was disliked; not learned either: people rate also what they dislike."""


class Pool(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """Rows of `features.rows` (batch, length, size + columns) to vectors (batch, size) of length 1."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("prior", torch.tensor([PRIOR[kind] for kind in KINDS]))
        self.aging = nn.Parameter(torch.tensor(-3.0))
        self.ranking = nn.Parameter(torch.tensor(-1.0))
        self.agreement = nn.Parameter(torch.tensor(1.0))
        self.newest = nn.Parameter(torch.tensor(-1.0))
        self.sharpness = nn.Parameter(torch.tensor(2.5))
        """Of the softmax over items while training; not part of the graph."""

    def forward(self, history: Any) -> Any:
        """Weigh by kind, age and rank; then by how well each agrees with the rest; lean away from what was disliked."""
        vectors, columns = history[..., : -len(COLUMNS)], history[..., -len(COLUMNS) :]
        kind = columns[..., : len(KINDS)] @ self.prior
        soft = nn.functional.softplus
        fresh = torch.exp(-soft(self.aging) * columns[..., -2] - soft(self.ranking) * columns[..., -1])
        good, bad = kind.clamp(min=0) * fresh, (-kind).clamp(min=0) * fresh
        focus = _unit(_sum(good, vectors))
        likeness = (vectors * focus[:, None]).sum(-1)
        wanted = _mean(good * torch.exp(self.agreement * likeness), vectors)
        latest = _mean(good * torch.exp(-3.0 * columns[..., -1]), vectors)
        unwanted = AVERSION * _mean(bad, vectors) * (bad.sum(-1) / (good.sum(-1) + bad.sum(-1) + TINY))[:, None]
        return _unit(wanted + soft(self.newest) * latest - unwanted)


TINY = 1e-6


def _sum(weights: Any, vectors: Any) -> Any:
    return (weights[..., None] * vectors).sum(1)


def _mean(weights: Any, vectors: Any) -> Any:
    return _sum(weights, vectors) / (weights.sum(-1, keepdim=True) + TINY)


def _unit(vectors: Any) -> Any:
    return vectors / (vectors.norm(dim=-1, keepdim=True) + TINY)
