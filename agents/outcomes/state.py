"""What is remembered of a shopper's lists until somebody says what became of them."""

import msgspec

from agents.processor import State
from schemas.clicks import Response

LISTS = 12
"""Newest lists remembered: so many events later a shopper may still choose from the first of them."""
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
    chances: tuple[tuple[int, float], ...]
    """Slot to propensity, where it is not 1."""


class Waiting(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An event that names what is not known yet."""

    id: str
    """Of the fact to come."""
    timestamp: int
    """The broker's."""
    shown_at: int | None
    event: Response


class Memory(State, array_like=True, gc=False):
    """State of one shopper.  Each field but *waiting* depends on one topic only."""

    listed: list[Listed] = []
    """In the order of their topic, as all here."""
    shown: list[tuple[str, int]] = []
    """List to its first showing."""
    waiting: list[Waiting] = []
    heard: int = 0
    """The newest broker's time of a list."""
