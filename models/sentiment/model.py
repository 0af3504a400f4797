"""The two classifiers in torch: token ids (batch, length; 0 is padding) to three logits.

Needs the extra `train`.
"""

from typing import Any

import torch
from torch import nn

from models.minilm import WIDTH, pretrained
from models.sentiment.grams import SYMBOLS

CLASSES = 3

NEUTRAL_AT_ZERO, NEUTRAL_WIDTH = 0.5, 0.8
"""How likely neutral is where positive and negative are level, and the log-odds at which that has faded to 1/e."""


class English(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """MiniLM and a linear head."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = pretrained(dropout)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, ids: Any) -> Any:
        """Return logits of negative, neutral, positive."""
        return self.head(self.dropout(self.encoder(ids)))


class Chinese(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """A weight for each run of characters (`grams`); their sum over the root of their number.

    It learns positive against negative; neutral is the band where it does not know (a convention, not learned).
    """

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Embedding(SYMBOLS, 1, padding_idx=0)
        self.head = nn.Linear(1, 1)
        nn.init.zeros_(self.weights.weight)
        nn.init.ones_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def odds(self, ids: Any) -> Any:
        """Return the log-odds (batch,) that the text is positive."""
        count = (ids != 0).to(self.weights.weight.dtype).sum(1, keepdim=True)
        return self.head(self.weights(ids).sum(1) / count.clamp(min=1.0).sqrt())[:, 0]

    def forward(self, ids: Any) -> Any:
        """Return log-probabilities of negative, neutral, positive."""
        return with_neutral(self.odds(ids))


def with_neutral(odds: Any) -> Any:
    """Spread log-odds (batch,) over three classes: log-probabilities (batch, 3)."""
    neutral = NEUTRAL_AT_ZERO * torch.exp(-((odds / NEUTRAL_WIDTH) ** 2))
    sides = torch.stack([torch.sigmoid(-odds), torch.sigmoid(odds)], 1) * (1 - neutral)[:, None]
    return torch.log(torch.stack([sides[:, 0], neutral, sides[:, 1]], 1).clamp(min=1e-9))
