"""The shop floor: the shop, who waits for a list, and what came back, behind one lock.

One thread lets shoppers act, another one hands in what the agents answer.
"""

from collections import Counter, deque
from datetime import datetime
from threading import Condition

import msgspec

from agents.shop.shop import Emission, Shop, milliseconds
from agents.shop.tale import Tale
from agents.shop.waits import Waits, owes_list
from agents.topics import CATALOG
from schemas.copy import Copy
from schemas.recommendations import Recommendations
from schemas.sentiments import Sentiment

LATENCIES = 200_000
"""Waits for a list that are kept, the newest."""
REVIEWS_SHOWN = 8


class Received(msgspec.Struct):
    """How many records of each sort came back."""

    recommendations: int = 0
    copies: int = 0
    sentiments: int = 0
    dead_letters: int = 0
    reasons: Counter[str] = msgspec.field(default_factory=Counter)
    """Of dead letters."""


class Floor:
    """Everything that both threads touch; read the attributes only while holding `lock`."""

    def __init__(self, shop: Shop, *, patience: float, closed: bool = True) -> None:
        """Run *shop*; in a *closed* loop a shopper waits for a list before doing more, at most *patience* seconds."""
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
        self.tale = Tale(shop)
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
            emissions = self.shop.act(at, self.waits.waiting if self._closed else ())
            if not emissions:
                self.lock.wait(timeout)
            for emission in emissions:
                self.produced[emission.topic.name] += 1
                if emission.topic is not CATALOG:
                    self.tale.acted(emission)
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
            self.shop.receive(record)
            self.tale.received(record)
            if isinstance(record, Copy):
                self.received.copies += 1
                return
            self.received.recommendations += 1
            covered = self.waits.cover(record.shopper, milliseconds(record.at), now)
            if covered:
                self.latencies.extend(covered)
                self.last_cover = now
                self.lock.notify()

    def refuse(self, reason: str) -> None:
        """Count a dead letter."""
        with self.lock:
            self.received.dead_letters += 1
            self.received.reasons[reason] += 1
