"""How good labels and probabilities are."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

Labels = NDArray[np.int64]


class Scores(msgspec.Struct, frozen=True):
    """Accuracy, and the mean of the F1 of the labels that occur; each from 0 to 1."""

    n: int
    accuracy: float
    macro_f1: float


class ClassScores(msgspec.Struct, frozen=True):
    """Of one label."""

    n: int
    """Texts that have it."""
    precision: float
    recall: float
    f1: float


def scores(truth: Labels, found: Labels) -> Scores:
    """Compare labels; macro F1 is over those that occur in *truth*."""
    present = sorted({*truth.tolist()})
    f1 = f1_score(truth, found, labels=present, average="macro", zero_division=0)
    return Scores(len(truth), _rounded(accuracy_score(truth, found)), _rounded(f1))


def by_class(truth: Labels, found: Labels, names: Sequence[str]) -> dict[str, ClassScores]:
    """Compare labels one by one; *names* in their order."""
    present = sorted({*truth.tolist(), *found.tolist()})
    columns = precision_recall_fscore_support(truth, found, labels=present, zero_division=0)
    return {
        names[label]: ClassScores(int(n), _rounded(precision), _rounded(recall), _rounded(f1))
        for label, precision, recall, f1, n in zip(present, *columns, strict=True)
    }


def calibration_error(probability: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the mean distance of probability and share of right ones over equal bins (Guo et al. 2017)."""
    which = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = [
        abs(probability[which == n].mean() - right[which == n].mean()) * (which == n).mean() for n in {*which.tolist()}
    ]
    return _rounded(sum(gaps))


def by_slice(slices: Mapping[str, Sequence[str]], truth: Labels, found: Labels) -> dict[str, dict[str, Scores]]:
    """Compare labels slice by slice; *slices*: name to the value that each text has."""
    result: dict[str, dict[str, Scores]] = {}
    for name, values in slices.items():
        column = np.array(values)
        result[name] = {
            value: scores(truth[column == value], found[column == value]) for value in dict.fromkeys(sorted(values))
        }
    return result


def _rounded(value: Any) -> float:
    return round(float(value), 4)
