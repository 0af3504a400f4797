"""The demo: a broker, a worker, and the shop between them, from opening to closing time."""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from threading import Event
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.live import Live

from agents.shop.feed import Feed, Pace
from agents.shop.figures import Figures, figures, lost
from agents.shop.floor import Floor
from agents.shop.keys import available, pressed
from agents.shop.meter import Meter
from agents.shop.recording import Recording
from agents.shop.screen import Screen
from agents.shop.shop import Shop
from agents.shop.venue import Venue
from agents.shop.watch import Watch
from agents.shop.worker import COMMAND, Worker

READY_SECONDS = 180
PATIENCE = 5.0
"""Seconds that a shopper waits for a list."""
SETTLE_SECONDS = 15.0
"""How long nothing may happen before what is missing counts as missing."""
CLOSING_SECONDS = 3.0
"""The same when somebody waits for the end."""
CALM_SECONDS = 1.0
CHECK_SECONDS = 2.0
LINE_SECONDS = 5.0
METER_SECONDS = 1.0
READING_SECONDS = 2.0
"""How long the shopper who is watched takes over each answer, so that a person can follow."""
REFRESHES = 4
"""Of the view, a second."""
BEAT = 0.2


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to run."""

    shoppers: int
    present: int
    """Shoppers there at a time."""
    seed: int
    pace: Pace
    live: bool
    """Whether a person watches, and says when to stop."""
    worker: Sequence[str] = COMMAND
    """How the worker is started."""
    recording: Recording | None = None
    """Gets what the shop sends."""


def run(place: AbstractContextManager[Venue], plan: Plan, stop: Event, tell: Callable[[str], None]) -> Figures | None:
    """Run the demo until its events are made or *stop* is set; None if it never opened.

    Raise WorkerError, RecordsDroppedError or SendError if it can't go on; *tell* is told how far it is.
    """
    with ExitStack() as stack:
        venue = stack.enter_context(place)
        at = venue.address.bootstrap
        tell(f"Broker: {at if venue.name == at else f'{venue.name} at {at}'}. Starting the worker …")
        worker = stack.enter_context(Worker(venue.variables, venue.folder / "worker.log", plan.worker))
        worker.wait_ready(stop, READY_SECONDS)
        if stop.is_set():
            return None
        watched = plan.live and sys.stdout.isatty()
        shop = Shop(shoppers=plan.shoppers, present=plan.present, seed=plan.seed, opened=datetime.now(UTC))
        floor = Floor(shop, patience=PATIENCE, reading=READING_SECONDS if watched else 0.0)
        feed = stack.enter_context(
            Feed(floor, venue.address, seed=plan.seed, recording=plan.recording, decisions=watched)
        )
        tell("The worker is ready. Publishing the catalogue …")
        feed.publish()
        _unaccounted(floor, worker, stop, SETTLE_SECONDS)
        if stop.is_set():
            return None
        missing = _open(_Hall(venue, worker, floor, feed), plan.pace, stop, tell, watched=watched)
        return figures(floor, feed, broker=venue.name, seed=plan.seed, events_lost=missing)


class _Hall(NamedTuple):
    """All that runs."""

    venue: Venue
    worker: Worker
    floor: Floor
    feed: Feed


def _open(hall: _Hall, pace: Pace, stop: Event, tell: Callable[[str], None], *, watched: bool) -> int:
    """Let shoppers act, then wait for what is under way; return how many events nobody accounts for."""
    with ExitStack() as stack:
        guard = partial(_guard, hall)
        watch = stack.enter_context(Watch(stop, CHECK_SECONDS, hall.worker.check, guard))
        if watched:
            _show(stack, hall, stop)
        else:
            screen = Screen(hall.floor, hall.venue.address)
            stack.enter_context(Watch(stop, LINE_SECONDS, lambda: tell(screen.line())))
        hall.feed.run(pace, stop)
        if watch.failed:
            return 0
        patience = CLOSING_SECONDS if stop.is_set() else SETTLE_SECONDS
        hall.feed.settle(patience)
        _calm(hall.floor)
        return _unaccounted(hall.floor, hall.worker, Event(), patience)


def _show(stack: ExitStack, hall: _Hall, stop: Event) -> None:
    """Fill the terminal with the live view while *stack* is open, and listen to keys."""
    meter = Meter(hall.worker.metrics)
    stack.enter_context(Watch(stop, METER_SECONDS, meter.look))
    keys = available()
    screen = Screen(hall.floor, hall.venue.address, readings=meter.readings, keys=keys)

    def pause() -> None:
        screen.paused = not screen.paused
        (hall.feed.paused.set if screen.paused else hall.feed.paused.clear)()

    if keys:
        stack.enter_context(pressed({"q": stop.set, "n": hall.floor.follow_next, " ": pause}))
    live = Live(screen, console=Console(), screen=True, refresh_per_second=REFRESHES)
    live.start()
    stack.callback(_stop, live)


def _stop(live: Live) -> None:
    with suppress(OSError):  # the terminal is gone
        live.stop()


def _guard(hall: _Hall) -> None:
    hall.venue.guard(hall.feed.read)


def _unaccounted(floor: Floor, worker: Worker, stop: Event, patience: float) -> int:
    """Wait until the worker's counters account for every record, *patience* seconds without progress at the most."""
    fewest, since = sys.maxsize, time.monotonic()
    while True:
        worker.check()
        with floor.lock:
            produced = dict(floor.produced)
        missing = lost(produced, worker.counted())
        if missing < fewest:
            fewest, since = missing, time.monotonic()
        if not missing or time.monotonic() - since > patience or stop.wait(BEAT):
            return missing


def _calm(floor: Floor) -> None:
    """Wait until nothing has come back for a moment."""
    with floor.lock:
        while True:
            before = msgspec.structs.astuple(floor.received)[:4]
            floor.lock.wait(CALM_SECONDS)
            if before == msgspec.structs.astuple(floor.received)[:4]:
                return
