"""What a shopper does with items, lists and copy (topic `clicks`, key: shopper)."""

from typing import Annotated

import msgspec

from schemas.base import At, Id, Record, Tag

Quantity = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Amount = Annotated[float, msgspec.Meta(ge=0)]


class Event(Record, tag_field="kind", frozen=True, kw_only=True):
    """What every event of a shopper says."""

    shopper: Id
    at: At
    language: Tag | None = None
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
    """Its place in that list, from 0."""


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


class Line(Record, frozen=True, kw_only=True):
    """One item of several."""

    item: Id
    quantity: Quantity = 1
    price: Amount | None = None
    """Of one piece."""
    recommendation_id: Id | None = None
    copy_id: Id | None = None


class Lines(Event, frozen=True, kw_only=True):
    """The same thing done with several items at once."""

    lines: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=200)]


class Basket(Lines, tag="basket", frozen=True, kw_only=True):
    """All items were put into the cart."""


class Order(Lines, tag="order", frozen=True, kw_only=True):
    """All items were bought."""


class ListShown(Event, tag="list_shown", frozen=True, kw_only=True):
    """A list was seen; *items* in the order of their slots."""

    items: Annotated[tuple[Id, ...], msgspec.Meta(max_length=500)]
    recommendation_id: Id | None = None
    placement: Id = "home"


class CopyShown(Event, tag="copy_shown", frozen=True, kw_only=True):
    """A copy was seen."""

    copy_id: Id
    item: Id


ClickEvent = View | Click | AddToCart | Purchase | Basket | Order | ListShown | CopyShown

Response = View | Click | AddToCart | Purchase | ListShown | CopyShown
"""Something done with one item, list or copy, that names where it was found (topic `responses`, key: shopper)."""
