"""The shop floor: the shop, who waits for a list, and what came back, behind one lock.

One thread lets shoppers act, another one hands in what the agents answer.
"""

from collections import Counter, deque
from collections.abc import Container
from datetime import datetime
from threading import Condition

import msgspec

from agents.shop.pulse import Pulse
from agents.shop.rubbish import STRANGER
from agents.shop.shop import Emission, Shop, milliseconds
from agents.shop.tale import Tale
from agents.shop.waits import Waits, owes_list
from agents.topics import CATALOG
from schemas.copy import Copy
from schemas.recommendations import Decision, Recommendations
from schemas.sentiments import Sentiment

LATENCIES = 200_000
"""Waits for a list that are kept, the newest."""
REVIEWS_SHOWN = 20
VISITORS = 20
"""Shoppers from outside who are remembered, the newest."""


class Received(msgspec.Struct):
    """How many records of each sort came back."""

    recommendations: int = 0
    copies: int = 0
    sentiments: int = 0
    dead_letters: int = 0
    reasons: Counter[str] = msgspec.field(default_factory=Counter)
    """Of dead letters."""
    unreadable: int = 0
    """What somebody else put on the topics of lists."""


class Floor:
    """Everything that both threads touch; read the attributes only while holding `lock`."""

    def __init__(self, shop: Shop, *, patience: float, closed: bool = True, reading: float = 0.0) -> None:
        """Run *shop*; in a *closed* loop a shopper waits for a list before doing more, at most *patience* seconds.

        The shopper whose tale is told takes *reading* seconds over each answer.
        """
        self.shop = shop
        self.waits = Waits(patience)
        self.received = Received()
        self.produced: Counter[str] = Counter()
        """Topic to how many records the shop has made for it."""
        self.latencies: deque[float] = deque(maxlen=LATENCIES)
        """Seconds from an event that owes a list to a list that covers it."""
        self.last_cover = 0.0
        """When a list last covered an event; seconds of the clock that is handed in."""
        self.reviews: deque[Sentiment] = deque(maxlen=REVIEWS_SHOWN)
        self.pulse = Pulse()
        self.tale = Tale(shop, reading)
        self.visitors: dict[str, int] = {}
        """Shoppers from outside, whose events somebody else produces, to the revision of their newest list."""
        self.lock = Condition()
        self._closed = closed

    def catalogue(self, at: datetime) -> list[Emission]:
        """Return the records that make the catalogue known."""
        emissions = self.shop.catalogue(at)
        with self.lock:
            self.produced[CATALOG.name] += len(emissions)
        return emissions

    def act(self, at: datetime, now: float, timeout: float) -> list[Emission]:
        """Let a shopper act; if all of them wait, wait for a list for *timeout* seconds at the most."""
        with self.lock:
            self.waits.lose_patience(now)
            waiting: Container[str] = self.waits.waiting if self._closed else ()
            reader = self.tale.reads(now)
            if reader is not None:
                waiting = {*self.waits.waiting, reader}
            emissions = self.shop.act(at, waiting)
            if not emissions:
                self.lock.wait(timeout)
            for emission in emissions:
                self.produced[emission.topic.name] += 1
                if emission.topic is not CATALOG:
                    self.pulse.event(now)
                    self.tale.acted(emission, now)
                    if owes_list(emission.record):
                        self.waits.owe(emission.key, milliseconds(emission.at), now)
            return emissions

    def receive(self, record: Recommendations | Copy | Sentiment, now: float) -> None:
        """Take what came back at *now*."""
        with self.lock:
            if isinstance(record, Sentiment):
                self.received.sentiments += 1
                self.reviews.append(record)
                return
            if record.shopper not in self.shop.shoppers and record.shopper != STRANGER:
                self._visited(record)
            self.shop.receive(record)
            self.tale.received(record, now)
            if isinstance(record, Copy):
                self.received.copies += 1
                return
            self.received.recommendations += 1
            covered = self.waits.cover(record.shopper, milliseconds(record.at), now)
            self.pulse.answer(now, covered)
            if covered:
                self.latencies.extend(covered)
                self.last_cover = now
                self.lock.notify()

    def follows(self, shopper: str) -> bool:
        """Return whether the tale is about this shopper; needs no lock."""
        return self.tale.shopper == shopper

    def follow_next(self) -> None:
        """Tell the tale of another shopper."""
        with self.lock:
            self.tale.follow_next(self.visitors)

    def explain(self, decision: Decision) -> None:
        """Take what a list was made from."""
        with self.lock:
            self.tale.explained(decision)

    def puzzle(self) -> None:
        """Count a record that can't be read."""
        with self.lock:
            self.received.unreadable += 1

    def refuse(self, reason: str) -> None:
        """Count a dead letter."""
        with self.lock:
            self.received.dead_letters += 1
            self.received.reasons[reason] += 1

    def _visited(self, record: Recommendations | Copy) -> None:
        self.visitors.pop(record.shopper, None)
        self.visitors[record.shopper] = record.revision
        while len(self.visitors) > VISITORS:
            del self.visitors[next(iter(self.visitors))]
