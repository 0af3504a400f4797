"""What is done with products, as records of `clicks`."""

from typing import Any

from agents.dialects.draft import COPY_ID, LIST_ID, Draft, same
from agents.dialects.heard import Heard
from agents.dialects.names import KINDS
from agents.dialects.reading import DialectError, Found, Scope, as_count, as_id, as_ids, as_number, find

_SEVERAL = {"purchase": "order", "add_to_cart": "basket"}
"""Kind of one product to the kind of several."""


def draft(heard: Heard) -> Draft:
    """Return the record of *heard*.  Raise DialectError where it has another number of products than it can have."""
    made = Draft(heard)
    made.event()
    if heard.meaning in KINDS and heard.name is not None:
        path, said = heard.name
        made.put("kind", Found(path, said), heard.meaning)
    else:
        made.take("kind", ("kind", "event", "event_name", "type"))
        made.take("lines", ("lines",))
    if heard.meaning == "list_shown":
        _list_shown(made)
    elif heard.products is not None and len(heard.products) > 1 and heard.meaning in _SEVERAL:
        _lines(made, heard.products, _SEVERAL[heard.meaning])
    else:
        _one(made)
    return made


def _list_shown(made: Draft) -> None:
    made.take("recommendation_id", LIST_ID)
    made.take("placement", ("placement", *made.heard.list_names))
    if made.heard.products is None:
        made.take("items", ("items", "product_ids", "item_ids"), as_ids)
        return
    items: list[Any] = []
    for number, scope in enumerate(made.heard.products):
        found = made.product(scope)
        items.append(None if found is None else as_id(found.value))
        made.places[f"$.items[{number}]"] = found.path if found else f"{scope[0]}.{made.heard.product_names[0]}"
    made.put("items", Found(made.heard.listed, ...), items)
    if "placement" not in made.fields and made.heard.products:
        found = find((made.heard.products[0],), made.heard.list_names)
        if found is not None:
            made.put("placement", found, found.value)


def _lines(made: Draft, products: tuple[Scope, ...], kind: str) -> None:
    made.fields["kind"] = kind
    whole = made.heard.what
    lines = []
    for number, scope in enumerate(products):
        line: dict[str, Any] = {}
        for field, found, value in (
            ("item", item := made.product(scope), as_id(item.value) if item else None),
            ("quantity", count := find((scope,), ("quantity",)), as_count(count.value) if count else None),
            ("price", price := find((scope,), ("price",)), as_number(price.value) if price else None),
            ("recommendation_id", listed := find((scope, *whole), LIST_ID), listed.value if listed else None),
            ("copy_id", copy := find((scope, *whole), COPY_ID), copy.value if copy else None),
        ):
            if found is not None:
                line[field] = value
                made.places[f"$.lines[{number}].{field}"] = found.path
        made.places.setdefault(f"$.lines[{number}].item", f"{scope[0]}.{made.heard.product_names[0]}")
        lines.append(line)
    made.put("lines", Found(made.heard.listed, ...), lines)


def _one(made: Draft) -> None:
    heard = made.heard
    one: Scope | None = None
    if heard.products is not None and heard.meaning is not None:
        if len(heard.products) != 1:
            message = f"Expected one product, got {len(heard.products)}"
            raise DialectError(heard.listed, message)
        one = heard.products[0]
    found = made.product(one)
    if found is not None:
        made.put("item", found, found.value if found.path == "$.item" else as_id(found.value))
    elif one is not None:
        made.places["$.item"] = f"{one[0]}.{heard.product_names[0]}"
    elif "item" in heard.asked_for:
        made.places["$.item"] = heard.asked_for["item"]
    scopes = heard.what if one is None else (one, *heard.what)
    for field, names, read in (
        ("recommendation_id", LIST_ID, same),
        ("copy_id", COPY_ID, same),
        ("position", ("position", "index"), heard.place),
        ("quantity", ("quantity",), as_count),
        ("price", ("price",), as_number),
    ):
        given = find(scopes, names)
        if given is not None:
            made.put(field, given, read(given.value))
