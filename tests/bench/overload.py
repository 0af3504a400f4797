"""`bench overload`: three times as many events as lists can be made of, then normal traffic, on the worker as it ships.

Nothing may be lost, memory must stay bounded, and the lag must go.  A click of a shopper is answered by the first list
that covers it; one that was superseded by the list of a later one.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

from agents.topics import CLICKS, REVIEWS, SEARCHES
from tests.bench.crowd import Crowd, Sent
from tests.deployment import Deployment
from tests.kafka_broker import Kafka
from tests.scrape import Series, port_of, resident, scrape, total

LIMIT = 900.0
"""Seconds to wait for an end."""
LOOK = 0.5
NORMAL = 1 / 3
"""Of the capacity, before and behind the overload."""
GONE = 2.5
"""Seconds: the age of the oldest event that is not committed, below which there is no lag; commits come each second."""


class Look(msgspec.Struct):
    """What was seen of the worker at one moment."""

    second: float
    """Since the overload began."""
    rss_mb: float
    lag_records: int
    lag_seconds: float
    owed: int


class Plan(NamedTuple):
    """What is to be done."""

    seconds: int
    times: float
    items: int
    shoppers: int


class Moments(NamedTuple):
    """In seconds since 1970."""

    begun: float
    ended: float
    gone: float
    """When there was no lag any more."""


class Phase(msgspec.Struct, kw_only=True):
    """What became of the clicks of one phase; milliseconds from the producer's clock to the list's."""

    clicks_per_second: float
    clicks: int
    uncovered: int
    """Clicks that no list covers."""
    click_to_list_p50_ms: float
    click_to_list_p99_ms: float
    lists: int
    """Lists whose newest click is one of them."""
    list_age_p50_ms: float
    """How old that click is when its list leaves: what a shopper sees who gets one."""
    list_age_p99_ms: float


@click.command()
@click.option("--seconds", type=click.IntRange(1), default=60, show_default=True, help="Of overload.")
@click.option(
    "--times", type=click.FloatRange(1), default=3.0, show_default=True, help="Of the capacity that is offered."
)
@click.option("--items", type=click.IntRange(10), default=2_000, show_default=True, help="In the catalogue.")
@click.option("--shoppers", type=click.IntRange(10), default=50_000, show_default=True, help="Of each kind.")
@click.option("--owed", type=click.IntRange(1), help="VITRINE_OWED_LISTS; its default if not given.")
@click.option("--log", type=click.Path(path_type=Path), help="Gets what the worker says.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Gets the result as JSON.")
def command(
    *, seconds: int, times: float, items: int, shoppers: int, owed: int | None, log: Path | None, report: Path | None
) -> None:
    """Offer the worker more than it can make lists of, then a third of what it can.

    90 of 100 events are clicks, 7 searches, 3 reviews, all by different kinds of shoppers, few of whom do most.

    \b
    Example:
      python -m tests.bench overload --seconds 60 --report overload.json
    """
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as name, Kafka(Path(name) / "kafka") as kafka:
        variables = {"VITRINE_OWED_LISTS": str(owed)} if owed else {}
        found = _run(kafka.bootstrap, Path(name), log, variables, Plan(seconds, times, items, shoppers))
    result = msgspec.json.format(msgspec.json.encode(found))
    click.echo(result)
    if report:
        report.write_bytes(result + b"\n")
    if found["lost_events"] or found["uncovered_beyond_shed"] or found["repeated_events"]:
        raise SystemExit(1)


def _run(bootstrap: str, folder: Path, log: Path | None, variables: dict[str, str], plan: Plan) -> dict[str, Any]:
    """Measure on a broker; no client outlives this call: one whose broker is gone may never end."""
    shop = Deployment(bootstrap, "overload", folder, VITRINE_PARTITIONS="16", **variables)
    shop.run("topics", "apply")
    try:
        return _measure(shop, Crowd(shop, plan.items, plan.shoppers), plan.seconds, plan.times)
    finally:
        if log:
            log.write_bytes(shop.log.read_bytes())


def _measure(shop: Deployment, crowd: Crowd, seconds: int, times: float) -> dict[str, Any]:
    with shop.worker() as worker:
        crowd.stock_up()
        shop.wait_done(worker, LIMIT)
        click.echo("the catalogue is on the shelf", err=True)
        capacity = crowd.capacity(lambda: shop.wait_done(worker, LIMIT))
        click.echo(f"capacity: {capacity:,.0f} events/s", err=True)
        port = port_of(shop.log)
        before = scrape(port)
        with _watched(worker.pid, port) as looks:
            calm = max(5.0, seconds / 4)
            crowd.offer("before", capacity * NORMAL, calm)
            begun = time.time()
            crowd.offer("during", capacity * times, seconds)
            ended = time.time()
            stop = threading.Event()
            after = threading.Thread(target=crowd.offer, args=("after", capacity * NORMAL, LIMIT, stop))
            after.start()
            click.echo("the overload is over", err=True)
            try:
                gone = _wait_gone(looks, ended)
                stop.wait(calm)
            finally:
                stop.set()
                after.join()
        shop.wait_done(worker, LIMIT)
        told = scrape(port)
        more = {name: value - before.get(name, 0) for name, value in told.items()}
    return _report(crowd, capacity, looks, Moments(begun, ended, gone), more)


@contextmanager
def _watched(process: int, port: int) -> Iterator[list[Look]]:
    """Look at a worker again and again; the looks are told with the time since 1970."""
    looks: list[Look] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(LOOK):
            looks.append(_look(process, scrape(port)))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield looks
    finally:
        stop.set()
        thread.join()


def _look(process: int, told: Series) -> Look:
    seconds = [value for name, value in told.items() if name.startswith("vitrine_lag_seconds{")]
    lag, owed = total(told, "vitrine_lag_records"), total(told, "vitrine_owed")
    return Look(
        time.time(), round(resident(process) / 1e6, 1), int(lag), round(max(seconds, default=0.0), 2), int(owed)
    )


def _wait_gone(looks: Sequence[Look], since: float) -> float:
    """Return when there was no lag any more."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        time.sleep(LOOK)
        if looks and looks[-1].second > since and looks[-1].lag_seconds < GONE:
            return looks[-1].second
    message = f"the lag does not go: {looks[-5:]}"
    raise click.ClickException(message)


def _report(crowd: Crowd, capacity: float, looks: Sequence[Look], moments: Moments, more: Series) -> dict[str, Any]:
    begun, ended, gone = moments
    lost, repeated = crowd.compare()
    answers = crowd.answers()
    uncovered = {it.shopper for it in answers if it.answered is None}
    agents = ("shoppers", "items", "reviews", "outcomes")

    def by_agent(name: str) -> dict[str, int]:
        return {agent: int(total(more, name, f'agent="{agent}"')) for agent in agents}

    shed = by_agent("vitrine_shed_total")
    during = [it for it in looks if begun <= it.second <= ended]
    return {
        "capacity_events_per_second": round(capacity),
        "overload_seconds": round(ended - begun, 1),
        "events_in": {topic.name: crowd.sent_to(topic) for topic in (CLICKS, SEARCHES, REVIEWS)},
        "folded": {
            topic.name: int(total(more, "vitrine_events_total", f'topic="{topic.name}"', 'outcome="folded"'))
            for topic in (CLICKS, SEARCHES, REVIEWS)
        },
        "dead_lettered": int(total(more, "vitrine_dead_letters_total")),
        "redelivered": int(total(more, "vitrine_events_total", 'outcome="redelivered"')),
        "lost_events": lost,
        "repeated_events": repeated,
        "lists_made": int(total(more, "vitrine_lists_total")),
        "superseded": by_agent("vitrine_superseded_total"),
        "shed": shed,
        "shoppers_whose_last_event_no_list_covers": len(uncovered),
        "uncovered_beyond_shed": max(0, len(uncovered) - shed["shoppers"]),
        "rss_mb": {
            "before": max((it.rss_mb for it in looks if it.second < begun), default=0.0),
            "max": max(it.rss_mb for it in looks),
            "end": looks[-1].rss_mb,
            "slope_mb_per_minute_in_the_last_two_thirds_of_the_overload": _slope(during[len(during) // 3 :]),
        },
        "lag": {
            "max_records": max(it.lag_records for it in looks),
            "max_seconds": max(it.lag_seconds for it in looks),
            "seconds_until_it_is_gone": round(gone - ended, 1),
        },
        "owed_max": max(it.owed for it in looks),
        "phases": {name: _phase([it for it in answers if it.phase == name]) for name in ("before", "during", "after")},
        "looks": [msgspec.structs.replace(it, second=round(it.second - begun, 1)) for it in looks],
    }


def _slope(looks: Sequence[Look]) -> float | None:
    """Return by how much memory grows; None if that can't be told."""
    if len(looks) < 3:
        return None
    return round(60 * statistics.linear_regression([it.second for it in looks], [it.rss_mb for it in looks]).slope, 1)


def _phase(sent: Sequence[Sent]) -> Phase:
    waits = sorted(1000 * (it.answered - it.at) for it in sent if it.answered is not None)
    ages = sorted(1000 * (it.listed - it.at) for it in sent if it.listed is not None)
    times = [it.at for it in sent]
    span = max(times) - min(times) if len(times) > 1 else 1.0
    return Phase(
        clicks_per_second=round(len(sent) / max(span, 1e-9), 1),
        clicks=len(sent),
        uncovered=sum(it.answered is None for it in sent),
        click_to_list_p50_ms=round(_quantile(waits, 0.5), 1),
        click_to_list_p99_ms=round(_quantile(waits, 0.99), 1),
        lists=len(ages),
        list_age_p50_ms=round(_quantile(ages, 0.5), 1),
        list_age_p99_ms=round(_quantile(ages, 0.99), 1),
    )


def _quantile(waits: Sequence[float], share: float) -> float:
    return waits[min(len(waits) - 1, int(len(waits) * share))] if waits else float("nan")
