"""How good a judge is on labelled texts, and on parts of texts, beside the baseline with the same training texts.

Needs scikit-learn, which the extras `dev` and `train` bring.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.api import Opinion, Part, Sentiment
from models.sentiment.baseline import Baseline, Text, measure
from models.sentiment.judge import LABELS
from models.sentiment.labelled import NEGATIVE, NEUTRAL, POSITIVE, Example, Labelled
from models.sentiment.measures import ClassScores, Scores, by_class, by_slice, calibration_error, scores
from models.sentiment.slices import slices
from models.sentiment.targets import PLACE, Target
from schemas.base import Language

AT_ONCE = 64
"""Texts that are judged in one call."""

Watch = Callable[[Sequence[Any]], Iterable[Any]]


class Error(msgspec.Struct, frozen=True):
    """A text that was judged wrongly."""

    text: str
    label: str
    found: str
    probability: float
    """That the judge gave to what it found."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How good a judge is."""

    model: str
    n: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    """Mean distance of probability and share of right ones."""
    classes: dict[str, ClassScores]
    slices: dict[str, dict[str, Scores]]
    worst: list[Error] = []
    """Of those that are wrong the surest."""
    baseline: Baseline | None = None
    baseline_note: str = ""
    """Why there is none."""

    def figures(self) -> dict[str, float]:
        """Return the figures that a card keeps."""
        mine = {"n": float(self.n), "accuracy": self.accuracy, "macro_f1": self.macro_f1}
        theirs = self.baseline and {"accuracy": self.baseline.accuracy, "macro_f1": self.baseline.macro_f1}
        return {
            **mine,
            "calibration_error": self.calibration_error,
            **{f"baseline_{name}": value for name, value in (theirs or {}).items()},
        }


def of_texts(
    labelled: Labelled, judge: Sentiment, language: Language | None, train: Sequence[Example] = (), *, worst: int = 0,
    watch: Watch = iter,
) -> Result:  # fmt: skip
    """Judge *labelled* texts; where they know no neutral, the judge has to say which of the other two.

    *train*: what the baseline learns from, the same as the judge did.
    """
    examples = labelled.examples
    texts = [example.text for example in examples]
    starts = range(0, len(texts), AT_ONCE)
    judged = [
        judgement
        for start in watch(starts)
        for judgement in judge.judge(texts[start : start + AT_ONCE], [language] * len(texts[start : start + AT_ONCE]))
    ]
    baseline = _baseline(
        [Text(it.text, it.label) for it in train], [Text(it.text, it.label) for it in examples], language or "en"
    )
    truth = np.array([example.label for example in examples], np.int64)
    return _result(judge.version, texts, truth, judged, baseline, neutral=labelled.neutral, worst=worst)


def of_parts(
    targets: Sequence[Target], judge: Sentiment, language: Language | None, train: Sequence[Target] = (), *, worst: int = 0,
    watch: Watch = iter,
) -> Result:  # fmt: skip
    """Judge parts of texts, each by what its text says of it."""
    texts = [target.text for target in targets]
    parts = [[Part(target.start, target.end)] for target in targets]
    judged = [
        judgement.parts[0]
        for start in watch(range(0, len(texts), AT_ONCE))
        for chosen in [slice(start, start + AT_ONCE)]
        for judgement in judge.judge(texts[chosen], [language] * len(texts[chosen]), parts[chosen])
    ]
    baseline = _baseline([_marked(it) for it in train], [_marked(it) for it in targets], language or "en")
    truth = np.array([target.label for target in targets], np.int64)
    shown = [f"{it.text[: it.start]}[{it.text[it.start : it.end]}]{it.text[it.end :]}" for it in targets]
    return _result(judge.version, shown, truth, judged, baseline, neutral=True, worst=worst)


def _marked(target: Target) -> Text:
    """Return a target as the baseline sees it: its place, and its words beside it."""
    mark = f" {PLACE.strip('$')}place "
    return Text(f"{target.text[: target.start]}{mark}{target.text[target.start :]}", target.label)


def _result(
    model: str, texts: list[str], truth: NDArray[np.int64], judged: Sequence[Opinion],
    baseline: tuple[Baseline | None, str], *, neutral: bool, worst: int,
) -> Result:  # fmt: skip
    shares = np.array([_shares(it) for it in judged]).reshape(-1, len(LABELS))
    if not neutral:
        shares[:, NEUTRAL] = 0.0
        shares /= np.maximum(shares.sum(1, keepdims=True), 1e-12)
        found = np.where(shares[:, POSITIVE] > shares[:, NEGATIVE], POSITIVE, NEGATIVE)
    else:
        found = np.array([LABELS.index(it.label) for it in judged], np.int64)
    surely = shares[np.arange(len(found)), found]
    overall = scores(truth, found)
    wrong = sorted(np.flatnonzero(found != truth), key=lambda n: -surely[n])[:worst]
    return Result(
        model=model,
        n=overall.n,
        accuracy=overall.accuracy,
        macro_f1=overall.macro_f1,
        calibration_error=calibration_error(surely, found == truth),
        classes=by_class(truth, found, LABELS),
        slices=by_slice(slices(texts), truth, found),
        worst=[
            Error(texts[n], LABELS[truth[n]], LABELS[found[n]], round(float(surely[n]), 4)) for n in map(int, wrong)
        ],
        baseline=baseline[0],
        baseline_note=baseline[1],
    )


def _shares(opinion: Opinion) -> tuple[float, float, float]:
    """Return the probabilities that polarity, label and its probability were made of."""
    if opinion.label == "neutral":
        rest = 1 - opinion.probability
        return (rest - opinion.polarity) / 2, opinion.probability, (rest + opinion.polarity) / 2
    own, other = opinion.probability, opinion.probability - abs(opinion.polarity)
    negative, positive = (own, other) if opinion.label == "negative" else (other, own)
    return negative, 1 - own - other, positive


def _baseline(train: Sequence[Text], test: Sequence[Text], language: Language) -> tuple[Baseline | None, str]:
    if not train:
        return None, "no training texts: name the files that the model learnt from with --train"
    if len({it.label for it in train}) == 1:
        return None, "all training texts have one label"
    return measure(train, test, language), ""
