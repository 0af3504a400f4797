"""A history as rows of numbers: what training and serving share, and the only place where the order is known."""

import numpy as np

from models.api import History, Vectors

KINDS = ("view", "click", "add_to_cart", "purchase", "search", "like", "dislike")

COLUMNS = (*KINDS, "log_hours", "log_rank")
"""Behind the vector: one for the kind, then log(1 + hours ago) and log(1 + number of newer ones)."""

LONGEST = 64
"""Of the newest that are looked at."""

SHAPES = (8, 16, 32, 64)
"""Lengths that a history is padded to with zeros."""


def rows(history: History) -> Vectors:
    """Return (length, size + columns), oldest first, padded at the end."""
    count = min(len(history.vectors), LONGEST)
    size = history.vectors.shape[1]
    filled = np.zeros((next(shape for shape in SHAPES if shape >= count), size + len(COLUMNS)), np.float32)
    filled[:count, :size] = history.vectors[-count:]
    for n, kind in enumerate(history.kinds[-count:]):
        filled[n, size + KINDS.index(kind)] = 1
    filled[:count, -2] = np.log1p(np.maximum(np.asarray(history.ages[-count:], np.float64), 0) / 3600)
    filled[:count, -1] = np.log1p(np.arange(count)[::-1])
    return filled
