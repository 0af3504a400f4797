"""What a search has to beat: Okapi BM25 (Robertson and Zaragoza 2009) over titles."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.search.terms import words

K1, B = 1.2, 0.75


class BM25:
    """Titles by their words."""

    def __init__(self, titles: Sequence[str]) -> None:
        """Count the words of all *titles*."""
        counted = [Counter(words(title)) for title in titles]
        lengths = np.array([sum(title.values()) for title in counted], np.float64)
        self._count = len(titles)
        self._damping = K1 * (1 - B + B * lengths / max(1e-9, lengths.mean() if len(lengths) else 0.0))
        having: dict[str, list[int]] = {}
        for n, title in enumerate(counted):
            for word in title:
                having.setdefault(word, []).append(n)
        self._having = {word: np.array(places) for word, places in having.items()}
        self._times = {
            word: np.array([counted[n][word] for n in places], np.float64) for word, places in having.items()
        }

    def score(self, query: str) -> NDArray[np.float64]:
        """Return (titles,): how well each matches *query*."""
        scores = np.zeros(self._count)
        for word in words(query):
            places = self._having.get(word)
            if places is not None:
                times = self._times[word]
                scores[places] += self._rare(len(places)) * times * (K1 + 1) / (times + self._damping[places])
        return scores

    def _rare(self, having: int) -> float:
        return math.log1p((self._count - having + 0.5) / (having + 0.5))
