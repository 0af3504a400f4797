"""What a shopper searched for (topic `searches`, key: shopper)."""

from typing import Annotated

import msgspec

from schemas.base import At, Id, Record, Tag


class Search(Record, frozen=True, kw_only=True):
    """One query; an empty one is a look at everything."""

    shopper: Id
    query: Annotated[str, msgspec.Meta(max_length=2_000)]
    at: At
    language: Tag | None = None
    session: Id | None = None
