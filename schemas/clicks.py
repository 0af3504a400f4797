"""What a shopper does with items, lists and copy (topic `clicks`, key: shopper)."""

from typing import Annotated

import msgspec

from schemas.base import At, Id, Language, Record

Quantity = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Amount = Annotated[float, msgspec.Meta(ge=0)]


class Event(Record, tag_field="kind", frozen=True, kw_only=True):
    """What every event of a shopper says."""

    shopper: Id
    at: At
    language: Language | None = None
    """The language in which the shopper sees the shop."""
    session: Id | None = None


class Interaction(Event, frozen=True, kw_only=True):
    """Something done with one item."""

    item: Id
    recommendation_id: Id | None = None
    """The list in which the item was found."""
    copy_id: Id | None = None
    """The copy that led to the item."""
    position: Annotated[int, msgspec.Meta(ge=0)] | None = None


class View(Interaction, tag="view", frozen=True, kw_only=True):
    """The item's page was seen."""


class Click(Interaction, tag="click", frozen=True, kw_only=True):
    """The item was chosen from a list."""


class AddToCart(Interaction, tag="add_to_cart", frozen=True, kw_only=True):
    """The item was put into the cart."""

    quantity: Quantity = 1
    price: Amount | None = None


class Purchase(Interaction, tag="purchase", frozen=True, kw_only=True):
    """The item was bought."""

    quantity: Quantity = 1
    price: Amount | None = None


class ListShown(Event, tag="list_shown", frozen=True, kw_only=True):
    """A list was seen; *items* in the order of their slots."""

    items: Annotated[tuple[Id, ...], msgspec.Meta(max_length=500)]
    recommendation_id: Id | None = None
    placement: Id = "home"


class CopyShown(Event, tag="copy_shown", frozen=True, kw_only=True):
    """A copy was seen."""

    copy_id: Id
    item: Id


ClickEvent = View | Click | AddToCart | Purchase | ListShown | CopyShown
