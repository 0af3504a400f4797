"""The contract as one AsyncAPI 3.0 document, with the bindings of Kafka (0.5.0)."""

from collections.abc import Mapping
from importlib import resources
from typing import Any

import msgspec

from agents.contract.promises import ACTIONS, file_of, of_headers
from agents.contract.schemas import components
from agents.engine.topics import Needed
from agents.topics import ALL, DEAD_LETTERS, INPUTS, POLICIES, REKEYS, Topic

BINDING = "0.5.0"

Document = dict[str, Any]

_KEYS = {
    "shopper": "The shopper's id, in UTF-8.",
    "item": "The item's id, in UTF-8.",
    "item_model": "The item's id, a line feed, and the version of the model, in UTF-8.",
    "policy": "The policy's id, in UTF-8.",
    "letter": "Where the dead letter lies: topic/partition/offset, in UTF-8.",
}
_OTHER_KEYS = {"identifies.v1": "The anonymous id, in UTF-8."}

_TOMBSTONES = {
    "catalog.v1": "A record without a value takes the item out of the shop.",
    "policies.v1": "A record without a value ends the policy.",
    "item-cards.v1": "A record without a value: nothing is known of the item any more.",
    "item-vectors.v1": "A record without a value: the item has no text any more.",
}

_HEADERS = {
    "inputs": "InputHeaders",
    "outputs": "OutputHeaders",
    "dead-letters": "DeadLetterHeaders",
    "rekeyed": "RekeyedHeaders",
}

_POLICY, _NUMBERS = "cleanup.policy", ("retention.ms", "retention.bytes", "delete.retention.ms", "max.message.bytes")

_ABOUT = """Events of a shop in; lists and words for each shopper out.

Values are JSON; attributes of CloudEvents 1.0 are headers (binary mode). Events may also be CloudEvents in structured
mode, stand behind the five bytes of a schema registry, or come in the words of Segment's Ecommerce Spec V2, of GA4 or of
Snowplow. Keys are UTF-8; a record under another key or in another partition than murmur2 gives goes once through a rekey
topic. Fields that a reader does not know are to be ignored. Inside a version of a topic (`.v1`) fields are only added.
Of two lists of a shopper and placement, keep the one with the greater (epoch, revision); drop facts whose `ce_id` was seen."""


class Place(msgspec.Struct, frozen=True):
    """Where the topics are, as the settings have it."""

    version: str
    host: str
    prefix: str
    group: str
    needed: Mapping[str, Needed]
    """Name on the broker to partitions and settings."""


def asyncapi(place: Place) -> Document:
    """Return the document."""
    valued = [topic for topic in ALL if topic.record is not None]
    roots, schemas = components([topic.record for topic in valued], "#/components/schemas/{name}")
    payloads = {topic.name: _plain(root) for topic, root in zip(valued, roots, strict=True)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Vitrine",
            "version": place.version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": {"host": place.host, "protocol": "kafka"}},
        "channels": {topic.name: _channel(topic, place) for topic in ALL},
        "operations": dict(_operations(place)),
        "components": {
            "messages": _messages(payloads),
            "schemas": dict(sorted(schemas.items())) | _header_schemas(),
        },
        "x-headers": {
            name: {"actions": actions, "schema": file_of(f"headers/{name}")}
            for name, (actions, _) in of_headers().items()
        },
    }


def examples() -> dict[str, list[dict[str, Any]]]:
    """Return records to look at, by topic: a name, and a value or a value with headers."""
    data = resources.files("agents.contract").joinpath("examples.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, list[dict[str, Any]]])


def _channel(topic: Topic, place: Place) -> Document:
    name = place.prefix + topic.name
    needed = place.needed[name]
    messages = {"value": {"$ref": f"#/components/messages/{topic.name}"}}
    if topic.name in _TOMBSTONES:
        messages["tombstone"] = {"$ref": f"#/components/messages/{topic.name}.tombstone"}
    return {
        "address": name,
        "description": topic.about,
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": messages,
        "bindings": {
            "kafka": {
                "topic": name,
                "partitions": needed.partitions,
                "topicConfiguration": _configuration(needed.config),
                "bindingVersion": BINDING,
            }
        },
        "x-key": topic.key,
        "x-compacted": topic.compacted,
        **({"x-schema": file_of(topic.name)} if topic.record is not None else {}),
    }


def _configuration(config: Mapping[str, str]) -> Document:
    """Return those settings of a topic that the binding has a word for."""
    numbers = {name: int(config[name]) for name in _NUMBERS if name in config}
    return {_POLICY: config.get(_POLICY, "delete").split(","), **numbers}


def _operations(place: Place) -> list[tuple[str, Document]]:
    found = []
    for topic in ALL:
        for action in ACTIONS[topic.name]:
            operation: Document = {
                "action": action,
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "summary": f"Vitrine {'reads' if action == 'receive' else 'writes'}: {topic.about}",
            }
            if action == "receive":
                group = {"type": "string", "enum": [place.group]}
                operation["bindings"] = {"kafka": {"groupId": group, "bindingVersion": BINDING}}
            found.append((f"{action}/{topic.name}", operation))
    return found


def _messages(payloads: Mapping[str, Document]) -> Document:
    shown = examples()
    found: Document = {}
    for topic in ALL:
        key = {"type": "string", "description": _OTHER_KEYS.get(topic.name, _KEYS[topic.key])}
        bindings = {"kafka": {"key": key, "bindingVersion": BINDING}}
        message: Document = {"name": topic.name, "title": topic.name, "summary": topic.about, "bindings": bindings}
        if topic in DEAD_LETTERS or topic in REKEYS:
            whose = _HEADERS["dead-letters" if topic in DEAD_LETTERS else "rekeyed"]
            message |= {"contentType": "application/octet-stream", "payload": {"description": "The value as it came."}}
        else:
            whose = _HEADERS["inputs" if topic in INPUTS else "outputs"]
            message["payload"] = payloads[topic.name]
        if topic is not POLICIES:  # its headers are not looked at
            message["headers"] = {"$ref": f"#/components/schemas/{whose}"}
        if topic.name in shown:
            message["examples"] = shown[topic.name]
        found[topic.name] = message
        if topic.name in _TOMBSTONES:
            found[f"{topic.name}.tombstone"] = {
                "name": f"{topic.name}.tombstone",
                "summary": _TOMBSTONES[topic.name],
                "payload": {"type": "null"},
                "bindings": bindings,
            }
    return found


def _header_schemas() -> dict[str, Document]:
    return {
        _HEADERS[name]: {key: value for key, value in schema.items() if key[0] != "$"}
        for name, (_, schema) in of_headers().items()
    }


def _plain(root: Document) -> Document:
    """Return a payload without the mapping of tags, which AsyncAPI writes in another way; each kind names its own tag."""
    return {key: value for key, value in root.items() if key != "discriminator"}
