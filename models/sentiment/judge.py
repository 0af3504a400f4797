"""The sentiment model that workers use: one classifier for each language."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.api import Judgement
from models.runtime import Floats, Runtime, Scorer
from models.sentiment.grams import LONGEST, grams, points
from models.sentiment.language import detect, parts
from models.words import clean, tokenizer
from schemas.base import Language
from schemas.sentiments import Label

Numbers = NDArray[np.int64]
_Number = TypeVar("_Number", bound=np.integer[Any])

LABELS: tuple[Label, ...] = ("negative", "neutral", "positive")
"""The order of the outputs."""

WINDOWS = 8
"""Of a long text that are judged: half from its start, half from its end."""
CHARACTERS = 8192
"""At either end of a longer text that are looked at."""


class Window(NamedTuple):
    """A stretch of a text, as its model takes it."""

    text: int
    language: Language
    weight: float
    numbers: Numbers


class Judge:
    """Texts of any length and either language, or both, to polarity."""

    def __init__(self, english: Path, chinese: Path, runtime: Runtime) -> None:
        self.scorers: dict[Language, Scorer] = {"en": Scorer(english, runtime), "zh": Scorer(chinese, runtime)}
        self.version = "+".join(scorer.card.id for scorer in self.scorers.values())
        self.provider, self.note = self.scorers["en"].provider, self.scorers["en"].note
        self.warm_up = sum(scorer.warm_up for scorer in self.scorers.values())
        self._tokenizer = tokenizer(english / "tokenizer.json")
        self._start, self._end = self._tokenizer.encode("").ids
        self._unknown = self._tokenizer.token_to_id("[UNK]")

    def judge(self, texts: Sequence[str], languages: Sequence[Language | None]) -> list[Judgement]:
        """Judge each text; None as its language: find out, in parts if it has both."""
        asked = list(zip((clean(_ends(text)) for text in texts), languages, strict=True))
        windows = [window for n, (text, language) in enumerate(asked) for window in self._windows(n, text, language)]
        sums = np.zeros((len(texts), len(LABELS)))
        for language, scorer in self.scorers.items():
            chosen = [window for window in windows if window.language == language]
            for window, scores in zip(chosen, scorer.run([window.numbers for window in chosen]), strict=True):
                sums[window.text] += window.weight * scores.astype(np.float64)
        return [
            _judgement(total, language or detect(text)) for total, (text, language) in zip(sums, asked, strict=True)
        ]

    def _windows(self, n: int, text: str, language: Language | None) -> list[Window]:
        found = [(language, text, 1.0)] if language else parts(text)
        return [
            Window(n, each, share * len(numbers) / sum(map(len, stretches)), numbers)
            for each, part, share in found
            for stretches in [self._english(part) if each == "en" else _chinese(part)]
            for numbers in stretches
        ]

    def _english(self, text: str) -> list[Numbers]:
        numbers = np.array(self._tokenizer.encode(text, add_special_tokens=False).ids, np.int64)
        if (numbers == self._unknown).all():
            return []
        longest = self.scorers["en"].card.lengths[-1] - 2
        return [np.array([self._start, *stretch, self._end], np.int64) for stretch in split(numbers, longest)]


def _chinese(text: str) -> list[Numbers]:
    return [grams(stretch) for stretch in split(points(text), LONGEST)]


def split(numbers: NDArray[_Number], longest: int) -> list[NDArray[_Number]]:
    """Cut *numbers* into stretches of equal length, at most *longest*; of too many, the first and the last stay."""
    count = -(-len(numbers) // longest)
    stretches = np.array_split(numbers, count) if count else []
    half = WINDOWS // 2
    return stretches if count <= WINDOWS else [*stretches[:half], *stretches[-half:]]


def _ends(text: str) -> str:
    return text if len(text) <= 2 * CHARACTERS else f"{text[:CHARACTERS]} {text[-CHARACTERS:]}"


def _judgement(total: Floats | NDArray[np.float64], language: Language) -> Judgement:
    """Make a judgement of weighted probabilities; a text without a word says nothing."""
    weight = float(total.sum())
    if not weight:
        return Judgement(polarity=0.0, label="neutral", probability=round(1 / len(LABELS), 4), language=language)
    negative, _, positive = shares = [float(share) / weight for share in total]
    best = max(range(len(LABELS)), key=shares.__getitem__)
    return Judgement(
        polarity=round(positive - negative, 4),
        label=LABELS[best],
        probability=round(shares[best], 4),
        language=language,
    )
