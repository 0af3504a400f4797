"""Which list answers which event, and what share of the answers came in which time.  Pure."""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Told(NamedTuple):
    """An event of a shopper, or a list for one; times are milliseconds since 1970."""

    shopper: str
    at: int
    """Of an event: its own time.  Of a list: that of the newest event that it covers."""
    appended: int
    """When the broker wrote it to its log."""


def answers(events: Iterable[Told], lists: Iterable[Told]) -> list[Told | None]:
    """Return for each event the first list written behind it that covers it; None: there is none.

    A list covers all that its shopper did up to its `at`, so that an event whose list was superseded is answered by the
    list that took its place.  The times of one shopper's events must differ.
    """
    by_shopper: dict[str, list[Told]] = defaultdict(list)
    for it in sorted(lists, key=lambda it: it.appended):
        by_shopper[it.shopper].append(it)
    newest = {shopper: _running_maximum([it.at for it in its]) for shopper, its in by_shopper.items()}
    written = {shopper: [it.appended for it in its] for shopper, its in by_shopper.items()}
    found: list[Told | None] = []
    for event in events:
        its = by_shopper.get(event.shopper, [])
        first = (
            max(
                bisect_left(newest[event.shopper], event.at),
                bisect_left(written[event.shopper], event.appended),
            )
            if its
            else 0
        )
        found.append(its[first] if first < len(its) else None)
    return found


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least *share* of *values* do not exceed; None if there are too few to tell."""
    if not values or len(values) * (1 - share) < 1 - 1e-9:
        return None
    return sorted(values)[math.ceil(share * len(values) - 1e-9) - 1]


def quantiles(values: Sequence[float]) -> dict[str, float | None]:
    """Return what a report says of *values*."""
    return {
        "p50": quantile(values, 0.5),
        "p90": quantile(values, 0.9),
        "p99": quantile(values, 0.99),
        "p999": quantile(values, 0.999),
        "max": max(values, default=None),
        "count": len(values),
    }


def _running_maximum(values: Sequence[int]) -> list[int]:
    found: list[int] = []
    for value in values:
        found.append(max(value, found[-1]) if found else value)
    return found
