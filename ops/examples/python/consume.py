"""Print each new list of a shopper, or of all: python consume.py [SHOPPER]."""

import json
import os
import sys
import uuid
from datetime import UTC, datetime

from confluent_kafka import Consumer, KafkaException

BROKER = os.environ.get("VITRINE_BROKER", "localhost:9092")
TOPIC = os.environ.get("VITRINE_TOPIC_PREFIX", "") + "recommendations.v1"
lists: dict[str, dict[str, dict]] = {}  # shopper to placement to the newest list


def take(shopper: str, value: bytes | None) -> None:
    if value is None:  # a tombstone: forget this shopper
        lists.pop(shopper, None)
        return
    new = json.loads(value)
    known = lists.setdefault(shopper, {}).get(new["placement"], {"epoch": -1, "revision": -1})
    if (new["epoch"], new["revision"]) <= (known["epoch"], known["revision"]):
        return  # it came twice, or too late
    lists[shopper][new["placement"]] = new
    if datetime.fromisoformat(new["valid_until"]) > datetime.now(UTC) and sys.argv[1:] in ([], [shopper]):
        why = new["slots"][0]["reason"]["text"]["en"] if new["slots"] else "nothing to list"
        place = f"{shopper} {new['placement']} {new['epoch']}.{new['revision']}"
        print(f"{place}: {', '.join(slot['item'] for slot in new['slots'])} | {why}", flush=True)


# Each instance keeps the lists in its memory: a group of its own, which commits nothing and reads from the beginning.
reading = {"group.id": f"storefront-{uuid.uuid4()}", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
consumer = Consumer({"bootstrap.servers": BROKER, "fetch.wait.max.ms": 100, "log_level": 0, **reading})
try:
    consumer.list_topics(TOPIC, timeout=5)
    consumer.subscribe([TOPIC], on_assign=lambda *_: print(f"listening to {TOPIC} at {BROKER}", flush=True))
    while True:
        for message in consumer.consume(100, timeout=0.1):
            if message.error():
                raise KafkaException(message.error())
            take(message.key().decode(), message.value())
except KafkaException as error:
    sys.exit(f"{TOPIC} at {BROKER}: {error.args[0].str()}")
except KeyboardInterrupt:
    consumer.close()
