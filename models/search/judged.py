"""Queries with titles and how relevant each is, as people judged."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.files import FileError, column, is_table, records, text_of

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "query": ("search_term", "query"),
    "title": ("product_title", "title"),
    "relevance": ("relevance", "relevance_score"),
}


class Judged(NamedTuple):
    """Pairs of query and title."""

    queries: list[str]
    titles: list[str]
    """Each once."""
    query: NDArray[np.int64]
    """(pairs,): the place of its query."""
    title: NDArray[np.int64]
    relevance: NDArray[np.float64]
    """Greater is better; 0 and more."""


def read(path: Path) -> Judged:
    """Return the judged pairs of the table *path*."""
    if not is_table(path):
        message = f"{path}: no table; .csv, .tsv or .jsonl with search_term, product_title and relevance is expected"
        raise FileError(message)
    names, rows = records(path, text_of(path))
    found = {field: column(names, known) or "" for field, known in _COLUMNS.items()}
    if not all(found.values()):
        message = f"{path}: of search_term, product_title and relevance it has only {', '.join(names) or 'none'}"
        raise FileError(message)
    queries: dict[str, int] = {}
    titles: dict[str, int] = {}
    pairs = []
    for number, row in enumerate(rows, start=1):
        query, title, relevance = (str(row[found[field]] or "").strip() for field in _COLUMNS)
        pairs.append((
            queries.setdefault(query, len(queries)),
            titles.setdefault(title, len(titles)),
            _relevance(path, number, relevance),
        ))  # fmt: skip
    if not pairs:
        message = f"{path}: has no record"
        raise FileError(message)
    query_, title_, relevance_ = zip(*pairs, strict=True)
    return Judged(list(queries), list(titles), np.array(query_), np.array(title_), np.array(relevance_, np.float64))


def _relevance(path: Path, number: int, value: str) -> float:
    try:
        relevance = float(value)
    except ValueError:
        relevance = -1.0
    if not 0 <= relevance < float("inf"):
        message = f"{path}: record {number}: relevance {value!r} is no number from 0 on; mend it or leave the row out"
        raise FileError(message)
    return relevance
