"""What the shop does as records of a broker: CloudEvents in binary mode."""

from typing import NamedTuple

import msgspec

from agents.shop.shop import Emission
from agents.topics import Topic

SOURCE = b"urn:vitrine:shop"

Headers = list[tuple[str, str | bytes | None]]


class Message(NamedTuple):
    """A record to be produced."""

    topic: Topic
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int | None = None
    """None: the one that the key belongs to."""


def message(emission: Emission, seed: int, number: int) -> Message:
    """Return the record of *emission*, the *number*-th of a run with this *seed*: its id says so."""
    return Message(
        emission.topic,
        emission.key.encode(),
        msgspec.json.encode(emission.record),
        headers(emission.topic, f"shop-{seed}-{number}", emission.at.isoformat(timespec="milliseconds")),
    )


def headers(topic: Topic, event_id: str, at: str) -> Headers:
    """Return the attributes of a CloudEvent."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", SOURCE),
        ("ce_type", topic.name.encode()),
        ("ce_time", at.encode()),
        ("content-type", b"application/json"),
    ]
