"""Trains and exports the interest model: `python -m models.interest.train --data ../shared/data`.

Needs the extra `train`.  Contrastive: the film that a user liked next against all others, each with the logarithm of
its popularity added, so that the vectors need not explain what is merely popular.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import nn

from models.api import Vectors
from models.card import Card, Source, write
from models.embedder.encode import MiniLMEmbedder
from models.export import BATCH, export
from models.interest.data import TRAIN, Question, liked, movies
from models.interest.features import COLUMNS, SHAPES, rows
from models.interest.model import PRIOR, Pool
from models.runtime import start

MOVIELENS = Source(name="MovieLens 100k", origin="RUCAIBox/RecBole", terms="GroupLens research terms", rows=100_000)


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run depends on beside data and code."""

    seed: int = 1
    epochs: int = 6
    batch: int = 256
    rate: float = 0.05
    questions: int = 12
    """Of each user."""
    threads: int = 1


def main(config: Config, vectors: Vectors, questions: Sequence[Question]) -> Any:
    """Return a model trained on *questions* over the items with these *vectors*."""
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    histories = torch.from_numpy(_padded(questions))
    targets = torch.tensor([asked.target for asked in questions])
    popularity = torch.log(torch.bincount(targets, minlength=len(vectors)) + 1.0)
    catalogue = torch.from_numpy(vectors).T
    model = Pool()
    optimizer = torch.optim.Adam(model.parameters(), lr=config.rate)
    for epoch in range(config.epochs):
        total = 0.0
        for chosen in torch.randperm(len(questions)).split(config.batch):
            scores = model(histories[chosen]) @ catalogue * torch.exp(model.sharpness) + popularity
            for row, n in enumerate(chosen.tolist()):
                scores[row, [item for item in questions[n].items if item != questions[n].target]] = -1e9
            loss = nn.functional.cross_entropy(scores, targets[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        print(f"epoch {epoch + 1} loss {total / len(questions):.4f}", flush=True)  # noqa: T201  a command's output
    return model


def save(model: Any, config: Config, size: int, directory: Path) -> None:
    """Write the artefact."""
    example = torch.zeros(2, SHAPES[0], size + len(COLUMNS))
    export(model, example, directory, source="history", targets={"vectors": BATCH})
    learned = {name: round(value.item(), 4) for name, value in model.named_parameters()}
    card = Card(
        name="interest",
        version="1",
        kind="interest",
        about="Vectors of items with kind, age and rank to the vector of what comes next, in the embedder's space.",
        sources=(MOVIELENS,),
        recipe={
            "command": "python -m models.interest.train",
            **msgspec.structs.asdict(config),
            **{f"prior_{kind}": weight for kind, weight in PRIOR.items()},
            **{f"learned_{name}": value for name, value in learned.items()},
        },
        metrics={},
        files={},
        input="history",
        lengths=SHAPES,
        features=COLUMNS,
    )
    write(directory, card)


def _padded(questions: Sequence[Question]) -> Vectors:
    each = [rows(asked.history) for asked in questions]
    padded = np.zeros((len(each), SHAPES[-1], each[0].shape[1]), np.float32)
    for n, row in enumerate(each):
        padded[n, : len(row)] = row
    return padded


def _command() -> None:
    parser = argparse.ArgumentParser(prog="python -m models.interest.train", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the real data")
    parser.add_argument("--embedder", type=Path, default=Path("models/artifacts/embedder"), help="its artefact")
    parser.add_argument("--out", type=Path, default=Path("models/artifacts/interest"), help="folder of the artefact")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=6)
    given = parser.parse_args()
    config = Config(seed=given.seed, epochs=given.epochs)
    ratings = movies(given.data, MiniLMEmbedder(given.embedder, start("cpu", 1)))
    questions = liked(ratings, TRAIN, config.questions, config.seed)
    save(main(config, ratings.vectors, questions), config, ratings.vectors.shape[1], given.out)


if __name__ == "__main__":
    _command()
