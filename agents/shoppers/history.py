"""What a shopper did last, as the model of interest wants it."""

import numpy as np

from agents.shoppers.job import Job
from agents.shoppers.profile import KINDS, THOUSANDTHS
from agents.shoppers.tastes import LIKED
from agents.shoppers.vectors import SCALE
from agents.steps import steps
from models.api import History, Vectors

LENGTH = 24
"""Steps of a history, the newest ones."""
QUERIES = 2
"""Queries that count, the newest ones."""


def recent_queries(job: Job) -> list[str]:
    """Return the newest queries, newest first."""
    return [query.text for query in reversed(job.queries[-QUERIES:])]


def items_of(job: Job) -> list[str]:
    """Return the items of the steps taken, oldest first."""
    return [job.touches[place].item for place in steps((touch.item, touch.kind) for touch in job.touches)]


def history_of(job: Job, queries: dict[str, Vectors]) -> History | None:
    """Return the steps of *job* that have a vector; None if there is none."""
    table = job.look.vectors
    steps: list[tuple[int, int, str, Vectors]] = []
    for touch in job.touches[-LENGTH:]:
        row = table.row(touch.item)
        if row is not None:
            steps.append((touch.at, 0, KINDS[touch.kind], table.matrix[row]))
    steps += [(query.at, 1, "search", queries[query.text][0]) for query in job.queries[-QUERIES:]]
    for item, opinion in sorted(job.opinions.items()):
        row = table.row(item)
        if row is not None and abs(opinion.polarity) >= LIKED * THOUSANDTHS:
            steps.append((opinion.at, 2, "like" if opinion.polarity > 0 else "dislike", table.matrix[row]))
    if not steps:
        return None
    newest = sorted(steps, key=lambda step: step[:2])[-LENGTH:]
    return History(
        vectors=np.stack([vector for _, _, _, vector in newest]) / np.float32(SCALE),
        kinds=[kind for _, _, kind, _ in newest],
        ages=[max(0, job.at - at) / 1000 for at, _, _, _ in newest],
    )
