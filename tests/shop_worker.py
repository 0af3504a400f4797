"""A worker for tests of the demo: it answers each event with a list of the most-viewed items of the shopper's categories.

It keeps the contract that the demo relies on (variables, `/readyz`, `/metrics`, lists that cover events), without
models and without the engine.
"""

import os
import signal
import sys
import threading
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Counter as Metric

from agents.shop.figures import READERS
from agents.shop.waits import owes_list
from agents.topics import BY_NAME, CATALOG, RECOMMENDATIONS, REVIEWS, SENTIMENTS, dead_letters
from schemas.recommendations import Reason, Recommendations, Slot
from schemas.sentiments import Aspect, Sentiment

SERVERS, PREFIX = os.environ["VITRINE_BROKER"], os.environ["VITRINE_TOPIC_PREFIX"]
PARTITIONS = int(os.environ["VITRINE_PARTITIONS"])


class Lister:
    """What is known of items and shoppers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Metric("vitrine_events", "Records.", ["agent", "topic", "outcome"], registry=self.registry)
        self.category: dict[str, str] = {}
        self.views: Counter[str] = Counter()
        self.wishes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.revisions: Counter[str] = Counter()
        self.producer = Producer({"bootstrap.servers": SERVERS, "linger.ms": 0, "partitioner": "murmur2_random"})

    def take(self, topic: str, value: bytes | None) -> None:
        try:
            record = msgspec.json.decode(value or b"", type=BY_NAME[topic].record)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            headers: list[tuple[str, str | bytes | None]] = [("__dlq.errors.reason", "undecodable")]
            self.producer.produce(PREFIX + dead_letters(BY_NAME[topic]).name, value, headers=headers)
            self.events.labels(READERS[topic], topic, "dead_letter").inc()
            return
        if topic == CATALOG.name:
            self.category[record.item] = record.category
        elif topic == REVIEWS.name:
            self.send(SENTIMENTS.name, record.shopper, sentiment(record))
        else:
            self.fold(record)
        self.events.labels(READERS[topic], topic, "folded").inc()

    def fold(self, record: Any) -> None:
        self.revisions[record.shopper] += 1
        item = getattr(record, "item", None)
        if item is not None:
            self.views[item] += 1
            self.wishes[record.shopper][self.category.get(item, "")] += 1
        if owes_list(record):
            self.send(RECOMMENDATIONS.name, record.shopper, self.list(record))

    def list(self, record: Any) -> Recommendations:
        wishes = self.wishes[record.shopper]
        total = wishes.total() + 3
        best = sorted(
            self.category,
            key=lambda item: (-(wishes[self.category[item]] / total) - self.views[item] / 1e4, item),
        )[:10]
        return Recommendations(
            recommendation_id=f"{record.shopper}/{self.revisions[record.shopper]}",
            shopper=record.shopper,
            placement="home",
            epoch=1,
            revision=self.revisions[record.shopper],
            at=record.at,
            valid_until=record.at,
            slots=tuple(
                Slot(item=item, score=0, source="category", propensity=1, reason=Reason(code="x", text={"en": "liked"}))
                for item in best
            ),
            models={},
            view=0,
        )

    def send(self, topic: str, key: str, record: Any) -> None:
        self.producer.produce(PREFIX + topic, msgspec.json.encode(record), key)
        self.producer.poll(0)


def sentiment(review: Any) -> Sentiment:
    return Sentiment(
        shopper=review.shopper,
        item=review.item,
        review_id=review.review_id,
        at=review.at,
        polarity=-0.5,
        label="negative",
        probability=0.9,
        language=review.language or "en",
        model="none@1",
        aspects=(Aspect(name="quality", polarity=-0.5, quote=review.text[:40]),),
    )


def serve(lister: Lister) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(generate_latest(lister.registry))

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["VITRINE_WEB_PORT"])), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    lister = Lister()
    settings = {"bootstrap.servers": SERVERS, "group.id": os.environ["VITRINE_APP_ID"], "fetch.wait.max.ms": 5}
    consumer = Consumer(settings)
    consumer.assign([TopicPartition(PREFIX + topic, number, 0) for topic in READERS for number in range(PARTITIONS)])
    serve(lister)
    print("ready")  # noqa: T201
    dies_after = int(os.environ.get("TEST_DIES_AFTER", "0"))
    taken = 0
    while True:
        message = consumer.poll(0.1)
        if message is None or message.error() is not None:
            continue
        lister.take((message.topic() or "").removeprefix(PREFIX), message.value())
        taken += 1
        if taken % 100 == 0:
            consumer.commit(asynchronous=True)
        if taken == dies_after:
            sys.exit("the worker of the test dies as it was told")


main()
