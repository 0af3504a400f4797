"""A crowd at a shop: clicks, searches and reviews at a given rate, and what has to come of them."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec
from confluent_kafka import Producer

from agents.intake import partition_of
from agents.topics import CATALOG, CLICKS, RECOMMENDATIONS, REVIEWS, SEARCHES, Topic
from schemas.base import Record
from schemas.catalog import CatalogItem
from schemas.clicks import Click
from schemas.recommendations import Recommendations
from schemas.reviews import Review
from schemas.searches import Search
from tests.deployment import Deployment

KINDS = (CLICKS,) * 90 + (SEARCHES,) * 7 + (REVIEWS,) * 3
"""Of 100 events."""
PROBES = (300, 2_000)
"""Events at once, to find the capacity: the first ones only warm up."""
WORDS = (
    "red",
    "green",
    "linen",
    "oak",
    "light",
    "warm",
    "small",
    "steel",
    "soft",
    "bright",
    "lamp",
    "chair",
    "cup",
    "bag",
)


class Sent(msgspec.Struct):
    """A click."""

    shopper: str
    phase: str
    at: float
    """When it was produced, in seconds since 1970."""
    answered: float | None = None
    """When the first list left that covers it."""
    listed: float | None = None
    """When a list left of which it is the newest click."""


class Crowd:
    """Shoppers of three kinds, so that the revision of a profile tells which clicks are in it: who clicks does nothing else."""

    def __init__(self, shop: Deployment, items: int, shoppers: int) -> None:
        self._shop = shop
        self._items, self._shoppers = items, shoppers
        self._lot = Random(7)
        self._clicks: list[Sent] = []
        self._sent: Counter[str] = Counter()
        """Events by shopper."""
        self._by_topic: Counter[str] = Counter()
        self._refused: list[str] = []
        self._producer = Producer(
            {
                "bootstrap.servers": shop.settings.broker,
                "log_level": 0,
                "linger.ms": 2,
                "enable.idempotence": True,
                "queue.buffering.max.messages": 1_000_000,
            }
        )

    # -- what is sent

    def stock_up(self) -> None:
        """Put the catalogue on the shelf."""
        for n in range(self._items):
            title = " ".join(self._lot.sample(WORDS, 3))
            item = CatalogItem(item=f"i{n}", title={"en": title}, at=_now(), category=f"c{n % 40}", price=10.0 + n % 90)
            self._send(CATALOG, item.item, item)
        self._flush()

    def capacity(self, wait: Callable[[], None]) -> float:
        """Return how many lists a second are made when every event wants one of its own: so many events a second get one."""
        rate = 0.0
        for count in PROBES:
            before = len(self._lists())
            begun = time.time()
            for n in range(count):
                self._event("probe", f"p{count}-{n}")
            self._flush()
            wait()
            made = sorted(at for _, _, at in self._lists()[before:])
            rate = len(made) / (made[-1] - begun)
        return rate

    def offer(self, phase: str, rate: float, seconds: float, stop: threading.Event | None = None) -> None:
        """Send *rate* events a second for *seconds*, or until *stop*."""
        begun, n = time.monotonic(), 0
        while (passed := time.monotonic() - begun) < seconds and not (stop and stop.is_set()):
            while n < passed * rate:
                self._event(phase, str(int(self._shoppers * self._lot.random() ** 2)))
                n += 1
            self._producer.poll(0.002)
        self._flush()

    def sent_to(self, topic: Topic) -> int:
        """Return how many events a topic got since the capacity is known."""
        return self._by_topic[topic.name]

    def _event(self, phase: str, who: str) -> None:
        topic = self._lot.choice(KINDS)
        shopper, item = f"{topic.name[0]}{who}", f"i{self._lot.randrange(self._items)}"
        event: Record
        if topic is CLICKS:
            event = Click(shopper=shopper, at=_now(), item=item)
            self._clicks.append(Sent(shopper, phase, time.time()))
        elif topic is SEARCHES:
            event = Search(shopper=shopper, at=_now(), query=" ".join(self._lot.sample(WORDS, 2)))
        else:
            text = f"The {self._lot.choice(WORDS)} is lovely, but it broke after {self._lot.randrange(90)} days."
            event = Review(
                shopper=shopper, at=_now(), item=item, review_id=f"r{len(self._sent)}-{who}", text=text, stars=3
            )
        self._sent[shopper] += 1
        if phase != "probe":
            self._by_topic[topic.name] += 1
        self._send(topic, shopper, event)

    def _send(self, topic: Topic, key: str, record: Record) -> None:
        def acked(error: Any, message: Any) -> None:
            if error is not None:
                self._refused.append(f"{message.topic()}: {error}")

        partition = partition_of(key.encode(), self._shop.settings.partitions)
        self._producer.produce(
            self._shop.settings.topic_prefix + topic.name, msgspec.json.encode(record), key.encode(), partition, acked
        )

    def _flush(self) -> None:
        if self._producer.flush(60) or self._refused:
            message = f"the broker did not take everything: {self._refused[:3]}"
            raise RuntimeError(message)

    # -- what came of it

    def compare(self) -> tuple[int, int]:
        """Return how many events are in no profile, and how many are in one too often."""
        folded = {shopper: state[1] for shopper, state in self._shop.states("shoppers").items()}
        missing = {shopper: count - folded.get(shopper, 0) for shopper, count in self._sent.items()}
        return sum(it for it in missing.values() if it > 0), -sum(it for it in missing.values() if it < 0)

    def answers(self) -> list[Sent]:
        """Return every click behind the probes, with when it was answered."""
        lists: dict[str, list[tuple[float, int]]] = defaultdict(list)
        for shopper, revision, at in self._lists():
            lists[shopper].append((at, revision))
        clicks: dict[str, list[Sent]] = defaultdict(list)
        for sent in self._clicks:
            clicks[sent.shopper].append(sent)
        for shopper, its in clicks.items():
            done = 0
            for at, revision in sorted(lists[shopper]):
                for sent in its[done:revision]:
                    sent.answered = at
                if 0 < revision <= len(its) and its[revision - 1].listed is None:
                    its[revision - 1].listed = at
                done = max(done, revision)
        return [it for it in self._clicks if it.phase != "probe"]

    def _lists(self) -> list[tuple[str, int, float]]:
        """Return shopper, revision and time of each list, in order of place."""
        decode = msgspec.json.Decoder(Recommendations).decode
        found = []
        for message in self._shop.read(RECOMMENDATIONS.name):
            it = decode(message.value())
            found.append((it.shopper, it.revision, message.timestamp()[1] / 1000))
        return sorted(found, key=lambda it: it[2])


def _now() -> datetime:
    return datetime.now(UTC)
