"""A profile forgets: it holds nothing that lies further behind its newest event than its lifetime.

So it is the same in whatever order events come, and one that nothing came for during a lifetime is as good as none: the
next event would find nothing in it.  Two things that carry no time of their own, aspects liked and a language that merges
of old brought along, go when all that came with them is too old.
"""

from datetime import timedelta
from typing import Any, TypeVar

from agents.processor import Life
from agents.shoppers.profile import Profile

_MILLISECOND = timedelta(milliseconds=1)

DAY = timedelta(days=1) // _MILLISECOND
"""The limit moves a day at a time, so that most events need not look for what is too old."""

LATE = timedelta(days=28) // _MILLISECOND
"""How much later than others' an event may be read and still find the profile that it belongs to."""

LIFETIME = timedelta(days=400) // _MILLISECOND

Entry = TypeVar("Entry", bound=Any)


def limit(newest: int, lifetime: int) -> int:
    """Return the time before which nothing is kept, in milliseconds since 1970 as all here."""
    return newest - newest % DAY - lifetime


def moves(before: int, newest: int) -> bool:
    """Tell whether the limit has moved since the newest event was at *before*."""
    return newest // DAY > before // DAY


def forget(profile: Profile, before: int, lifetime: int) -> None:
    """Take out of *profile* what is too old; *before* is when its newest event was, before the one that is folded now."""
    oldest = limit(profile.newest, lifetime)
    profile.touches = _since(profile.touches, oldest)
    profile.queries = _since(profile.queries, oldest)
    profile.shown = _since(profile.shown, oldest)
    profile.bought = {item: at for item, at in profile.bought.items() if at >= oldest}
    profile.opinions = {item: opinion for item, opinion in profile.opinions.items() if opinion.at >= oldest}
    if profile.became is not None and profile.became[0] < oldest:
        profile.became = None
    if profile.likes and all(at < oldest for at, _ in profile.merged):
        profile.likes, profile.merged = {}, []
    spoken = profile.language[0] if profile.language is not None else 0
    if before < oldest or 0 < spoken < oldest:
        profile.language = profile.language if spoken >= oldest else None


def life(profile: Profile, lifetime: int) -> Life:
    """Return how long *profile* is of use."""
    return Life(profile.newest, profile.newest + lifetime + DAY + LATE)


def _since(history: list[Entry], oldest: int) -> list[Entry]:
    """Return what of a history, which is sorted by time, is not too old."""
    return history if not history or history[0].at >= oldest else [entry for entry in history if entry.at >= oldest]
