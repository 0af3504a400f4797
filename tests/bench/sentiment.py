"""`bench sentiment`: how many texts a second the shipped models judge, beside the best that a bare session reaches on the same texts."""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import click
import msgspec
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from agents.settings import load as load_settings
from agents.shop.catalogue import resource
from models.load import place, sentiment
from models.runtime import MODEL, start
from models.sentiment.judge import TOKENIZER
from models.sentiment.windows import Words, windows
from models.words import tokenizer
from schemas.base import Language
from tests.bench.machine import Conditions, conditions, facts, say, write

THREADS = 2
LENGTHS: dict[str, tuple[int, ...]] = {
    "16": (16,),
    "64": (64,),
    "128": (128,),
    "mixed": (8, 12, 16, 24, 32, 48, 64, 96, 128),
}
"""Tokens, marks included."""
BATCHES = (1, 2, 4, 8, 16, 32)

Rows = list[NDArray[np.int64]]


class Way(msgspec.Struct):
    """One way to run the same texts."""

    name: str
    texts_per_second: float
    cpu_ms_per_text: float
    equals_rows: bool
    """Whether a batch gives each row what it gets alone, to the last bit."""
    difference: float = 0.0
    """The largest of a probability."""


class Cell(msgspec.Struct):
    """One language at one length."""

    language: str
    tokens: str
    texts: int
    before: Conditions
    served: Way
    """The model as a worker has it, tokenizer included."""
    bare: list[Way]
    """Sessions, tokens given."""
    of_best: float
    """Served, of the best bare way whose batches equal their rows."""


def texts(language: Language, words: Words, lengths: Sequence[int], count: int) -> list[str]:
    """Return *count* texts of the simulated shoppers' sentences, each of one of *lengths* tokens."""
    drawn = random.Random(7)
    said = resource("opinions.json")[language]["aspects"]
    sentences = sorted({text for moods in said.values() for listed in moods.values() for text in listed})
    found = []
    for n in range(count):
        wanted = lengths[n % len(lengths)] - 2
        long = " ".join(drawn.choices(sentences, k=wanted))
        ends: Any = words.tokenizer.encode(long, add_special_tokens=False)
        found.append(long[: ends.offsets[wanted - 1][1]])
    return found


def bare(path: Path, rows: Rows, rounds: int) -> list[Way]:
    """Run *rows* through sessions: one for two callers, or one with two threads, in batches of rows of like length."""
    alone = _session(path, 1)
    exact = np.concatenate([_probabilities(alone, [row]) for row in rows])
    ways = []
    with ThreadPoolExecutor(THREADS) as callers:
        for threads, name in ((1, "two callers"), (THREADS, "two threads")):
            session = _session(path, threads)
            for size in BATCHES:
                order = sorted(range(len(rows)), key=lambda n: -len(rows[n]))
                batches = [order[first : first + size] for first in range(0, len(order), size)]

                def run(batches: list[list[int]] = batches, session: Any = session, threads: int = threads) -> Any:
                    asked = [[rows[n] for n in batch] for batch in batches]
                    mapped: Callable[..., Any] = callers.map if threads == 1 else map
                    return np.concatenate(list(mapped(lambda batch: _probabilities(session, batch), asked)))

                difference = float(np.abs(run() - exact[order]).max())
                rate, cpu = timed(run, len(rows), rounds)
                ways.append(Way(f"{name}, batches of {size}", rate, cpu, not difference, difference))
    return ways


def timed(run: Callable[[], Any], count: int, rounds: int) -> tuple[float, float]:
    """Return texts per second and CPU milliseconds per text, medians of *rounds*."""
    rates, costs = [], []
    for _ in range(rounds):
        begun, cpu = time.perf_counter(), time.process_time()
        run()
        rates.append(count / (time.perf_counter() - begun))
        costs.append((time.process_time() - cpu) / count * 1e3)
    return round(statistics.median(rates), 1), round(statistics.median(costs), 2)


def _session(path: Path, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _probabilities(session: Any, rows: Rows) -> NDArray[np.float32]:
    padded = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for n, row in enumerate(rows):
        padded[n, : len(row)] = row
    found: NDArray[np.float32] = session.run(None, {"ids": padded})[0]
    return found


@click.command()
@click.option(
    "--texts", "count", type=click.IntRange(8), default=64, show_default=True, help="Of each language and length."
)
@click.option(
    "--rounds", type=click.IntRange(1), default=5, show_default=True, help="Of each way, in rotation with serving."
)
@click.option("--report", type=click.Path(path_type=Path), help="JSON with every figure.")
def command(count: int, rounds: int, report: Path | None) -> None:
    """Measure texts per second of the models that VITRINE_MODELS_DIR names, on two threads, at 16, 64, 128 tokens and mixed."""
    folder = load_settings({}).models_dir
    judge = sentiment(folder, start("cpu", THREADS))
    cells = []
    for language in get_args(Language):
        path = place(folder, f"sentiment-{language}")
        words = Words.of(tokenizer(path / TOKENIZER), max(map(max, LENGTHS.values())))
        for name, lengths in LENGTHS.items():
            given = texts(language, words, lengths, count)
            rows = [windows(text, language, {language: words})[0].tokens for text in given]
            before = conditions()

            def serve(given: list[str] = given, language: Language = language) -> Any:
                return judge.judge(given, [language] * len(given))

            serve()
            first = timed(serve, count, rounds)
            ways = bare(path / MODEL, rows, rounds)
            last = timed(serve, count, rounds)
            served = Way(
                "served", round((first[0] + last[0]) / 2, 1), round((first[1] + last[1]) / 2, 2), equals_rows=True
            )
            best = max((way for way in ways if way.equals_rows), key=lambda way: way.texts_per_second)
            share = round(served.texts_per_second / best.texts_per_second, 3)
            cells.append(Cell(language, name, count, before, served, ways, share))
            say(
                f"{language} {name:>5}: served {served.texts_per_second}/s, best bare {best.texts_per_second}/s ({best.name}), {share}"
            )
            write(report, {"machine": facts(), "cells": cells})
    click.echo(msgspec.json.encode({"machine": facts(), "cells": cells}).decode())
