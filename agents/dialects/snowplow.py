"""Snowplow's ecommerce actions: self-describing with their entities, and as the JSON of its analytics SDKs."""

from collections.abc import Iterator, Mapping
from typing import Any

from agents.dialects.heard import Heard, Ignored
from agents.dialects.names import NAMES, NOTHING_TO_US, plain
from agents.dialects.reading import DialectError, Scope, as_utc, inner, objects

_ACTION, _SEARCH, _PRODUCT = "snowplow_ecommerce_action", "site_search", "product"
_IGLU = "iglu:"
_ENRICHED = frozenset({"collector_tstamp", "event_vendor", "v_collector"})
"""Fields that every enriched event has, and nothing else."""


def hear(value: Mapping[str, Any]) -> Heard | Ignored | None:
    """Take an event apart; None if it is none.  Raise DialectError for an action that Snowplow does not know."""
    top: Scope = ("$", value)
    if not _ENRICHED.isdisjoint(value):
        return _enriched(top)
    outer = top if _schema(top) else inner(top, "event")
    if outer is None or not _schema(outer):
        return None
    action = _unwrapped(outer)
    entities = [scope for name in ("context", "contexts", "entities") for scope in _entities(top, name)]
    products = tuple(data for each in entities if _name(each) == _PRODUCT and (data := inner(each, "data")))
    found = inner(action, "data")
    return _heard(top, _name(action), found, products, "$.context")


def _enriched(top: Scope) -> Heard | Ignored | None:
    """Take the JSON of an analytics SDK apart, in which the path of a schema is part of a name."""
    value = top[1]
    action: Scope | None = None
    name = str(value.get("event_name") or value.get("event"))
    products: tuple[Scope, ...] | None = None
    listed = "$.contexts_com_snowplowanalytics_snowplow_ecommerce_product_1"
    for key, given in value.items():
        if key.startswith("unstruct_event_") and isinstance(given, dict):
            action = (f"$.{key}", given)
            name = next((known for known in (_ACTION, _SEARCH) if f"_{known}_" in key), name)
        elif key.startswith("contexts_") and "_ecommerce_product_" in key:
            listed = f"$.{key}"
            products = tuple(objects(listed, given))
    return _heard(top, name, action, products or (), listed)


def _heard(
    top: Scope, name: str, action: Scope | None, products: tuple[Scope, ...], listed: str
) -> Heard | Ignored | None:
    """Put together what was found: the schema's name says which event it is, an action's type says which action."""
    if name not in {_ACTION, _SEARCH}:
        return Ignored(name)
    path, said = (f"{action[0] if action else top[0]}.type", action[1].get("type") if action else None)
    if name == _SEARCH:
        path, said = f"{top[0]}.schema", _SEARCH
    if not isinstance(said, str):
        raise DialectError(path, "Expected the type of an ecommerce action")
    if plain(said) in NOTHING_TO_US:
        return Ignored(plain(said))
    meaning = NAMES.get(plain(said))
    if meaning is None:
        message = f"Not an ecommerce action of Snowplow: {said!r}"
        raise DialectError(path, message)
    return Heard(
        who=(top,),
        what=(action, top) if action else (top,),
        products=products,
        listed=listed,
        name=(path, said),
        meaning=meaning,
        id=top[1].get("event_id"),
        list_names=("name",),
        product_names=("id",),
        asked_for={
            "shopper": "$.user_id",
            "anonymous": "$.domain_userid",
            "at": "$.derived_tstamp",
            "item": listed,
            "items": listed,
            "query": f"{action[0] if action else top[0]}.terms",
        },
        time=as_utc,
    )


def _unwrapped(event: Scope) -> Scope:
    """Return the event in the envelope that says no more than that it is one."""
    inside = inner(event, "data")
    return inside if inside is not None and _name(event) == "unstruct_event" and _schema(inside) else event


def _entities(top: Scope, name: str) -> Iterator[Scope]:
    listed = top[1].get(name)
    if isinstance(listed, dict):
        yield from objects(f"$.{name}.data", listed.get("data"))
    yield from objects(f"$.{name}", listed)


def _schema(scope: Scope) -> str:
    schema = scope[1].get("schema")
    return schema if isinstance(schema, str) and schema.startswith(_IGLU) else ""


def _name(scope: Scope) -> str:
    """Return the name in `iglu:vendor/name/format/version`."""
    parts = _schema(scope).split("/")
    return parts[1] if len(parts) > 1 else ""
