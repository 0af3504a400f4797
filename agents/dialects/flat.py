"""Records without an envelope: our own with other people's names of fields, and what a five-line producer sends."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from agents.dialects.heard import Heard, Ignored
from agents.dialects.names import KINDS, NAMES, NOTHING_TO_US, OWN_KINDS, Meaning, plain
from agents.dialects.reading import DialectError, Found, Scope, find, inner, objects

_KINDS = ("kind", "event", "event_name", "type", "name")
"""What the kind may be called; a `name` may also be a product's."""

_OF_SEVERAL: dict[str, Meaning] = {"order": "purchase", "basket": "add_to_cart"}
_LISTS = ("products", "items", "lines")


def hear(value: Mapping[str, Any], *, named: bool, nameless: bool = False) -> Heard | Ignored:
    """Take a record apart.

    *named*: its topic tells nothing without the name of an event.  *nameless*: it is no event, and a name in it is a product's.
    Raise DialectError for a name that nobody knows, where one is needed.
    """
    top: Scope = ("$", value)
    context = inner(top, "context")
    listed, products = _products(top)
    heard = Heard(
        who=(top,),
        what=(top, context) if context else (top,),
        products=None if nameless else products,
        listed=listed,
        id=value.get("messageId"),
        own=True,
    )
    if nameless:
        return heard
    found = _name(top, named=named)
    if found is None:
        return heard
    name = plain(found.value)
    meaning = NAMES.get(name) or (cast("Meaning", name) if name in KINDS else None)
    if products is not None:
        meaning = meaning or _OF_SEVERAL.get(name)
    if meaning is not None:
        return msgspec.structs.replace(heard, name=(found.path, found.value), meaning=meaning)
    return Ignored(name) if name in NOTHING_TO_US else heard


def _name(top: Scope, *, named: bool) -> Found | None:
    """Return the name of the event, if it is known; an own kind that is none is left to the decoder."""
    given = [
        found
        for key in (_KINDS if named else ("event", "event_name"))
        if (found := find((top,), (key,))) is not None and isinstance(found.value, str)
    ]
    known = next((found for found in given if _is_known(plain(found.value))), None)
    strange = [found for found in given if found.path not in {"$.name", "$.type"}] or given
    if known is not None or not named or not strange or strange[0].path in {"$.kind", "$.name"}:
        return known
    message = f"Not the name of an event: {strange[0].value!r}"
    raise DialectError(strange[0].path, message)


def _is_known(name: str) -> bool:
    return name in NAMES or name in NOTHING_TO_US or name in OWN_KINDS


def _products(top: Scope) -> tuple[str, tuple[Scope, ...] | None]:
    """Return path and content of the list of products, if there is one."""
    for key in _LISTS:
        listed = top[1].get(key)
        if isinstance(listed, list) and listed and all(isinstance(each, dict) for each in listed):
            return f"$.{key}", tuple(objects(f"$.{key}", listed))
    return "$.products", None
