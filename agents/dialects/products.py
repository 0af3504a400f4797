"""What the shop sells, under the names of Segment, GA4, Snowplow and schema.org, as records of `catalog`."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from agents.dialects.draft import AT, Draft
from agents.dialects.heard import Heard
from agents.dialects.reading import Found, Scope, as_count, as_id, as_number, find, inner, objects
from models.sentiment.language import detect

_AT = (*AT[:5], "updated_at", "updatedAt", "modified", "dateModified", *AT[5:])
_GONE = re.compile(r"(?:.*/)?(?:out_?of_?stock|sold_?out|discontinued)", re.IGNORECASE)
"""What `availability` (schema.org) and `inventory_status` (Snowplow) say of an item that can't be had."""
_SLUG = re.compile(r"[a-z0-9_.:/-]*")
"""A category that is an id, and no name that a shopper could read."""
_FACTS = ("material", "color", "size", "style")
"""Fields that are facts of the item, beside those under `attributes`."""


def draft(heard: Heard) -> Draft:
    """Return one item; a text without a language is in that of the record, or else in the one that it looks like."""
    top = heard.what[0]
    made = Draft(msgspec.structs.replace(heard, what=(top, *_offers(top))))
    said = find((top,), ("language", "locale", "inLanguage"))
    tag = said.value if said is not None and isinstance(said.value, str) else None
    found = made.product(top)
    if found is not None:
        made.put("item", found, found.value if found.path == "$.item" else as_id(found.value))
    made.take("at", _AT, heard.time, who=True)
    _text(made, "title", ("title", "name", "item_name"), tag)
    _text(made, "description", ("description",), tag)
    category = made.take("category", ("category", "item_category"))
    _text(made, "category_name", ("category_name",), tag)
    if category is not None and "category_name" not in made.fields and not _SLUG.fullmatch(str(category.value)):
        made.put("category_name", category, _in(tag, category.value))
    _brand(made, top)
    made.take("price", ("price",), as_number)
    made.take("was", ("was",), as_number)
    made.take("currency", ("currency", "priceCurrency"))
    made.take("rebuy", ("rebuy",))
    _stock(made)
    _attributes(made, top, tag)
    return made


def _offers(top: Scope) -> tuple[Scope, ...]:
    """Return the first offer of schema.org's."""
    offer = inner(top, "offers")
    return (offer,) if offer else tuple(objects("$.offers", top[1].get("offers")))[:1]


def _text(made: Draft, field: str, names: tuple[str, ...], tag: str | None) -> None:
    found = find(made.heard.what[:1], names)
    if found is not None:
        made.put(field, found, _in(tag, found.value))


def _in(tag: str | None, value: Any) -> Any:
    return {tag or detect(value[:1_000]): value} if isinstance(value, str) else value


def _brand(made: Draft, top: Scope) -> None:
    found = find((top,), ("brand", "item_brand"))
    if found is not None:
        named = found.value.get("name") if isinstance(found.value, Mapping) else None
        made.put("brand", found, found.value if named is None else named)


def _stock(made: Draft) -> None:
    if made.take("stock", ("stock", "inventory", "inventory_quantity"), as_count) is None:
        found = find(made.heard.what, ("availability", "inventory_status"))
        if found is not None and isinstance(found.value, str) and _GONE.fullmatch(found.value):
            made.put("stock", found, 0)


def _attributes(made: Draft, top: Scope, tag: str | None) -> None:
    given = top[1].get("attributes")
    if given is not None and not isinstance(given, dict):
        made.put("attributes", Found("$.attributes", given), given)
        return
    attributes = {str(name): _in(tag, value) for name, value in (given or {}).items()}
    for name in _FACTS:
        value = top[1].get(name)
        if isinstance(value, str) and value and name not in attributes:
            attributes[name] = _in(tag, value)
            made.places[f"$.attributes.{name}"] = f"$.{name}"
    if attributes:
        made.put("attributes", Found("$.attributes", given), attributes)
