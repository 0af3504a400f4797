"""The workload that every engine gets: a fixed stream of clicks, and one measuring stick."""

import json
import random
import sys
import time
from collections.abc import Iterator

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


class Measured(msgspec.Struct, kw_only=True):
    """What a process tells of itself; time and CPU from the first event to the end of the last commit."""

    n: int
    """Events."""
    wall: float
    """Seconds."""
    cpu_us: float
    """For each event."""


def clicks(events: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield key and value of *events* clicks of `USERS` users, the same ones each time."""
    lot = random.Random(7)
    for number in range(events):
        user = lot.randrange(USERS)
        item, category, price = lot.randrange(50_000), lot.randrange(300), lot.random() * 100
        value = (
            f'{{"event_id":"{number:032x}","user_id":{user},"item_id":{item},"ts":{1_700_000_000_000 + number},'
            f'"type":"click","category":"c{category:03d}","price":{price:.2f},"session":"{user * 7919:016x}","ref":"home"}}'
        )
        yield f"u{user}".encode(), value.encode()


def fill(bootstrap: str, topic: str, events: int) -> None:
    """Create *topic* and produce the clicks as fast as they go."""
    create_topics(bootstrap, {topic: PARTITIONS})
    out = producer(bootstrap, linger_ms=50, most=events)
    for key, value in clicks(events):
        out.produce(topic, value, key=key)
    flush(out)


def producer(bootstrap: str, *, linger_ms: int, most: int) -> Producer:
    """Return a producer that holds *most* records, and places them as Java's and aiokafka's do."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": linger_ms,
            "batch.size": 200_000,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": most + 1,
            "queue.buffering.max.kbytes": 1_000_000,
        }
    )


def flush(out: Producer) -> None:
    """Return when all is delivered."""
    left = out.flush(120)
    if left:
        message = f"{left} clicks were not delivered"
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
        wall, cpu = time.perf_counter() - self._start[0], time.process_time() - self._start[1]
        measured = Measured(n=self.seen, wall=wall, cpu_us=cpu / self.seen * 1e6)
        sys.__stdout__.write(f"{MARK}{json.dumps(msgspec.to_builtins(measured))}\n")  # type: ignore[union-attr]
        sys.__stdout__.flush()  # type: ignore[union-attr]
