"""What a merchant sets for lists (topic `policies`, compacted, key: policy; a tombstone ends the policy)."""

from typing import Annotated

import msgspec

from schemas.base import At, Id, Record

Ids = Annotated[tuple[Id, ...], msgspec.Meta(max_length=10_000)]
Names = Annotated[tuple[Annotated[str, msgspec.Meta(max_length=256)], ...], msgspec.Meta(max_length=1_000)]
Price = Annotated[float, msgspec.Meta(ge=0)]


class Terms(Record, tag_field="kind", frozen=True, kw_only=True):
    """For which lists and items a policy holds: those that meet each condition that is given.

    An item that the catalogue does not have meets no condition but `items`.
    """

    policy: Id
    at: At
    """When it was set."""
    placements: Annotated[tuple[Id, ...], msgspec.Meta(max_length=1_000)] = ()
    """Of the lists, one of these; empty: all."""
    items: Ids = ()
    """One of these; empty: any."""
    categories: Names = ()
    """Of one of these, by the stable id; empty: any."""
    brands: Names = ()
    """Of one of these; empty: any."""
    price_from: Price | None = None
    """This price or a higher one, in the currency of the item; one without a price does not meet it."""
    price_to: Price | None = None
    """This price or a lower one."""
    stock_below: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Fewer than so many in stock; an item whose stock is not counted does not meet it."""
    starts: At | None = None
    """Holds for lists that cover events from then on; None: at once."""
    ends: At | None = None
    """Holds for lists that cover events before then only; None: until it is taken away."""


class Hide(Terms, tag="hide", frozen=True, kw_only=True):
    """The items are never listed."""


class Only(Terms, tag="only", frozen=True, kw_only=True):
    """No other items are listed; of several, an item must meet each."""


class Boost(Terms, tag="boost", frozen=True, kw_only=True):
    """The items score more, or less."""

    points: Annotated[float, msgspec.Meta(ge=-100, le=100)]
    """Added to the score as the feature `boost`; several add up."""


class Pin(Terms, tag="pin", frozen=True, kw_only=True):
    """One of the items stands in a slot: the first that may be listed and has no slot by another pin."""

    items: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=100)]
    """In the order in which they are tried."""
    slot: Annotated[int, msgspec.Meta(ge=0)]
    """From 0; where a pin with a smaller id has it already, the next free one."""


class Cap(Terms, tag="cap", frozen=True, kw_only=True):
    """A list has no more than so many of the items."""

    most: Annotated[int, msgspec.Meta(ge=0)]


Policy = Hide | Only | Boost | Pin | Cap
