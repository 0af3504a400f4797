"""The workload that every engine gets: a fixed stream of clicks, and one measuring stick."""

import json
import random
import sys
import time

import msgspec
from confluent_kafka import Producer

from tests.kafka_broker import create_topics

TOPIC = "clicks.v1"
PARTITIONS = 16
USERS = 50_000
KEPT_ITEMS = 20
MARK = "RESULT "


class Click(msgspec.Struct, gc=False):
    """What the fold reads of a record of 186 bytes."""

    user_id: int
    item_id: int
    ts: int
    category: str


class Result(msgspec.Struct, kw_only=True):
    """One run of one engine; time and CPU from the first event to the end of the last commit."""

    engine: str = ""
    events: int
    seconds: float
    events_per_second: float
    cpu_us_per_event: float


def fill(bootstrap: str, events: int) -> None:
    """Create the topic and produce *events* clicks of `USERS` users, the same ones each time."""
    create_topics(bootstrap, {TOPIC: PARTITIONS})
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": 50,
            "batch.size": 200_000,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": events + 1,
            "queue.buffering.max.kbytes": 1_000_000,
        }
    )
    lot = random.Random(7)
    for number in range(events):
        user = lot.randrange(USERS)
        item, category, price = lot.randrange(50_000), lot.randrange(300), lot.random() * 100
        value = (
            f'{{"event_id":"{number:032x}","user_id":{user},"item_id":{item},"ts":{1_700_000_000_000 + number},'
            f'"type":"click","category":"c{category:03d}","price":{price:.2f},"session":"{user * 7919:016x}","ref":"home"}}'
        )
        producer.produce(TOPIC, value.encode(), key=f"u{user}".encode())
    left = producer.flush(120)
    if left:
        message = f"{left} clicks were not delivered to {bootstrap}"
        raise RuntimeError(message)


class Stopwatch:
    """Counts events, and knows when the first and the last one came."""

    def __init__(self, total: int) -> None:
        self.total, self.seen = total, 0
        self._start = (0.0, 0.0)

    def add(self, count: int) -> bool:
        """Count events BEFORE they are handled; True once, when these are the last ones."""
        if not self.seen:
            self._start = time.perf_counter(), time.process_time()
        before, self.seen = self.seen, self.seen + count
        return before < self.total <= self.seen

    def report(self) -> None:
        """Print what was measured from the first event to now, for the parent process."""
        seconds, cpu = time.perf_counter() - self._start[0], time.process_time() - self._start[1]
        result = Result(
            events=self.seen,
            seconds=seconds,
            events_per_second=self.seen / seconds,
            cpu_us_per_event=cpu / self.seen * 1e6,
        )
        sys.__stdout__.write(f"{MARK}{json.dumps(msgspec.to_builtins(result))}\n")  # type: ignore[union-attr]
        sys.__stdout__.flush()  # type: ignore[union-attr]
