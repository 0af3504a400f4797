"""What was done with an item, and beside which others (topic `pairs`, key: item)."""

from typing import Literal

from schemas.base import At, Id, Record


class Pair(Record, frozen=True, kw_only=True):
    """Facts of one interaction for one item; nothing of the shopper."""

    item: Id
    at: At
    kind: Literal["view", "click", "add_to_cart", "purchase"] | None = None
    """What was done with *item*; None if the interaction was with one of *others*."""
    others: tuple[str, ...] = ()
    """Items of the same shopper seen before (*kind* given) or after (*kind* None), the nearest first."""
