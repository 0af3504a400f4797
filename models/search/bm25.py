"""What a search has to beat: Okapi BM25 (Robertson and Zaragoza 2009) over titles."""

import math
from collections import Counter
from collections.abc import Sequence

from models.search.terms import words

K1, B = 1.2, 0.75


class BM25:
    """Titles by their words."""

    def __init__(self, titles: Sequence[str]) -> None:
        """Count the words of all *titles*."""
        self._titles = [Counter(words(title)) for title in titles]
        self._having = Counter(word for title in self._titles for word in title)
        self._lengths = [sum(title.values()) for title in self._titles]
        self._mean = sum(self._lengths) / max(1, len(self._lengths))

    def score(self, query: str, title: int) -> float:
        """Return how well the title of this number matches *query*."""
        has, length = self._titles[title], self._lengths[title] / max(self._mean, 1e-9)
        return math.fsum(
            self._rare(word) * has[word] * (K1 + 1) / (has[word] + K1 * (1 - B + B * length))
            for word in words(query)
            if word in has
        )

    def _rare(self, word: str) -> float:
        having = self._having[word]
        return math.log1p((len(self._titles) - having + 0.5) / (having + 0.5))
