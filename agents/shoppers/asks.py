"""Which events owe a list, and which list."""

from typing import Any

import msgspec

from agents.processor import Owed
from schemas.base import Id
from schemas.clicks import AddToCart, Basket, Click, Order, Purchase, View
from schemas.identifies import Merge
from schemas.requests import Request
from schemas.searches import Search
from schemas.sentiments import Sentiment

HOME = "home"
"""Placement, and slot, of the lists that nobody asked for."""

_IMPLYING = frozenset((View, Click, AddToCart, Purchase, Basket, Order, Search, Sentiment, Merge))


class Ask(msgspec.Struct, frozen=True):
    """A list that is wanted."""

    shopper: str
    placement: str = HOME
    limit: int | None = None
    """None: as many as the options say."""
    candidates: tuple[Id, ...] = ()
    """Rank these only."""
    request_id: str | None = None
    requested: bool = False
    """Whether a page asked, or an event implied it."""


def owed_by(event: Any) -> tuple[Owed, ...]:
    """Return the lists that *event* owes.

    A request has a slot of its own, so that a list that an event implies can't take its place and lose its id.
    """
    if type(event) in _IMPLYING:
        return (Owed(HOME, Ask(event.shopper)),)
    if isinstance(event, Request):
        ask = Ask(event.shopper, event.placement, event.limit, event.candidates, event.request_id, requested=True)
        return (Owed(f"request/{event.placement}", ask),)
    return ()
