"""GA4's events: as tags make them, as the Measurement Protocol sends them, and as rows of its export to BigQuery."""

from collections.abc import Mapping
from typing import Any

from agents.dialects.heard import Heard, Ignored
from agents.dialects.names import NAMES, NOTHING_TO_US, plain
from agents.dialects.reading import DialectError, Scope, inner, objects

_OF_NO_SHOP = frozenset({"click"})
"""GA4's own `click` leaves the site."""


def hear(value: Mapping[str, Any]) -> Heard | Ignored | None:
    """Take an event apart; None if it is none.  Raise DialectError for a name that GA4 does not know, or many events."""
    event: Scope = ("$", value)
    if isinstance(value.get("events"), list):
        path, hits = "$.events", tuple(objects("$.events", value["events"]))
        if len(hits) != 1:
            message = f"Expected one event a record, got {len(value['events'])}"
            raise DialectError(path, message)
        event = hits[0]
    found = _parts(event)
    if found is None:
        return None
    key, params = found
    path, name = f"{event[0]}.{key}", event[1][key]
    if not isinstance(name, str):
        raise DialectError(path, "Expected the name of an event")
    if plain(name) in NOTHING_TO_US or name in _OF_NO_SHOP:
        return Ignored(plain(name))
    meaning = NAMES.get(plain(name))
    if meaning is None:
        message = f"Not an event of GA4 that tells of a shop: {name!r}"
        raise DialectError(path, message)
    return _heard(event, ("$", value), params, (path, name))


def _parts(event: Scope) -> tuple[str, Scope] | None:
    """Return under which key the name stands, and the parameters."""
    value = event[1]
    if "name" in value and (params := inner(event, "params")) is not None:
        return "name", params
    if "event" in value and (params := inner(event, "ecommerce")) is not None:
        return "event", params
    if "event_name" in value and ("event_params" in value or "event_timestamp" in value):
        return "event_name", _exported(event)
    return None


def _exported(event: Scope) -> Scope:
    """Return the parameters of an exported row, each of which has its value under the name of its type."""
    path = f"{event[0]}.event_params"
    params = {}
    for _, each in objects(path, event[1].get("event_params")):
        key, typed = each.get("key"), each.get("value")
        if isinstance(key, str) and isinstance(typed, dict):
            params[key] = next((given for given in typed.values() if given is not None), None)
    return path, params


def _heard(event: Scope, top: Scope, params: Scope, name: tuple[str, str]) -> Heard:
    scopes: list[Scope] = [params, event]
    if top[0] != event[0]:
        scopes.append(top)
    listing = next((scope for scope in scopes if isinstance(scope[1].get("items"), list)), None)
    listed = f"{listing[0] if listing else params[0]}.items"
    device = inner(event, "device")
    return Heard(
        who=(top, *(scope for scope in scopes if scope is not top)),
        what=(*scopes, device) if device else tuple(scopes),
        products=tuple(objects(listed, listing[1]["items"])) if listing else None,
        listed=listed,
        name=name,
        meaning=NAMES[plain(name[1])],
        list_names=("item_list_id", "item_list_name"),
        product_names=("item_id",),
        asked_for={
            "shopper": "$.user_id",
            "anonymous": "$.user_pseudo_id" if params[0].endswith("event_params") else "$.client_id",
            "at": "$.event_timestamp" if params[0].endswith("event_params") else "$.timestamp_micros",
            "item": listed,
            "items": listed,
            "query": f"{params[0]}.search_term",
        },
    )
