"""What a shopper wrote about an item (topic `reviews`, key: shopper)."""

from typing import Annotated

import msgspec

from schemas.base import At, Id, Record, Tag


class Review(Record, frozen=True, kw_only=True):
    """One review; text and stars may each be missing."""

    review_id: Id
    shopper: Id
    item: Id
    at: At
    text: Annotated[str, msgspec.Meta(max_length=200_000)] = ""
    title: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    stars: Annotated[float, msgspec.Meta(ge=1, le=5)] | None = None
    language: Tag | None = None
