"""What a model has to beat: logistic regression on TF-IDF, with the same training texts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from models.sentiment.measures import Labels, scores
from schemas.base import Language

STRENGTHS = (0.25, 1.0, 4.0, 16.0)
"""Inverse strengths of regularisation (C) that are tried."""

_VALIDATION = 10
"""Every so manieth text chooses among them."""


class Text(NamedTuple):
    """A text and its label."""

    text: str
    label: int


class Baseline(msgspec.Struct, frozen=True):
    """How good the baseline is, and how it was made."""

    n: int
    accuracy: float
    macro_f1: float
    n_train: int
    c: float
    """Chosen on a tenth of the training texts, by macro F1."""


def measure(train: Sequence[Text], test: Sequence[Text], language: Language, seed: int = 1) -> Baseline:
    """Train on *train*, and compare with *test*, whose labels alone it chooses from.

    Words and pairs of words for English, runs of one to three characters for Chinese; sublinear counts, balanced classes.
    """
    order = np.random.default_rng(seed).permutation(len(train))
    chosen = {int(n) for n in order[::_VALIDATION]}
    validation = [text for n, text in enumerate(train) if n in chosen]
    rest = [text for n, text in enumerate(train) if n not in chosen]
    best = _best(rest, validation, language)
    found = _predicted(_regression(best), train, test, language)
    result = scores(_labels(test), found)
    return Baseline(result.n, result.accuracy, result.macro_f1, len(train), best)


def _best(train: Sequence[Text], validation: Sequence[Text], language: Language) -> float:
    grams = _grams(language)
    seen = grams.fit_transform([it.text for it in train])
    unseen = grams.transform([it.text for it in validation])

    def quality(c: float) -> float:
        found = _regression(c).fit(seen, _labels(train)).predict(unseen)
        return scores(_labels(validation), np.asarray(found, np.int64)).macro_f1

    return max(STRENGTHS, key=quality)


def _predicted(regression: Any, train: Sequence[Text], test: Sequence[Text], language: Language) -> Labels:
    grams = _grams(language)
    regression.fit(grams.fit_transform([it.text for it in train]), _labels(train))
    odds = regression.predict_log_proba(grams.transform([it.text for it in test]))
    odds[:, ~np.isin(regression.classes_, _labels(test))] = -np.inf
    return np.asarray(regression.classes_[odds.argmax(1)], np.int64)


def _labels(texts: Sequence[Text]) -> Labels:
    return np.array([text.label for text in texts], np.int64)


def _grams(language: Language) -> Any:
    if language == "zh":
        return TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")  # noqa: S106  no password


def _regression(c: float) -> Any:
    return LogisticRegression(C=c, class_weight="balanced", max_iter=300)
