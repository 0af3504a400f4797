"""The vectors of all items as one matrix, and nearness that is exact.

Vectors of length 1 are stored as whole numbers, `SCALE` times as long, in float32.  By Cauchy and Schwarz no partial sum
of a product of two of them exceeds SCALE squared, which is below 2**24: every one is a whole number that float32 holds
exactly.  So the products are the same bits whatever the library, the threads, the order and the shape of the batch.

Rows are only appended: who holds a `Table` goes on reading it while items come and change.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.api import Vectors

SCALE = 4000
_FIRST = 256
"""Rows of a new matrix."""
_MANY = 4
"""Queries from which on one product for all of them is faster: it copies the matrix first."""
_SPARSE = 2
"""How many times as many rows as items there may be."""


def whole(vectors: Vectors) -> Vectors:
    """Return *vectors* (n, size), each brought to length `SCALE` and rounded to whole numbers; what is no vector becomes 0."""
    sound = np.nan_to_num(vectors.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    length = np.sqrt((sound * sound).sum(axis=1, keepdims=True))
    return np.rint(sound / np.where(length > 0, length, 1.0) * SCALE).astype(np.float32)


def nearness(products: Vectors) -> NDArray[np.float64]:
    """Return the cosines of products of whole vectors, rounded."""
    return np.round(products.astype(np.float64) / (SCALE * SCALE), 4)


class Table(NamedTuple):
    """The rows at one moment."""

    matrix: Vectors
    """(rows, size), whole numbers."""
    closed: NDArray[np.float32]
    """(rows,): 0, or minus infinity for what must not be listed."""
    names: Sequence[str]
    rows: dict[str, int]
    version: int
    """Changes so far, each counted when it is done."""

    def row(self, item: str) -> int | None:
        """Return the row of *item*, None if it has no vector."""
        row = self.rows.get(item)
        return row if row is not None and row < len(self.matrix) else None

    def near(self, queries: Vectors) -> Vectors:
        """Return the products (queries, rows) of whole vectors."""
        if len(queries) < _MANY:
            return np.stack([self.matrix @ query for query in queries])
        return queries @ self.matrix.T

    def top(self, products: Vectors, count: int) -> list[tuple[str, float]]:
        """Return the *count* items with the greatest *products* (rows,) and these; of equal ones, the first by name."""
        masked = products + self.closed
        least = (
            float(np.partition(masked, len(masked) - count)[len(masked) - count]) if len(masked) > count else -math.inf
        )
        found = np.flatnonzero(masked >= least) if least > -math.inf else np.flatnonzero(np.isfinite(masked))
        ranked = sorted((-float(masked[row]), self.names[row]) for row in found.tolist())
        return [(name, -product) for product, name in ranked[:count]]


class VectorTable:
    """Grows by rows; a changed vector gets a new one."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._version = 0
        self._matrix = np.zeros((_FIRST, size), np.float32)
        self._closed = np.full(_FIRST, -np.inf, np.float32)
        self._names: list[str] = []
        self._rows: dict[str, int] = {}

    def put(self, item: str, half: bytes, *, is_open: bool) -> None:
        """Set the vector of *item* from little-endian float16; bytes of another size take it away."""
        self.drop(item)
        if len(half) != 2 * self.size:
            return
        vector = whole(np.frombuffer(half, "<f2").astype(np.float32)[None])[0]
        if len(self._names) == len(self._matrix):
            self._make_room()
        row = len(self._names)
        self._matrix[row] = vector
        self._closed[row] = 0 if is_open else -np.inf
        self._names.append(item)
        self._rows[item] = row
        self._version += 1

    def drop(self, item: str) -> None:
        """Take the vector of *item* away."""
        row = self._rows.pop(item, None)
        if row is not None:
            self._closed[row] = -np.inf
            self._version += 1

    def set_open(self, item: str, *, is_open: bool) -> None:
        """Say whether *item* may be listed."""
        row = self._rows.get(item)
        if row is not None and (self._closed[row] == 0) != is_open:
            self._closed[row] = 0 if is_open else -np.inf
            self._version += 1

    def table(self) -> Table:
        """Return the rows of now."""
        count = len(self._names)
        return Table(self._matrix[:count], self._closed[:count], self._names, self._rows, self._version)

    def _make_room(self) -> None:
        """Move to a larger matrix, leaving behind rows that no item has any more."""
        kept = sorted(self._rows.values()) if len(self._names) > _SPARSE * len(self._rows) else range(len(self._names))
        rows = np.fromiter(kept, np.intp, len(kept))
        matrix = np.zeros((max(_FIRST, 2 * len(rows)), self.size), np.float32)
        closed = np.full(len(matrix), -np.inf, np.float32)
        matrix[: len(rows)], closed[: len(rows)] = self._matrix[rows], self._closed[rows]
        if len(rows) < len(self._names):
            self._names = [self._names[row] for row in kept]
            self._rows = {name: row for row, name in enumerate(self._names)}
        self._matrix, self._closed = matrix, closed
