"""The sentiment model that workers use: one reader for each language."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.api import Judgement, Opinion, Part
from models.runtime import Floats, Runtime, Scorer
from models.sentiment.clean import clean
from models.sentiment.language import detect
from models.sentiment.windows import Window, Words, windows
from models.words import tokenizer
from schemas.base import Language
from schemas.sentiments import Label

LABELS: tuple[Label, ...] = ("negative", "neutral", "positive")
"""The order of the outputs."""

TOKENIZER = "tokenizer.json"

_DOUBT = np.array([0.33, 0.34, 0.33])
"""The probabilities of what is not language."""


class _Read(NamedTuple):
    window: Window
    text: Floats
    """(3,): probabilities."""
    words: Floats
    """(tokens, 3): logits."""


class Judge:
    """Texts of any length and either language, or both, to polarity."""

    def __init__(self, folders: Mapping[Language, Path], runtime: Runtime) -> None:
        """Load the artefact of each language; a text in one that has none is judged by the first of *folders*."""
        self.scorers: dict[Language, Scorer] = {at: Scorer(folder, runtime) for at, folder in folders.items()}
        self.version = "+".join(scorer.card.id for scorer in self.scorers.values())
        first = next(iter(self.scorers.values()))
        self.provider, self.note = first.provider, first.note
        self.warm_up = sum(scorer.warm_up for scorer in self.scorers.values())
        self._words: dict[Language, Words] = {
            at: Words.of(tokenizer(folder / TOKENIZER), self.scorers[at].card.lengths[-1])
            for at, folder in folders.items()
        }

    def judge(
        self,
        texts: Sequence[str],
        languages: Sequence[Language | None],
        parts: Sequence[Sequence[Part]] | None = None,
    ) -> list[Judgement]:
        """Judge each text, and *parts* of it; None as its language: find out, in parts if it has both."""
        cleaned = [clean(text) for text in texts]
        spoken = [at or detect(text) for text, at in zip(cleaned, languages, strict=True)]
        read = self._read(cleaned, languages)
        return [
            _judgement(of_text, at, _opinions(of_text, text, wanted))
            for of_text, text, at, wanted in zip(read, cleaned, spoken, parts or [()] * len(texts), strict=True)
        ]

    def _read(self, texts: Sequence[str], languages: Sequence[Language | None]) -> list[list[_Read]]:
        """Run the windows of all texts: the longest texts first, so that no caller is left with one at the end."""
        only = next(iter(self.scorers)) if len(self.scorers) == 1 else None
        readings = {at: scorer.reading() for at, scorer in self.scorers.items()}
        asked: dict[Language, list[tuple[int, Window]]] = {at: [] for at in self.scorers}
        for n in sorted(range(len(texts)), key=lambda n: -len(texts[n])):
            for window in windows(texts[n], only or languages[n], self._words):
                readings[window.language].ask(window.tokens)
                asked[window.language].append((n, window))
        read: list[list[_Read]] = [[] for _ in texts]
        for at, reading in readings.items():
            for (n, window), (text, words) in zip(asked[at], reading.answers(), strict=True):
                read[n].append(_Read(window, text, words))
        return read


def _judgement(read: Sequence[_Read], language: Language, parts: tuple[Opinion, ...]) -> Judgement:
    """Make a judgement of weighted probabilities; a text without a word says nothing."""
    total = sum((it.window.weight * _believed(it) for it in read), np.zeros(len(LABELS)))
    said = _opinion(total)
    return Judgement(said.polarity, said.label, said.probability, language, parts)


def _believed(read: _Read) -> NDArray[np.float64]:
    """Return the probabilities of a window, as far as its text is language."""
    return read.window.sense * read.text.astype(np.float64) + (1 - read.window.sense) * _DOUBT


def _opinions(read: Sequence[_Read], text: str, parts: Sequence[Part]) -> tuple[Opinion, ...]:
    return tuple(_of_part(read, part, detect(text[part.start : part.end])) for part in parts)


def _of_part(read: Sequence[_Read], part: Part, language: Language) -> Opinion:
    """Return what is said of *part*: the mean of the logits of its words, in the language that it is in if that was read."""
    found = {
        it.window.language: it.words[covered].astype(np.float64).mean(0)
        for it in read
        for covered in [_covered(it.window, part)]
        if covered.any()
    }
    if not found:
        return _opinion(np.zeros(len(LABELS)))
    logits = found.get(language, next(iter(found.values())))
    shares = np.exp(logits - logits.max())
    return _opinion(shares)


def _covered(window: Window, part: Part) -> NDArray[np.bool_]:
    covered: NDArray[np.bool_] = (window.places[:, 0] < part.end) & (window.places[:, 1] > part.start)
    return covered


def _opinion(total: NDArray[np.float64]) -> Opinion:
    weight = float(total.sum())
    if not weight:
        return Opinion(polarity=0.0, label="neutral", probability=round(1 / len(LABELS), 4))
    negative, _, positive = shares = [float(share) / weight for share in total]
    best = max(range(len(LABELS)), key=shares.__getitem__)
    return Opinion(polarity=round(positive - negative, 4), label=LABELS[best], probability=round(shares[best], 4))
