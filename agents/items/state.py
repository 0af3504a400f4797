"""What is kept of one item."""

import msgspec

from agents.items.decay import Heat
from agents.items.neighbours import Neighbours
from agents.processor import State
from schemas.catalog import CatalogItem


class Place(msgspec.Struct, array_like=True, frozen=True, order=True, gc=False):
    """When and where a catalogue record was written; of two, the greater one holds."""

    at: int
    """Milliseconds since 1970: the record's time, a tombstone's is the broker's."""
    offset: int
    partition: int


class Opinions(msgspec.Struct, array_like=True, gc=False):
    """What reviews say of one aspect."""

    positive: int = 0
    negative: int = 0
    quote: str = ""
    """The newest praise."""
    said: int = -1
    """When, in milliseconds since 1970."""
    review: str = ""
    """In which review."""


class Item(State, array_like=True, gc=False):
    """Facts, counts, neighbours and reviews; sums are whole numbers, so that the order of topics changes nothing."""

    item: str = ""
    """Empty until an event names it: a tombstone does not."""
    at: int = 0
    """The newest event, in milliseconds since 1970."""
    facts: CatalogItem | None = None
    written: Place | None = None
    """The catalogue record that *facts*, or their absence, come from."""
    views: int = 0
    clicks: int = 0
    carts: int = 0
    purchases: int = 0
    heat: Heat = msgspec.field(default_factory=Heat)
    neighbours: Neighbours = msgspec.field(default_factory=Neighbours)
    reviews: int = 0
    polarity: int = 0
    """Sum over the reviews, in ten-thousandths."""
    aspects: dict[str, Opinions] = {}
