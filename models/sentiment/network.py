"""The classifier in torch: token ids to what a text says as a whole, and of each of its words.

Needs the extra `train`.
"""

from typing import Any

import torch
from torch import nn

from models.encoder import mask, mean

CLASSES = 3


class Head(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """States to logits of negative, neutral, positive, each state by itself."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.hidden, self.last = nn.Linear(width, width), nn.Linear(width, CLASSES)

    def forward(self, states: Any) -> Any:
        """Return (…, 3)."""
        return self.last(self.dropout(torch.tanh(self.hidden(self.dropout(states)))))


class Reader(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """An encoder with two heads: one reads the mean of a text's states, the other each state."""

    def __init__(self, encoder: Any, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.text, self.word = (Head(encoder.shape.width, dropout) for _ in range(2))

    def forward(self, ids: Any) -> tuple[Any, Any]:
        """Return logits of texts (batch, 3) and of words (batch, length, 3).

        What is said of a part of a text is the mean of the logits of its words.
        """
        states = self.encoder(ids)
        return self.text(mean(states, mask(ids))), self.word(states)
