"""Characters as numbers, for the Chinese model: what training and serving share."""

import unicodedata

import numpy as np
from numpy.typing import NDArray

SYMBOLS = 8192
"""Numbers that a character can have; rarer ones share theirs."""

LONGEST = 256
"""Characters of a window."""


def ids(text: str) -> NDArray[np.int64]:
    """Return a number from 1 up for each character of *text*: full-width forms folded, case and white space dropped."""
    folded = "".join(unicodedata.normalize("NFKC", text).lower().split())
    points = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    # A prime spreads the blocks of Unicode, which are aligned to powers of two.
    return points * 40_503 % (SYMBOLS - 1) + 1
