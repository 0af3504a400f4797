"""Runs of characters as numbers, for the Chinese model: what training and serving share.

Hashed, so that no vocabulary has to be kept, and nothing of the training texts is in the artefact.
"""

import unicodedata

import numpy as np
from numpy.typing import NDArray

SYMBOLS = 1 << 18
"""Numbers that a run can have, 0 excepted; rare ones share theirs."""

SIZES = 3
"""Runs of one, two and three characters."""

LONGEST = 256
"""Characters of a window."""

_MIX, _SPREAD, _STIR = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)
"""Large odd numbers of the hash, as in xxHash."""


def points(text: str) -> NDArray[np.uint64]:
    """Return the code points of *text*: full-width forms folded, case and white space dropped."""
    folded = "".join(unicodedata.normalize("NFKC", text).lower().split())
    return np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)


def grams(window: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the distinct numbers, from 1 up and sorted, of the runs in a *window* of code points."""
    found = []
    run = np.zeros(len(window), np.uint64)
    for size in range(1, min(SIZES, len(window)) + 1):
        run = (run[: len(window) - size + 1] * _MIX + window[size - 1 :]) * _SPREAD
        stirred = (run ^ (run >> np.uint64(29))) * _STIR
        found.append((stirred ^ (stirred >> np.uint64(32))) % np.uint64(SYMBOLS - 1) + np.uint64(1))
    return np.unique(np.concatenate(found)).astype(np.int64) if found else np.zeros(0, np.int64)
