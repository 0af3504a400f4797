"""What is remembered of a shopper's lists and copy until somebody says what became of them."""

import msgspec

from agents.processor import State
from schemas.clicks import Response

LISTS = 12
"""Newest lists remembered: so many events later a shopper may still choose from the first of them."""
COPIES = 24
SHOWN = 16
"""Lists whose first showing is remembered."""
WAITING = 32
"""Events that wait for what they name, at most; then the oldest of them is told without it."""


class Listed(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a list said, slot by slot."""

    id: str
    at: int
    """Milliseconds since 1970, here and below."""
    placement: str
    epoch: int
    revision: int
    view: int
    models: dict[str, str]
    items: tuple[str, ...]
    scores: tuple[float, ...]
    sources: tuple[str, ...]
    chances: dict[int, float]
    """Slot to propensity, where it is not 1."""


class Written(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a copy said."""

    id: str
    item: str
    placement: str
    epoch: int
    revision: int
    writer: str
    recommendation_id: str | None


class Waiting(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An event that names what is not known yet."""

    id: str
    """Of the fact to come."""
    timestamp: int
    """The broker's."""
    shown_at: int | None
    event: Response


class Memory(State, array_like=True, gc=False):
    """State of one shopper.  Each list of it depends on one topic only, but for *waiting*."""

    listed: list[Listed] = []
    """In the order of their topic, as all here."""
    written: list[Written] = []
    shown: list[tuple[str, int]] = []
    """List to its first showing."""
    waiting: list[Waiting] = []
    heard: tuple[int, int] = (0, 0)
    """The newest broker's time of a list, and of a copy."""
