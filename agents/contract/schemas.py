"""Records as JSON Schema 2020-12: what msgspec says of them, with what it leaves out."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import inspect

from agents.contract.sayings import sayings

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def components(records: Iterable[Any], template: str) -> tuple[list[Schema], dict[str, Schema]]:
    """Return the schema of each of *records* and the named schemas that they refer to, by `template` with a {name}."""
    records = list(records)
    roots, named = msgspec.json.schema_components(records, ref_template=template)
    for record in records:
        for kind in _structs(inspect.type_info(record)):
            _complete(kind, named[kind.cls.__name__])
    return _as_json(list(roots)), _as_json(named)


def document(name: str, about: str, record: Any) -> Schema:
    """Return the schema of *record* as a document of its own."""
    [root], named = components([record], "#/$defs/{name}")
    root.pop("description", None)
    return {
        "$schema": DIALECT,
        "$id": f"urn:vitrine:{name}",
        "title": name,
        "description": about,
        **root,
        "$defs": dict(sorted(named.items())),
    }


def _as_json(value: Any) -> Any:
    """Return *value* as it will be read back: no tuples."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _structs(kind: inspect.Type) -> Iterator[inspect.StructType]:
    match kind:
        case inspect.StructType():
            yield kind
            for field in kind.fields:
                yield from _structs(field.type)
        case inspect.UnionType():
            for each in kind.types:
                yield from _structs(each)
        case inspect.VarTupleType():
            yield from _structs(kind.item_type)
        case inspect.DictType():
            yield from _structs(kind.value_type)


def _complete(kind: inspect.StructType, schema: Schema) -> None:
    """Add what fields mean, which names a mapping may have, and what the places of an array are called."""
    said = sayings(kind.cls)
    for number, field in enumerate(kind.fields):
        node = schema["prefixItems"][number] if kind.array_like else schema["properties"][field.encode_name]
        if kind.array_like:
            node["title"] = field.name
        if field.name in said:
            node["description"] = said[field.name]
        _name_keys(field.type, node)


def _name_keys(kind: inspect.Type, node: Schema) -> None:
    while isinstance(kind, inspect.DictType):
        if isinstance(kind.key_type, inspect.LiteralType):
            node["propertyNames"] = {"enum": sorted(kind.key_type.values)}
        kind, node = kind.value_type, node.get("additionalProperties", {})
