"""The embedder that workers use."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.api import Vectors
from models.runtime import Runtime, Scorer
from models.words import clean, tokenizer

CHARACTERS = 4096
"""Of a text that are looked at."""
REMEMBERED = 4096
"""Texts whose vectors are kept: shoppers search for the same things, 6 MiB."""


class MiniLMEmbedder:
    """all-MiniLM-L6-v2: the first 256 word pieces of a text to a vector of length 1."""

    def __init__(self, directory: Path, runtime: Runtime) -> None:
        self.scorer = Scorer(directory, runtime)
        self.version = self.scorer.card.id
        self.provider, self.note, self.warm_up = self.scorer.provider, self.scorer.note, self.scorer.warm_up
        self.size = self.scorer.outputs
        self._longest = self.scorer.card.lengths[-1]
        self._tokenizer = tokenizer(directory / "tokenizer.json")
        self._remembered: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return (len(texts), size)."""
        found = {text: vector for text in texts if (vector := self._recall(text)) is not None}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        for text, vector in zip(new, self.scorer.run([self._ids(text) for text in new]), strict=True):
            found[text] = vector
            self._remember(text, vector)
        return np.stack([found[text] for text in texts]) if texts else np.zeros((0, self.size), np.float32)

    def _ids(self, text: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        first, *middle, last = self._tokenizer.encode(clean(text[:CHARACTERS])).ids
        return np.array([first, *middle[: self._longest - 2], last], np.int64)

    def _recall(self, text: str) -> Vectors | None:
        with self._lock:
            if text in self._remembered:
                self._remembered.move_to_end(text)
            return self._remembered.get(text)

    def _remember(self, text: str, vector: Vectors) -> None:
        with self._lock:
            self._remembered[text] = vector.copy()
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
