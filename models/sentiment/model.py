"""The two classifiers in torch: token ids (batch, length; 0 is padding) to three logits.

Needs the extra `train`.
"""

from typing import Any

import torch
from torch import nn

from models.minilm import WIDTH, pretrained
from models.sentiment.characters import SYMBOLS

CLASSES = 3

NEUTRAL_AT_ZERO, NEUTRAL_WIDTH = 0.6, 1.2
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
    """Characters, a window of 3 and one of 5 over them, the strongest and the mean answer of each, a linear head.

    It learns positive against negative; neutral is the band where it does not know (a convention, not learned).
    """

    def __init__(self, width: int = 96, channels: int = 160, dropout: float = 0.4) -> None:
        super().__init__()
        self.symbols = nn.Embedding(SYMBOLS, width, padding_idx=0)
        self.windows = nn.ModuleList(nn.Conv1d(width, channels, size, padding=size // 2) for size in (2, 3, 5))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels * 6, 1)

    def odds(self, ids: Any) -> Any:
        """Return the log-odds (batch,) that the text is positive."""
        mask = (ids != 0).to(self.symbols.weight.dtype)[:, None]
        x = self.dropout(self.symbols(ids)).transpose(1, 2) * mask
        answers = [nn.functional.relu(window(x)[:, :, : ids.shape[1]]) * mask for window in self.windows]
        means = [answer.sum(2) / mask.sum(2).clamp(min=1.0) for answer in answers]
        return self.head(self.dropout(torch.cat([*(answer.amax(2) for answer in answers), *means], 1)))[:, 0]

    def forward(self, ids: Any) -> Any:
        """Return log-probabilities of negative, neutral, positive."""
        return with_neutral(self.odds(ids))


def with_neutral(odds: Any) -> Any:
    """Spread log-odds (batch,) over three classes: log-probabilities (batch, 3)."""
    neutral = NEUTRAL_AT_ZERO * torch.exp(-((odds / NEUTRAL_WIDTH) ** 2))
    sides = torch.stack([torch.sigmoid(-odds), torch.sigmoid(odds)], 1) * (1 - neutral)[:, None]
    return torch.log(torch.stack([sides[:, 0], neutral, sides[:, 1]], 1).clamp(min=1e-9))
