"""What became of a list or a copy (topic `outcomes`, key: shopper): what was done, joined to what was shown."""

from typing import Literal

from schemas.base import At, Id, Record, Share
from schemas.clicks import Amount, Quantity


class Outcome(Record, frozen=True, kw_only=True):
    """One event that names a list or a copy, with what that list and copy said when they were made."""

    shopper: Id
    kind: Literal["list_shown", "copy_shown", "view", "click", "add_to_cart", "purchase"]
    at: At
    recommendation_id: Id | None = None
    """The list: the one that the event names, else that of the copy."""
    copy_id: Id | None = None
    item: Id | None = None
    """What it was done with; None for a list that was seen."""
    missing: tuple[Literal["list", "copy"], ...] = ()
    """What the event names and nobody knows: made up, or older than what is remembered.  Its fields below are left out."""
    position: int | None = None
    """The item's place on the page, as the storefront said."""
    quantity: Quantity | None = None
    price: Amount | None = None
    shown_at: At | None = None
    """When the list that the event names was first seen, as far as events before this one told."""
    listed_at: At | None = None
    """The newest event that the list was made from."""
    placement: Id | None = None
    epoch: int | None = None
    revision: int | None = None
    models: dict[str, str] = {}
    """Model to version, as the list says."""
    view: int | None = None
    """Version of the item view that the list was made from."""
    slots: tuple[int, ...] = ()
    """Of a list that was seen: the slots of its items, from 0, in the order on the page; -1: not of this list."""
    slot: int | None = None
    """Of an item: its slot, from 0; None: not in that list."""
    score: float | None = None
    source: str | None = None
    propensity: Share | None = None
    """How likely the item was to be in this slot."""
    writer: str | None = None
    """What wrote the copy."""
    copy_item: Id | None = None
    """What the copy is about."""
