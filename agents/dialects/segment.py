"""Segment's calls, with the names of its Ecommerce Spec V2; RudderStack's and PostHog's are the same."""

from collections.abc import Mapping
from typing import Any

from agents.dialects.heard import Heard, Ignored
from agents.dialects.names import NAMES, NOTHING_TO_US, plain
from agents.dialects.reading import DialectError, Scope, as_place_from_0, inner, objects

_CALLS = frozenset({"track", "identify", "alias", "page", "screen", "group"})

_ASKED_FOR = {
    "shopper": "$.userId",
    "anonymous": "$.anonymousId",
    "at": "$.timestamp",
    "item": "$.properties.product_id",
    "items": "$.properties.products",
    "query": "$.properties.query",
    "review_id": "$.properties.review_id",
}


def hear(value: Mapping[str, Any]) -> Heard | Ignored | None:
    """Take a call apart; None if it is none.  Raise DialectError for a name that the specification does not know."""
    call = value.get("type")
    call = call if isinstance(call, str) and call in _CALLS else None
    properties = inner(("$", value), "properties")
    if call is None and (properties is None or not isinstance(value.get("event"), str)):
        return None
    if call in {None, "track"}:
        path, name = "$.event", value.get("event")
    else:
        path, name = "$.type", call
    if not isinstance(name, str):
        raise DialectError(path, "Expected the name of an event")
    if plain(name) in NOTHING_TO_US:
        return Ignored(plain(name))
    meaning = NAMES.get(plain(name))
    if meaning is None:
        message = f"Not an event of the Ecommerce Spec: {name!r}"
        raise DialectError(path, message)
    top: Scope = ("$", value)
    scopes = [scope for scope in (properties, top, inner(top, "context")) if scope is not None]
    listed = properties is not None and isinstance(properties[1].get("products"), list)
    return Heard(
        who=(top, *(scope for scope in scopes if scope is not top)),
        what=tuple(scopes),
        products=tuple(objects("$.properties.products", properties[1]["products"])) if properties and listed else None,
        listed="$.properties.products",
        name=(path, name),
        meaning=meaning,
        id=value.get("messageId"),
        list_names=("list_id",),
        product_names=("product_id", "sku"),
        asked_for=_ASKED_FOR,
        place=as_place_from_0,
    )
