"""Keep the newest list of each shopper and placement; print what is new: python consume.py [SHOPPER]."""

import json
import os
import sys
import time
import uuid
from datetime import UTC, datetime

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

BROKER = os.environ.get("VITRINE_BROKER", "localhost:9092")
TOPIC = os.environ.get("VITRINE_TOPIC_PREFIX", "") + "recommendations.v1"
HALF_AN_HOUR = 30 * 60  # how long a list is valid
lists: dict[str, dict[str, dict]] = {}  # shopper to placement to list


def current(shopper: str, placement: str) -> dict | None:
    """Return what a page shows; None: there is no valid list, show bestsellers."""
    found = lists.get(shopper, {}).get(placement)
    return found if found and datetime.fromisoformat(found["valid_until"]) > datetime.now(UTC) else None


def take(shopper: str, value: bytes | None) -> None:
    if value is None:  # a tombstone: forget this shopper
        lists.pop(shopper, None)
        return
    new = json.loads(value)
    own = lists.setdefault(shopper, {})
    known = own.get(new["placement"], {"epoch": -1, "revision": -1})
    if (new["epoch"], new["revision"]) <= (known["epoch"], known["revision"]):
        return  # it came twice, or too late
    own[new["placement"]] = new
    if current(shopper, new["placement"]) and sys.argv[1:] in ([], [shopper]):
        show(new)


def show(new: dict) -> None:
    why = new["slots"][0]["reason"]["text"] if new["slots"] else {"en": "nothing to list"}
    items = ", ".join(slot["item"] for slot in new["slots"])
    place = f"{new['shopper']} {new['placement']} {new['epoch']}.{new['revision']}"
    print(f"{place}: {items} | {why.get('en') or why.get('zh')}", flush=True)


def rewind(consumer: Consumer, partitions: list) -> None:
    """Begin with the lists that may still be valid."""
    since = int((time.time() - HALF_AN_HOUR) * 1000)
    ends = [consumer.get_watermark_offsets(it, timeout=10)[1] for it in partitions]
    found = consumer.offsets_for_times([TopicPartition(it.topic, it.partition, since) for it in partitions], timeout=10)
    for partition, end in zip(found, ends, strict=True):
        partition.offset = end if partition.offset < 0 else partition.offset
    consumer.assign(found)
    print(f"listening to {TOPIC} at {BROKER}", flush=True)


def complain(error: KafkaError) -> None:
    """Say that nobody answers; the client goes on trying."""
    if error.name() == "_ALL_BROKERS_DOWN":
        print(f"{TOPIC} at {BROKER}: {error.str()}", file=sys.stderr, flush=True)


# Each instance keeps every list in its memory, so it is a group of its own, and commits nothing.
consumer = Consumer(
    {
        "bootstrap.servers": BROKER,
        "group.id": f"storefront-{uuid.uuid4()}",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "fetch.wait.max.ms": 100,
        "log_level": 0,
        "error_cb": complain,
    }
)
try:
    consumer.list_topics(TOPIC, timeout=5)
    consumer.subscribe([TOPIC], on_assign=rewind)
    while True:
        for message in consumer.consume(100, timeout=0.1):
            if message.error():
                raise KafkaException(message.error())
            take(message.key().decode(), message.value())
except KafkaException as error:
    sys.exit(f"{TOPIC} at {BROKER}: {error.args[0].str()}")
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
