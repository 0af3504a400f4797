"""Measures a shipped sentiment model on texts it has not seen: `python -m models.sentiment.evaluate en [--write]`.

Needs the extra `train` for the baseline: logistic regression on the TF-IDF of word pairs (characters for Chinese).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline

from models.card import read, write
from models.runtime import start
from models.sentiment.data import NEUTRAL, Example, chinese, english
from models.sentiment.judge import LABELS, Judge
from schemas.base import Language

PER_SOURCE = 1000
"""Test texts of a source, evenly spread."""

Numbers = NDArray[np.int64]


def main(language: Language, data: Path, artifacts: Path) -> dict[str, float]:
    """Return accuracy, macro F1 and calibration of model and baseline, for each source."""
    part = english if language == "en" else chinese
    test, train = sample(part(data, "test"), PER_SOURCE), part(data, "train")
    judge = Judge(artifacts / "sentiment-en", artifacts / "sentiment-zh", start("cpu", 2))
    judgements = judge.judge([example.text for example in test], [language] * len(test))
    ours = np.array([LABELS.index(judgement.label) for judgement in judgements])
    polarity = np.array([judgement.polarity for judgement in judgements])
    surely = np.array([judgement.probability for judgement in judgements])
    theirs = baseline(train, test, language)
    truth = np.array([example.label for example in test])
    sources = np.array([example.source for example in test])
    results: dict[str, float] = {}
    for source in sorted({*sources}) if language == "en" else ["all"]:
        chosen = (sources == source) if language == "en" else np.ones(len(test), bool)
        results |= {f"{source}_texts": float(chosen.sum())}
        results |= {f"{source}_{name}": value for name, value in measures(truth[chosen], ours[chosen]).items()}
        results |= {
            f"{source}_baseline_{name}": value for name, value in measures(truth[chosen], theirs[chosen]).items()
        }
        sided = chosen & (truth != NEUTRAL)
        results[f"{source}_two_sided_accuracy"] = float(((polarity > 0) == (truth > NEUTRAL))[sided].mean())
    results["calibration_error"] = calibration_error(surely, ours == truth)
    return {name: round(value, 4) for name, value in results.items()}


def sample(examples: Sequence[Example], count: int) -> list[Example]:
    """Return about *count* of each source, all of smaller ones."""
    groups: dict[str, list[Example]] = {}
    for example in examples:
        groups.setdefault(example.source, []).append(example)
    return [example for group in groups.values() for example in group[:: max(1, len(group) // count)]]


def baseline(train: Sequence[Example], test: Sequence[Example], language: Language) -> Numbers:
    """Return the labels that logistic regression gives to *test*."""
    grams = TfidfVectorizer(
        analyzer="word" if language == "en" else "char", ngram_range=(1, 2), min_df=2, sublinear_tf=True
    )
    model = make_pipeline(grams, LogisticRegression(C=4, max_iter=300))
    model.fit([example.text for example in train], [example.label for example in train])
    return np.asarray(model.predict([example.text for example in test]), np.int64)


def measures(truth: Numbers, found: Numbers) -> dict[str, float]:
    """Return accuracy and macro F1 over the labels that occur in *truth*."""
    labels = sorted({*truth.tolist()})
    f1 = f1_score(truth, found, labels=labels, average="macro", zero_division=0)
    return {"accuracy": float(accuracy_score(truth, found)), "macro_f1": float(f1)}


def calibration_error(probability: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the mean distance of probability and share of right ones over equal bins (Guo et al. 2017)."""
    which = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = [
        abs(probability[which == n].mean() - right[which == n].mean()) * (which == n).mean() for n in {*which.tolist()}
    ]
    return float(sum(gaps))


def _command() -> None:
    parser = argparse.ArgumentParser(prog="python -m models.sentiment.evaluate", description=__doc__)
    parser.add_argument("language", choices=["en", "zh"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the real data")
    parser.add_argument("--artifacts", type=Path, default=Path("models/artifacts"), help="folder of the artefacts")
    parser.add_argument("--write", action="store_true", help="write the measures into the card")
    given = parser.parse_args()
    results = main(given.language, given.data, given.artifacts)
    for name, value in results.items():
        print(name, value)  # noqa: T201  a command's output
    if given.write:
        directory = given.artifacts / f"sentiment-{given.language}"
        write(directory, replace(read(directory), metrics=results))


if __name__ == "__main__":
    _command()
