"""Models that need no artefact: deterministic, and real enough to rank by."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from models.api import History, Judgement, Models, Opinion, Part, Vectors
from schemas.base import Language
from schemas.sentiments import Label

SIZE = 384
_TURN = re.compile(r"[.!?;。！？]|,(?= but)|，|\bbut\b")  # noqa: RUF001  Chinese punctuation


class WordEmbedder:
    """Texts that share words have near vectors."""

    version = "words@1"
    size = SIZE

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._one(text) for text in texts]) if texts else np.zeros((0, SIZE), np.float32)

    def _one(self, text: str) -> Vectors:
        total = np.full(SIZE, 1e-3, np.float32)
        for word in text.lower().split():
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
            total += np.random.default_rng(seed).standard_normal(SIZE).astype(np.float32)
        return (total / np.linalg.norm(total)).astype(np.float32)


class WordSentiment:
    """Counts a few words."""

    version = "words@1"

    def judge(
        self,
        texts: Sequence[str],
        languages: Sequence[Language | None],
        parts: Sequence[Sequence[Part]] | None = None,
    ) -> list[Judgement]:
        """Judge texts by their words, and parts by those around them up to a full stop or a turn."""
        return [
            replace(self._one(text, language), parts=tuple(self._around(text, part) for part in asked))
            for text, language, asked in zip(texts, languages, parts or [()] * len(texts), strict=True)
        ]

    def _around(self, text: str, part: Part) -> Opinion:
        turns = [0, *(mark.end() for mark in _TURN.finditer(text)), len(text)]
        start = max(turn for turn in turns if turn <= part.start)
        end = min(turn for turn in turns if turn >= part.end)
        it = self._one(text[start:end], None)
        return Opinion(polarity=it.polarity, label=it.label, probability=it.probability)

    def _one(self, text: str, language: Language | None) -> Judgement:
        good = sum(text.lower().count(word) for word in ("good", "great", "love", "好", "喜欢"))
        bad = sum(text.lower().count(word) for word in ("bad", "broke", "terrible", "差", "坏"))
        polarity = (good - bad) / max(1, good + bad)
        label: Label = "positive" if polarity > 0 else "negative" if polarity < 0 else "neutral"
        return Judgement(polarity=polarity, label=label, probability=0.9, language=language or "en")


class MeanInterest:
    """The mean of the history, newest heaviest."""

    version = "mean@1"

    def vectors(self, histories: Sequence[History]) -> Vectors:
        return np.stack([self._one(history) for history in histories])

    def _one(self, history: History) -> Vectors:
        weights = 0.8 ** np.arange(len(history.vectors))[::-1]
        total: Vectors = (history.vectors * weights[:, None]).sum(0)
        mean: Vectors = (total / (np.linalg.norm(total) or 1)).astype(np.float32)
        return mean


class Successor:
    """What comes next is what comes next in the alphabet, then the letter after that."""

    version = "alphabet@1"

    def next(self, histories: Sequence[Sequence[str]]) -> list[dict[str, float]]:
        return [{chr(ord(own[-1]) + 1): 0.6, chr(ord(own[-1]) + 2): 0.15} if own else {} for own in histories]


MODELS = Models(WordEmbedder(), WordSentiment(), MeanInterest())
