"""What a page asks for (topic `requests`, key: shopper)."""

from typing import Annotated

import msgspec

from schemas.base import At, Id, Record, Tag


class Request(Record, frozen=True, kw_only=True):
    """Ask for a list for one placement; with *candidates* only these are ranked."""

    shopper: Id
    at: At
    request_id: Id | None = None
    """Comes back in the list."""
    placement: Id = "home"
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    candidates: Annotated[tuple[Id, ...], msgspec.Meta(max_length=1_000)] = ()
    language: Tag | None = None
