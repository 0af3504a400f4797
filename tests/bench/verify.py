"""Looks into a changelog: are all events in the states?"""

from collections.abc import Callable

import msgspec
from confluent_kafka import Consumer, TopicPartition

EPOCH_BYTES = 4


def state_field(index: int) -> Callable[[bytes], int]:
    """Return how to read a field of an array behind an epoch; a fence has none and counts nothing."""
    decode = msgspec.msgpack.Decoder(list).decode
    return lambda value: int(decode(value[EPOCH_BYTES:])[index]) if len(value) > EPOCH_BYTES else 0


def json_field(value: bytes) -> int:
    """Read `n` of a JSON object."""
    return int(msgspec.json.decode(value)["n"])


def events_in(bootstrap: str, changelog: str, count: Callable[[bytes], int]) -> int:
    """Return the sum of *count* over the last value of each key."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "verify",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    partitions = consumer.list_topics(changelog, timeout=10).topics[changelog].partitions
    consumer.assign([TopicPartition(changelog, partition, 0) for partition in partitions])
    last: dict[bytes | None, bytes | None] = {}
    ended: set[int | None] = set()
    while len(ended) < len(partitions):
        for record in consumer.consume(5_000, timeout=1):
            if record.error():
                ended.add(record.partition())
            else:
                last[record.key()] = record.value()
    consumer.close()
    return sum(count(value) for value in last.values() if value)
