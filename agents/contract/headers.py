"""The headers of records as JSON Schema: those of a CloudEvent in binary mode, and those of a dead letter."""

from typing import Any, get_args

from agents.contract.sayings import sayings
from agents.contract.schemas import DIALECT
from agents.headers import DEAD_LETTER, REKEY
from agents.intake import MAX_ID
from schemas.dead_letters import DeadLetter, Stage

Schema = dict[str, Any]

_TEXT = {"type": "string"}

_CLOUD_EVENT: dict[str, tuple[Schema, str]] = {
    "ce_specversion": ({"const": "1.0"}, ""),
    "ce_id": (
        {**_TEXT, "minLength": 1, "maxLength": MAX_ID},
        "The event's own name: a record with an id that was seen is the same event again.",
    ),
    "ce_source": (_TEXT, "Who made the event."),
    "ce_type": (_TEXT, "What kind of event it is."),
    "ce_time": ({**_TEXT, "format": "date-time"}, "When it was made: RFC 3339."),
    "content-type": ({"enum": ["application/json"]}, "Of the value."),
}


def of_outputs() -> Schema:
    """Return the headers of every record that we write."""
    return _headers(
        "cloudevents",
        "CloudEvents 1.0, binary mode: each attribute is a header, in UTF-8.",
        _CLOUD_EVENT,
        list(_CLOUD_EVENT),
    )


def of_inputs() -> Schema:
    """Return the headers that we read; none must be there."""
    given = {name: _CLOUD_EVENT[name] for name in ("ce_id",)}
    given["content-type"] = (
        _TEXT,
        "`application/cloudevents+json`: the value is a CloudEvent in structured mode, the event its `data`.",
    )
    return _headers("inputs", "All are optional; others are passed on to dead letters as they came.", given, [])


def of_dead_letters() -> Schema:
    """Return the headers that a refused record has beside its own."""
    said = sayings(DeadLetter)
    about = {
        "topic": "Where the record stood when it was refused, as `partition`, `offset` and `timestamp`.",
        "timestamp": "The broker's, in milliseconds since 1970.",
        "stage": "What refused it.",
        "group": "The consumer group that refused it.",
    }
    fields = {
        DEAD_LETTER + field.replace("_", "."): (
            {"enum": list(get_args(Stage))} if field == "stage" else _TEXT,
            said.get(field) or about.get(field, ""),
        )
        for field in DeadLetter.__struct_fields__
    }
    required = [name for name in fields if name.removeprefix(DEAD_LETTER) not in {"field", "group"}]
    return _headers("dead-letters", "Key, value and other headers are the record's own.", fields, required)


def of_misplaced() -> Schema:
    """Return the headers that a record on a rekey topic has beside its own."""
    names = ("topic", "partition", "offset", "timestamp")
    fields = {REKEY + name: (_TEXT, f"The {name} where it was read first.") for name in names}
    return _headers("rekeyed", "Key and value are right; other headers are the record's own.", fields, list(fields))


def _headers(name: str, about: str, fields: dict[str, tuple[Schema, str]], required: list[str]) -> Schema:
    properties = {
        field: {**schema, **({"description": said} if said else {})} for field, (schema, said) in fields.items()
    }
    return {
        "$schema": DIALECT,
        "$id": f"urn:vitrine:headers:{name}",
        "title": f"Headers of {name}",
        "description": about,
        "type": "object",
        "properties": properties,
        "required": required,
    }
