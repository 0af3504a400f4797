"""Trains a sentiment model: `python -m models.sentiment.train en --data ../shared/data`.

Needs the extra `train`.  Weights go to `runs/sentiment-en.pt`, which `models.sentiment.export` makes an artefact of.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn

from models.minilm import folder
from models.sentiment.data import POSITIVE, Example, chinese, english
from models.sentiment.grams import grams, points
from models.sentiment.model import Chinese, English

Numbers = NDArray[np.int64]
Language = Literal["en", "zh"]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run depends on beside data and code."""

    language: Language
    seed: int = 1
    epochs: int = 2
    batch: int = 32
    rate: float = 1e-4
    """Peak learning rate of the body; the head's is ten times that."""
    longest: int = 128
    """Tokens or characters that training sees of a text."""
    threads: int = 2


DEFAULTS = {
    "en": Config(language="en"),
    "zh": Config(language="zh", epochs=2, batch=256, rate=0.02, longest=512),
}


def main(config: Config, train: Sequence[Example], held_out: Sequence[Example]) -> dict[str, Any]:
    """Train on *train*; return the weights and the temperature that fits *held_out* best."""
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    model = English() if config.language == "en" else Chinese()
    encode = encoder(config.language, config.longest)
    rows, labels = [encode(example.text) for example in train], [example.label for example in train]
    head = list(model.head.parameters())
    body = [p for p in model.parameters() if all(p is not q for q in head)]
    optimizer = torch.optim.AdamW([{"params": body}, {"params": head}], weight_decay=0.01)
    steps, step, started = config.epochs * sum(1 for _ in batches(rows, config.batch, 0)), 0, time.monotonic()
    for epoch in range(config.epochs):
        model.train()
        total = 0.0
        for chosen in batches(rows, config.batch, config.seed + epoch):
            share = min((step + 1) / (0.1 * steps), (steps - step) / (0.9 * steps))
            for group, scale in zip(optimizer.param_groups, (1, 10 if config.language == "en" else 1), strict=True):
                group["lr"] = config.rate * scale * share
            step += 1
            with torch.autocast("cpu", torch.bfloat16, enabled=config.language == "en"):
                loss = _loss(model, pad([rows[n] for n in chosen]), torch.tensor([labels[n] for n in chosen]))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item()
            if step % 50 == 0:
                print(f"step {step}/{steps} loss {loss.item():.3f} {time.monotonic() - started:.0f} s", flush=True)  # noqa: T201  a command's output
        right = np.mean([_right(model, encode, example) for example in held_out])
        print(f"epoch {epoch + 1} loss {total / steps * config.epochs:.3f} held-out accuracy {right:.4f}", flush=True)  # noqa: T201  a command's output
    return {
        "weights": model.state_dict(),
        "temperature": temperature(model, encode, held_out),
        "recipe": {**msgspec.structs.asdict(config), "train_rows": len(train), "held_out_rows": len(held_out)},
    }


def encoder(language: Language, longest: int) -> Callable[[str], Numbers]:
    """Return what turns a text into at most *longest* numbers."""
    if language == "zh":
        return lambda text: grams(points(text)[:longest])
    tokenizer = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    return lambda text: np.array(tokenizer.encode(text).ids, np.int64)


def batches(rows: Sequence[Numbers], size: int, seed: int) -> Iterator[list[int]]:
    """Yield indices of rows of like length, in random order."""
    generator = random.Random(seed)  # noqa: S311  an order, no secret
    order = sorted((n for n in range(len(rows)) if len(rows[n])), key=lambda n: (len(rows[n]), generator.random()))
    groups = [order[start : start + size] for start in range(0, len(order), size)]
    generator.shuffle(groups)
    yield from groups


def pad(rows: Sequence[Numbers]) -> Any:
    """Return *rows* as one tensor, padded with 0."""
    padded = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for n, row in enumerate(rows):
        padded[n, : len(row)] = row
    return torch.from_numpy(padded)


def temperature(model: Any, encode: Callable[[str], Numbers], examples: Sequence[Example]) -> float:
    """Return what to divide logits by so that probabilities of *examples* are likeliest (Guo et al. 2017)."""
    model.eval()
    rows = [(encode(example.text), example.label) for example in examples]
    with torch.no_grad():
        logits = torch.cat([_logits(model, pad([row])) for row, _ in rows if len(row)])
    labels = torch.tensor([label for row, label in rows if len(row)])
    grid = [0.5 * 1.05**n for n in range(48)]
    return min(grid, key=lambda t: _fit(logits / t, labels).item())


def _logits(model: Any, rows: Any) -> Any:
    return model.odds(rows) if isinstance(model, Chinese) else model(rows)


def _fit(logits: Any, labels: Any) -> Any:
    if logits.dim() == 1:
        return nn.functional.binary_cross_entropy_with_logits(logits, (labels == POSITIVE).float())
    return nn.functional.cross_entropy(logits, labels)


def _loss(model: Any, rows: Any, labels: Any) -> Any:
    return _fit(_logits(model, rows).float(), labels)


def _right(model: Any, encode: Callable[[str], Numbers], example: Example) -> bool:
    model.eval()
    row = encode(example.text)
    if not len(row):
        return False
    with torch.no_grad():
        logits = _logits(model, pad([row]))[0]
    return bool((logits > 0) == (example.label == POSITIVE)) if logits.dim() == 0 else logits.argmax() == example.label


def _command() -> None:
    parser = argparse.ArgumentParser(prog="python -m models.sentiment.train", description=__doc__)
    parser.add_argument("language", choices=["en", "zh"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the real data")
    parser.add_argument("--out", type=Path, default=Path("runs"), help="folder for the weights")
    parser.add_argument("--seed", type=int, help="default 1")
    parser.add_argument("--epochs", type=int, help="default 2")
    parser.add_argument("--threads", type=int, help="default 2")
    given = parser.parse_args()
    chosen = {name: getattr(given, name) for name in ("seed", "epochs", "threads") if getattr(given, name) is not None}
    config = msgspec.structs.replace(DEFAULTS[given.language], **chosen)
    examples = english if given.language == "en" else chinese
    result = main(config, examples(given.data, "train"), examples(given.data, "held_out"))
    given.out.mkdir(parents=True, exist_ok=True)
    torch.save(result, given.out / f"sentiment-{given.language}.pt")


if __name__ == "__main__":
    _command()
