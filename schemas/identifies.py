"""An anonymous visitor became a known shopper (topic `identifies`, key: anonymous; topic `merges`, key: shopper)."""

from schemas.base import At, Id, Language, Polarity, Record


class Identify(Record, frozen=True, kw_only=True):
    """*anonymous* is *shopper* from now on."""

    anonymous: Id
    shopper: Id
    at: At


class Touch(Record, array_like=True, frozen=True, kw_only=True):
    """One thing done with an item, as a profile keeps it."""

    item: str
    kind: str
    at: int
    """Milliseconds since 1970."""


class Query(Record, array_like=True, frozen=True, kw_only=True):
    """One search, as a profile keeps it."""

    text: str
    at: int
    """Milliseconds since 1970."""


class Opinion(Record, array_like=True, frozen=True, kw_only=True):
    """What the shopper thinks of an item, as a profile keeps it."""

    item: str
    polarity: Polarity
    at: int
    """Milliseconds since 1970."""


class Merge(Record, frozen=True, kw_only=True):
    """What an anonymous profile hands to the shopper's, once."""

    shopper: Id
    anonymous: Id
    at: At
    touches: tuple[Touch, ...] = ()
    queries: tuple[Query, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    likes: dict[str, float] = {}
    """Aspect to the sum of polarities in reviews that are not among *opinions*; before 0.2.0 of those too."""
    language: Language | None = None
    aspects: dict[str, dict[str, Polarity]] = {}
    """Item of an opinion to what that review says of each aspect."""
