"""Send a click: python produce.py SHOPPER ITEM [EVENT-ID]."""

import json
import os
import sys
import uuid
from datetime import UTC, datetime

from confluent_kafka import KafkaError, Message, Producer

BROKER = os.environ.get("VITRINE_BROKER", "localhost:9092")
TOPIC = os.environ.get("VITRINE_TOPIC_PREFIX", "") + "clicks.v1"
if len(sys.argv) not in (3, 4):
    print("usage: python produce.py SHOPPER ITEM [EVENT-ID]", file=sys.stderr)
    sys.exit(2)
shopper, item = sys.argv[1:3]
# Name an event where it happens, and keep the name whenever you send it again: then it counts once.
event = sys.argv[3] if len(sys.argv) > 3 else str(uuid.uuid4())
click = {"kind": "click", "shopper": shopper, "item": item, "at": datetime.now(UTC).isoformat()}


def acknowledged(error: KafkaError | None, message: Message) -> None:
    """Say where the click is, or note why it is nowhere."""
    if error:
        failures.append(error.str())
    else:
        place = f"{message.topic()} partition {message.partition()} offset {message.offset()}"
        print(f"{place}: {shopper} clicked {item}, event {event}")


failures: list[str] = []
producer = Producer(
    {
        "bootstrap.servers": BROKER,
        "partitioner": "murmur2_random",  # where Java puts a key; the default, CRC32, puts it elsewhere
        "enable.idempotence": True,  # and so acks=all
        "delivery.timeout.ms": 5000,
        "log_level": 0,
    }
)
producer.produce(TOPIC, json.dumps(click), shopper, on_delivery=acknowledged, headers={"ce_id": event})
producer.flush()
if failures:
    sys.exit(f"{TOPIC} at {BROKER}: {failures[0]}; is the broker there, and the topic?")
