"""What a shopper likes, as far as words about an item may lean on it."""

import msgspec

from schemas.base import Language


class Liking(msgspec.Struct, frozen=True):
    """A mild summary of a profile; nothing in it says when or how often anything was done."""

    language: Language | None = None
    """The one to put first; None: not known."""
    category: str = ""
    """Id of the category that the shopper lately looks at."""
    category_item: str = ""
    """The newest item touched there."""
    brand: str = ""
    """The brand met most."""
    aspects: dict[str, float] = {}
    """Aspects that the shopper's own reviews praise, any weight above 0; no review is quoted that may be their own."""
    query: str = ""
    """The newest search."""
