"""An event as its producer put it, taken apart: where its fields may stand, before any of them is looked at."""

from collections.abc import Mapping
from typing import Any

import msgspec

from agents.dialects.names import Meaning
from agents.dialects.reading import Read, Scope, as_count, as_time


class Ignored(msgspec.Struct, frozen=True):
    """An event with a name that tells us nothing."""

    name: str


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of one event, in every dialect the same."""

    who: tuple[Scope, ...]
    """Where shopper, time and session may stand, the best place first."""
    what: tuple[Scope, ...]
    """Where everything else may stand."""
    products: tuple[Scope, ...] | None = None
    """The products that it lists; None: its one product stands in *what*."""
    listed: str = "$"
    """JSON path of that list."""
    name: tuple[str, str] | None = None
    """Path and text of the event's name."""
    meaning: Meaning | None = None
    """Of the name; None where no name is needed."""
    id: Any = None
    """The producer's name for the event: one that is sent twice is folded once."""
    list_names: tuple[str, ...] = ("list_id", "item_list_id")
    """What the name of a shown list is called."""
    product_names: tuple[str, ...] = ("product_id", "item_id", "sku")
    """What a product's id is called, the best first."""
    asked_for: Mapping[str, str] = {}
    """Our name of a field to the path at which a producer would have put it, for when it is missing."""
    time: Read = as_time
    place: Read = as_count
    """Reads a place in a list."""
    own: bool = False
    """Whether it may be one of our own records, with other names in it."""
