"""Personal words about an item (topic `copy`, key: shopper)."""

from schemas.base import At, Id, Localized, Record


class Claim(Record, frozen=True, kw_only=True):
    """One statement of a copy and the fact that it rests on."""

    text: Localized
    """The words of the claim as they stand in the copy."""
    fact: str
    """Path of the fact: `item.price`, `item.attributes.material`, `reviews.quality`, `profile.category` …"""
    value: str
    """The fact itself."""


class Copy(Record, frozen=True, kw_only=True):
    """A few words that make a shopper look at one item."""

    copy_id: Id
    shopper: Id
    item: Id
    placement: Id
    epoch: int
    revision: int
    at: At
    valid_until: At
    text: Localized
    claims: tuple[Claim, ...]
    writer: str
    """Version of what wrote it."""
    recommendation_id: Id | None = None
    """The list that it belongs to."""
