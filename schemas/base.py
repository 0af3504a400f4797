"""What all records share: how they are encoded, and the types of their fields."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
"""The name of a shopper, an item, a review …: not empty, at most 256 characters."""

At = Annotated[datetime, msgspec.Meta(tz=True)]
"""When it happened: RFC 3339 with an offset."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
"""A probability or a share."""

Polarity = Annotated[float, msgspec.Meta(ge=-1, le=1)]
"""From -1, a complaint, to 1, praise."""

Language = Literal["en", "zh"]
"""The languages that we write."""

Tag = Annotated[str, msgspec.Meta(max_length=64)]
"""The language of somebody else's, as BCP 47 names it: `en-GB`, `zh-Hant`, `fr`; `zh_TW` will do."""

Localized = dict[Language, str]
"""A text in each of our languages that it exists in."""

Texts = dict[Tag, str]
"""A text in each language that it exists in."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of every record: immutable, named fields, JSON on the wire, unknown fields ignored."""
