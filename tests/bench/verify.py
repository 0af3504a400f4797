"""Looks into a changelog: are all events in the states, and how many records did it take?"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec
from confluent_kafka import Consumer, TopicPartition

EPOCH_BYTES = 4
RESERVED = b"\xff"
"""How keys of a changelog begin that are no keys of states."""


class Held(NamedTuple):
    """What a changelog holds."""

    events: int
    """In the last value of each key."""
    records: int
    """All that were written, fences of partitions included."""


def state_field(index: int) -> Callable[[bytes], int]:
    """Return how to read a field of an array behind an epoch; a fence has none and counts nothing."""
    decode = msgspec.msgpack.Decoder(list).decode
    return lambda value: int(decode(value[EPOCH_BYTES:])[index]) if len(value) > EPOCH_BYTES else 0


def json_field(value: bytes) -> int:
    """Read `n` of a JSON object; anything else beside the states (Quix' bookkeeping) counts nothing."""
    found = msgspec.json.decode(value)
    return int(found["n"]) if isinstance(found, dict) and "n" in found else 0


def quix_bytes_field(value: bytes) -> int:
    """Read the first field of an array in MessagePack."""
    found = msgspec.msgpack.decode(value)
    return int(found[0]) if isinstance(found, list) else 0


def held(bootstrap: str, changelog: str, count: Callable[[bytes], int]) -> Held:
    """Return the sum of *count* over the last value of each key, and the number of records."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "verify",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    try:
        partitions = consumer.list_topics(changelog, timeout=10).topics[changelog].partitions
        consumer.assign([TopicPartition(changelog, partition, 0) for partition in partitions])
        last: dict[tuple[int | None, bytes | None], bytes | None] = {}
        ended: set[int | None] = set()
        records = 0
        while len(ended) < len(partitions):
            for record in consumer.consume(5_000, timeout=1):
                if record.error():
                    ended.add(record.partition())
                else:
                    records += 1
                    last[record.partition(), record.key()] = record.value()
    finally:
        consumer.close()
    return Held(
        sum(count(value) for (_, key), value in last.items() if value and not (key or b"").startswith(RESERVED)),
        records,
    )
