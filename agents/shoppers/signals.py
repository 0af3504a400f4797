"""What models say about many jobs at once."""

from collections.abc import Iterable, Sequence

import numpy as np

from agents.shoppers.candidates import Signals
from agents.shoppers.history import history_of, items_of, recent_queries
from agents.shoppers.job import Job
from agents.shoppers.searches import Remembered
from agents.shoppers.vectors import Table, whole
from models.api import Models, Vectors


def signals_of(jobs: Sequence[Job], models: Models, remembered: Remembered) -> list[Signals]:
    """Ask each model once for all *jobs*; one result for each, the same whatever is asked beside it, and was before."""
    texts = [recent_queries(job) for job in jobs]
    expected = (
        models.sequence.next([items_of(job) for job in jobs]) if models.sequence is not None else [{} for _ in jobs]
    )
    known = _encoded(dict.fromkeys(text for own in texts for text in own), models)
    histories = [history_of(job, known) for job in jobs]
    some = [history for history in histories if history is not None]
    vectors = iter(whole(models.interest.vectors(some)) if some else ())
    interests = [next(vectors) if history is not None else None for history in histories]
    searches = [[remembered.of(text, job.look) for text in own] for job, own in zip(jobs, texts, strict=True)]
    wanted = [
        [
            *([interest[None]] if interest is not None and not job.ask.candidates else []),
            *(known[text] for text, found in zip(own, before, strict=True) if found is None),
        ]
        for job, interest, own, before in zip(jobs, interests, texts, searches, strict=True)
    ]
    products = map(iter, _products([job.look.vectors for job in jobs], wanted))
    return [
        Signals(
            interest=None if interest is None else _named(job, interest) if job.ask.candidates else next(new),
            searches=[
                remembered.put(text, job.look, next(new)) if found is None else found
                for text, found in zip(own, before, strict=True)
            ],
            next=likely,
        )
        for job, interest, own, before, new, likely in zip(
            jobs, interests, texts, searches, products, expected, strict=True
        )
    ]


def _named(job: Job, interest: Vectors) -> Vectors:
    """Return the products (rows,) of *interest* (size,) with the items that the page named; 0 for all others, which nobody asks for."""
    table = job.look.vectors
    rows = [row for item in job.ask.candidates if (row := table.row(item)) is not None]
    products = np.zeros(len(table.matrix), np.float32)
    products[rows] = table.matrix[rows] @ interest
    return products


def _encoded(texts: Iterable[str], models: Models) -> dict[str, Vectors]:
    """Return the whole vector (1, size) of each of *texts*."""
    names = list(texts)
    if not names:
        return {}
    vectors = whole(models.embedder.encode(names))
    return {text: vectors[n : n + 1] for n, text in enumerate(names)}


def _products(tables: Sequence[Table], wanted: Sequence[Sequence[Vectors]]) -> list[Sequence[Vectors]]:
    """Return the products of the *wanted* vectors (1, size) of each job with all rows of its table.

    It takes one multiplication for all jobs that look at the same rows.
    """
    groups: dict[tuple[int, int], list[int]] = {}
    for n, table in enumerate(tables):
        groups.setdefault((table.matrix.__array_interface__["data"][0], len(table.matrix)), []).append(n)
    found: list[Sequence[Vectors]] = [()] * len(tables)
    for members in groups.values():
        stacked = [vector for n in members for vector in wanted[n]]
        if not stacked:
            continue
        products = iter(tables[members[0]].near(np.concatenate(stacked)))
        for n in members:
            found[n] = [next(products) for _ in wanted[n]]
    return found
