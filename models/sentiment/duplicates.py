"""Texts that are all but the same: a review sent twice, or with a word changed.

Needs the extra `train`.
"""

import unicodedata
from collections.abc import Sequence

from datasketch import MinHash, MinHashLSH

NEAR = 0.8
"""Share of their shingles that near duplicates have in common (Jaccard), found by MinHash and so about."""

_HASHES = 64
_SHINGLE = 5
"""Letters."""
_SHORTEST = 24
"""Letters below which only equal texts are the same: two short reviews share most of their letters by chance."""


def clusters(texts: Sequence[str]) -> list[int]:
    """Return, for each text, the place of the first of its like; its own if there is none before."""
    index = MinHashLSH(threshold=NEAR, num_perm=_HASHES)
    equal: dict[str, int] = {}
    found: list[int] = []
    for n, text in enumerate(texts):
        letters = skeleton(text)
        first = equal.setdefault(letters, n)
        if first == n and len(letters) >= _SHORTEST:
            marks = _marks(letters)
            near = index.query(marks)
            first = found[min(near)] if near else n
            index.insert(n, marks, check_duplication=False)
        found.append(found[first] if first < n else n)
    return found


def skeleton(text: str) -> str:
    """Return the letters and digits of *text*, in one case."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).lower() if letter.isalnum())


def _marks(letters: str) -> MinHash:
    shingles = {letters[n : n + _SHINGLE].encode("utf-8", "replace") for n in range(len(letters) - _SHINGLE + 1)}
    marks = MinHash(num_perm=_HASHES, seed=1)
    marks.update_batch(sorted(shingles))
    return marks
