"""What the shop sells (topic `catalog`, compacted, key: item; a tombstone takes the item away)."""

from typing import Annotated

import msgspec

from schemas.base import At, Id, Localized, Record, Texts


class CatalogEntry(Record, frozen=True, kw_only=True):
    """One item as the shop describes it, in any languages."""

    item: Id
    title: Texts
    """The others of these texts fall away where there is one in English or Chinese; see `agents/languages.py`."""
    at: At
    description: Texts = {}
    category: Annotated[str, msgspec.Meta(max_length=256)] = ""
    """A stable id of the category."""
    category_name: Texts = {}
    brand: Annotated[str, msgspec.Meta(max_length=256)] = ""
    price: Annotated[float, msgspec.Meta(ge=0)] | None = None
    was: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """The price before a reduction."""
    currency: Annotated[str, msgspec.Meta(min_length=3, max_length=3)] = "USD"
    stock: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """None: not counted, always there."""
    rebuy: bool = False
    """Whether a shopper may want it again after a purchase."""
    attributes: dict[str, Texts] = {}
    """Facts that copy may name: material, size, origin …"""


class CatalogItem(Record, frozen=True, kw_only=True):
    """One item in the languages that we write: what `agents/languages.py` makes of a `CatalogEntry`; the same fields."""

    item: Id
    title: Localized
    at: At
    description: Localized = {}
    category: Annotated[str, msgspec.Meta(max_length=256)] = ""
    """A stable id of the category."""
    category_name: Localized = {}
    brand: Annotated[str, msgspec.Meta(max_length=256)] = ""
    price: Annotated[float, msgspec.Meta(ge=0)] | None = None
    was: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """The price before a reduction."""
    currency: Annotated[str, msgspec.Meta(min_length=3, max_length=3)] = "USD"
    stock: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """None: not counted, always there."""
    rebuy: bool = False
    """Whether a shopper may want it again after a purchase."""
    attributes: dict[str, Localized] = {}
    """Facts that copy may name: material, size, origin …"""
