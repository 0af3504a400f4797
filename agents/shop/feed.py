"""Runs the shop on a broker: its events go out, lists come back, and shoppers act on them."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from random import Random
from threading import Event
from types import TracebackType
from typing import NamedTuple, Self

from agents.shop.floor import Floor
from agents.shop.listener import Listener
from agents.shop.recording import Recording
from agents.shop.rubbish import Rubbish
from agents.shop.sender import Sender
from agents.shop.wire import message

ACK_TIMEOUT = 30
"""Seconds until unacknowledged records are an error."""
BEAT = 0.25
"""Seconds between two looks at whether to go on, when nothing happens."""


class Address(NamedTuple):
    """Where topics are."""

    bootstrap: str
    prefix: str
    partitions: int


class Pace(NamedTuple):
    """How fast and how long."""

    rate: float | None = None
    """Events a second at most; None: as fast as lists come back."""
    events: int | None = None
    """Events in all; None: no end."""
    rubbish: float = 0.0
    """Bad records for each event."""


class Feed:
    """A shop on a broker."""

    def __init__(
        self,
        floor: Floor,
        address: Address,
        *,
        seed: int,
        recording: Recording | None = None,
        decisions: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.events = 0
        """Records made on the topics of shoppers, bad ones included."""
        self.paused = Event()
        """While it is set, nobody acts."""
        self.first = self.last = 0.0
        """When the first and the last one were made, by *clock*."""
        self._floor = floor
        self._seed = seed
        self._clock = clock
        self._number = 0
        self._sender = Sender(address.bootstrap, address.prefix, recording)
        self._rubbish = Rubbish(seed, address.partitions)
        self._listener = Listener(floor, address.bootstrap, address.prefix, address.partitions, decisions=decisions)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.callback(self._sender.close)
        self._stack.enter_context(self._listener)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def bad(self) -> int:
        """How many of the records were bad on purpose."""
        return self._rubbish.sent

    @property
    def read(self) -> dict[tuple[str, int], int]:
        """Topic and partition to the next offset that the shop reads there."""
        return self._listener.read()

    def publish(self) -> None:
        """Send the catalogue; return when it is acknowledged."""
        for emission in self._floor.catalogue(datetime.now(UTC)):
            self._number += 1
            self._sender.send(message(emission, self._seed, self._number))
        self._sender.flush(ACK_TIMEOUT)

    def run(self, pace: Pace, stop: Event) -> None:
        """Let shoppers act until all events are made or *stop* is set."""
        rng = Random(f"{self._seed}/pace")  # noqa: S311  a simulation, repeatable by its seed
        self.first = start = self._clock()
        while not stop.is_set() and (pace.events is None or self.events < pace.events):
            if self.paused.is_set():
                stop.wait(BEAT)
                continue
            if pace.rate is not None:
                due = start + self.events / pace.rate
                while (wait := due - self._clock()) > 0 and not stop.is_set():
                    stop.wait(min(wait, BEAT))
                start = max(start, self._clock() - 1 - self.events / pace.rate)
            if rng.random() < pace.rubbish:
                self._spoil()
            else:
                self._act()
        self._sender.flush(ACK_TIMEOUT)

    def settle(self, patience: float) -> None:
        """Wait until each shopper has a list that covers the last event, *patience* seconds without a list at the most."""
        floor = self._floor
        with floor.lock:
            while floor.waits.uncovered() and self._clock() - max(floor.last_cover, self.last) < patience:
                self._check()
                floor.lock.wait(BEAT)

    def _act(self) -> None:
        now = self._clock()
        for emission in self._floor.act(datetime.now(UTC), now, BEAT):
            self._number += 1
            self._sender.send(message(emission, self._seed, self._number))
            if emission.topic.key == "shopper":
                self.events += 1
                self.last = now
        self._check()

    def _spoil(self) -> None:
        bad = self._rubbish.one(datetime.now(UTC))
        with self._floor.lock:
            self._floor.produced[bad.topic.name] += 1
        self._sender.send(bad)
        self.events += 1

    def _check(self) -> None:
        if self._listener.failure is not None:
            raise self._listener.failure
