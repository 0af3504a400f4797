"""What a review says (topic `sentiments`, key: shopper; topic `feedback`, key: item)."""

from typing import Literal

from schemas.base import At, Id, Language, Polarity, Record, Share

Label = Literal["negative", "neutral", "positive"]


class Aspect(Record, frozen=True, kw_only=True):
    """What is said of one side of the item, with the words that say it."""

    name: str
    """One of `quality fit price delivery packaging service looks function`."""
    polarity: Polarity
    quote: str


class Sentiment(Record, frozen=True, kw_only=True):
    """A review as its author's profile needs it."""

    shopper: Id
    item: Id
    review_id: Id
    at: At
    polarity: Polarity
    label: Label
    probability: Share
    """Of *label*."""
    language: Language
    model: str
    """Model and version, `name@version`."""
    stars: float | None = None
    aspects: tuple[Aspect, ...] = ()


class Feedback(Record, frozen=True, kw_only=True):
    """A review as its item needs it; nothing of the shopper."""

    item: Id
    review_id: Id
    at: At
    polarity: Polarity
    label: Label
    probability: Share
    language: Language
    model: str
    stars: float | None = None
    aspects: tuple[Aspect, ...] = ()
