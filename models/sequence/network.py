"""The reader of sequences in torch: items to what its reader would take next, at every place of a sequence.

Needs the extra `train`.  Self-attention (SASRec, Kang and McAuley 2018) beside a frequency filter (BSARec, Shin et al. 2024)
whose cut looks back only, so that every place of a sequence can be learnt from at once.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import nn

PADDING = 0
"""Stands behind a sequence; the token of an item is its number plus one."""
_NEVER = -1e9


class Shape(NamedTuple):
    """How large a reader is."""

    items: int
    width: int = 128
    layers: int = 2
    heads: int = 2
    inner: int = 256
    window: int = 50
    """Newest items that are read."""
    kept: int = 5
    """Lowest frequencies of a window that the filter keeps."""
    share: float = 0.7
    """Of the filter in a layer's output; the rest is attention's."""


def filter_back(window: int, kept: int) -> Any:
    """Return (window, window): what each place keeps of itself and those before it if only *kept* low frequencies stay.

    The row of the last place is that of the real Fourier transform over the whole window, cut and transformed back;
    the others are the same row moved, with nothing before the start.
    """
    steps = torch.arange(window, dtype=torch.float64)
    waves = torch.arange(1, kept, dtype=torch.float64)
    taps = (1 + 2 * torch.cos(2 * math.pi * waves[:, None] * steps / window).sum(0)) / window
    distance = steps[:, None].long() - steps.long()
    return torch.where(distance >= 0, taps[distance.clamp(min=0)], 0.0).float()


class Layer(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """Attention and filter side by side, then a feed-forward net, each added to its input and normalised."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.heads, self.share = shape.heads, shape.share
        self.asked, self.mix = nn.Linear(shape.width, 3 * shape.width), nn.Linear(shape.width, shape.width)
        self.distance = nn.Parameter(torch.zeros(shape.heads, shape.window))
        self.high = nn.Parameter(torch.zeros(shape.width))
        self.attended, self.filtered, self.fed = (nn.LayerNorm(shape.width) for _ in range(3))
        self.up, self.down = nn.Linear(shape.width, shape.inner), nn.Linear(shape.inner, shape.width)
        self.dropout = nn.Dropout(dropout)
        apart = torch.arange(shape.window)[:, None] - torch.arange(shape.window)
        self.register_buffer("apart", apart.clamp(min=0), persistent=False)
        self.register_buffer("later", torch.where(apart < 0, _NEVER, 0.0), persistent=False)
        self.register_buffer("low", filter_back(shape.window, shape.kept), persistent=False)

    def forward(self, x: Any) -> Any:
        """Return *x* (batch, length, width) one layer later; no place knows of later ones."""
        length = x.shape[1]
        query, key, value = self.asked(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        bias = (self.distance[:, self.apart] + self.later)[:, :length, :length]
        weights = self.dropout((query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5 + bias).softmax(-1))
        mixed = self.mix((weights @ value).transpose(1, 2).flatten(2))
        low = self.low[:length, :length] @ x
        whole = low + self.high**2 * (x - low)
        seen = self.attended(x + self.dropout(mixed))
        heard = self.filtered(x + self.dropout(whole))
        x = self.share * heard + (1 - self.share) * seen
        return self.fed(x + self.dropout(self.down(nn.functional.gelu(self.up(x)))))


class Reader(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """Tokens (batch, length) to a state for each; the product of a state and an item's vector is its log-odds of coming next."""

    def __init__(self, shape: Shape, dropout: float = 0.5) -> None:
        super().__init__()
        self.shape = shape
        self.items = nn.Embedding(shape.items + 1, shape.width, padding_idx=PADDING)
        nn.init.normal_(self.items.weight, std=0.02)
        self.start = nn.LayerNorm(shape.width)
        self.layers = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.layers))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Any) -> Any:
        """Return (batch, length, width); states of padding mean nothing."""
        x = self.dropout(self.start(self.items(tokens)))
        for layer in self.layers:
            x = layer(x)
        return x

    def vectors(self) -> Any:
        """Return the vectors of the items (items, width)."""
        return self.items.weight[1:]
