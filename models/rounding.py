"""Training with the weights that will ship: rounded to 4 or 8 bits, while gradients flow as if they were not.

Needs the extra `train`.  What is trained so loses nothing when it is compressed (Jacob et al. 2018, straight-through).
"""

from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize


class Rounded(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """A weight (rows, columns) to the nearest that `compress.steps` can tell."""

    def __init__(self, block: int, bits: int) -> None:
        super().__init__()
        self.block, self.last = block, (1 << (bits - 1)) - 1

    def forward(self, weight: Any) -> Any:
        """Return the rounded weight, whose gradient is that of the weight."""
        blocks = nn.functional.pad(weight.detach(), (0, -weight.shape[1] % self.block)).unflatten(1, (-1, self.block))
        scales = blocks.abs().amax(2, keepdim=True).clamp(min=1e-12) / self.last
        rounded = ((blocks / scales).round() * scales).flatten(1)[:, : weight.shape[1]]
        return weight + (rounded - weight.detach())


def round_products(model: Any, *, block: int, bits: int, smallest: int) -> None:
    """Round the weights of all products of *model* with *smallest* elements or more, whenever they are used."""
    for module in model.modules():
        if isinstance(module, nn.Linear) and module.weight.numel() >= smallest:
            parametrize.register_parametrization(module, "weight", Rounded(block, bits))


def round_table(embedding: Any, *, block: int) -> None:
    """Round a table to 4 bits for good, and train it no more."""
    with torch.no_grad():
        embedding.weight.copy_(Rounded(block, 4)(embedding.weight))
    embedding.weight.requires_grad_(requires_grad=False)


def settle(model: Any) -> None:
    """Make rounded weights the weights."""
    for module in model.modules():
        if isinstance(module, nn.Linear) and parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
