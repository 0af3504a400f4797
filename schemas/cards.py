"""What every worker knows of an item (topics `item-cards` and `item-vectors`, compacted)."""

from datetime import timedelta

from schemas.base import At, Id, Polarity, Record
from schemas.catalog import CatalogItem

HEAT_HALF_LIFE = timedelta(days=1)
"""After this time the heat of an item is half of what it was."""


class Neighbour(Record, array_like=True, frozen=True, kw_only=True):
    """An item often met beside another."""

    item: str
    weight: float


class Praise(Record, frozen=True, kw_only=True):
    """What reviews say of one aspect."""

    positive: int = 0
    negative: int = 0
    quote: str = ""
    """The newest praising words."""


class ItemCard(Record, frozen=True, kw_only=True):
    """Facts, stock, price, counts, neighbours and likes of one item."""

    item: Id
    revision: int
    at: At
    """The newest event in it; the reference time of *heat*."""
    facts: CatalogItem | None = None
    """None while the catalogue does not know the item."""
    views: int = 0
    clicks: int = 0
    carts: int = 0
    purchases: int = 0
    heat: float = 0.0
    """Weighted interactions that halve with each HEAT_HALF_LIFE, as of *at*."""
    neighbours: tuple[Neighbour, ...] = ()
    """Heaviest first."""
    reviews: int = 0
    polarity: Polarity = 0.0
    """Mean over the reviews."""
    aspects: dict[str, Praise] = {}


class ItemVector(Record, frozen=True, kw_only=True):
    """The item's text as a vector (key: item, a line feed, model version)."""

    item: Id
    model: str
    vector: bytes
    """Little-endian float16, normalised to length 1."""
