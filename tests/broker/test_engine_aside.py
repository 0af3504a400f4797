"""Lists made in a process of their own are those that threads make; and what happens when that process ends."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from agents.engine.aside import Aside
from agents.engine.errors import MakerError
from agents.metrics import Metrics
from agents.processor import Scored
from agents.shoppers.agent import Shoppers
from agents.shoppers.asks import owed_by
from agents.topics import BY_NAME, ITEM_CARDS, ITEM_VECTORS, POLICIES
from schemas.cards import ItemCard, ItemVector
from schemas.clicks import Click
from schemas.policies import Hide
from schemas.requests import Request
from schemas.searches import Search
from tests.doubles import MODELS
from tests.shoppers import START, STEADY, World, after, facts

pytestmark = pytest.mark.timeout(60)
SOURCE = f"{__name__}:lists"


def lists() -> Shoppers:
    return Shoppers(MODELS, STEADY)


class Failing(Shoppers):
    """Fails on every job of one shopper."""

    def score(self, jobs: Any) -> Any:
        if any(job.ask.shopper == "eve" for job in jobs):
            message = "the model does not like eve"
            raise RuntimeError(message)
        return super().score(jobs)


def failing() -> Shoppers:
    return Failing(MODELS, STEADY)


def record(key: str, value: Any) -> Any:
    return SimpleNamespace(key=key.encode(), value=None if value is None else msgspec.json.encode(value))


def cards() -> list[tuple[str, ItemCard]]:
    items = [facts(f"i{n}", f"{kind} lamp {n}", category=f"c{n % 3}") for n, kind in enumerate(["red", "oak"] * 8)]
    return [
        (it.item, ItemCard(item=it.item, revision=1, at=START, facts=it, heat=float(n))) for n, it in enumerate(items)
    ]


def vectors() -> list[tuple[str, ItemVector]]:
    model = MODELS.embedder.version
    return [
        (
            f"{item}\n{model}",
            ItemVector(item=item, model=model, vector=MODELS.embedder.encode([item])[0].astype("<f2").tobytes()),
        )
        for item, _ in cards()
    ]


def shopping() -> World:
    """Return shoppers with a past; the shelf is what a worker has whose lists are made elsewhere: empty."""
    world = World()
    for n, shopper in enumerate(("ann", "bob", "eve")):
        world.feed(
            Click(shopper=shopper, item=f"i{n}", at=after(n)),
            Search(shopper=shopper, query="oak lamp", at=after(n + 1)),
            Click(shopper=shopper, item=f"i{n + 4}", at=after(n + 2)),
        )
    return world


def jobs(world: World) -> list[Any]:
    folder = world.folder
    asked = [(shopper, Request(shopper=shopper, at=START)) for shopper in ("ann", "bob", "eve")]
    return [folder.plan(world.profile(shopper), owed_by(request)[0], 3) for shopper, request in asked]


@asynccontextmanager
async def beside(
    source: str = SOURCE, failed: Callable[[BaseException], Any] | None = None
) -> AsyncIterator[tuple[Aside, Metrics]]:
    metrics = Metrics(CollectorRegistry())
    aside = Aside(lists(), source, metrics)
    heard: list[BaseException] = []

    async def fail(error: BaseException) -> None:
        heard.append(error)
        if failed is not None:
            failed(error)

    try:
        await aside.start(fail)
        yield aside, metrics
    finally:
        await aside.stop()
        assert aside._process.returncode is not None
        assert failed is not None or not heard


async def fill(aside: Aside) -> None:
    await aside.apply(ITEM_CARDS.name, [record(*card) for card in cards()])
    await aside.apply(ITEM_VECTORS.name, [record(*vector) for vector in vectors()])


async def test_lists_are_those_that_are_made_here() -> None:
    here = shopping()
    for item, card in cards():
        here.folder.views[0].apply(item, card)
    for key, vector in vectors():
        here.folder.views[1].apply(key, vector)
    expected = [list(map(encoded, made)) for made in here.folder.score(jobs(here))]

    async with beside() as (aside, _):
        await fill(aside)
        found = await aside.score(jobs(shopping()))

    assert [list(map(encoded, it.outputs)) for it in found if isinstance(it, Scored)] == expected
    assert expected[0]


def encoded(output: Any) -> tuple[Any, ...]:
    return output.topic, output.key, msgspec.json.encode(output.value), output.id, output.at


async def test_what_is_worth_counting_comes_along() -> None:
    async with beside() as (aside, _):
        await fill(aside)
        (made,) = await aside.score(jobs(shopping())[:1])

    assert isinstance(made, Scored)
    assert any(name == "lists" for name, _, _ in made.tallies)


async def test_one_bad_job_costs_itself_only() -> None:
    async with beside(f"{__name__}:failing") as (aside, _):
        await fill(aside)
        ann, bob, eve = await aside.score(jobs(shopping()))

    assert isinstance(ann, Scored)
    assert isinstance(bob, Scored)
    assert repr(eve) == "RuntimeError('the model does not like eve')"


async def test_records_of_views_are_counted_also_those_that_can_not_be_read() -> None:
    async with beside() as (aside, metrics):
        await aside.apply(
            ITEM_CARDS.name, [record("a", cards()[0][1]), SimpleNamespace(key=b"b", value=b"{"), record("a", None)]
        )
        await aside.caught_up()

    counted = metrics.views.labels(ITEM_CARDS.name, "applied"), metrics.views.labels(ITEM_CARDS.name, "undecodable")
    assert [it._value.get() for it in counted] == [2, 1]


async def test_a_policy_that_can_not_be_read_is_told_by_its_key_and_the_one_before_it_stays_in_force() -> None:
    hidden = ("i1", "i2", "i3")
    with capture_logs() as logs:
        async with beside() as (aside, metrics):
            await fill(aside)
            await aside.apply(POLICIES.name, [record("recall", Hide(policy="recall", at=START, items=hidden))])
            await aside.apply(POLICIES.name, [SimpleNamespace(key=b"recall", value=b'{"kind":"hide"}')])
            (made,) = await aside.score(jobs(shopping())[:1])

    assert isinstance(made, Scored)
    [listed] = [
        msgspec.json.decode(bytes(it.value))
        for it in made.outputs
        if it.topic.name == "recommendations.v1" and isinstance(it.value, msgspec.Raw)
    ]
    assert len(listed["slots"]) == 10
    assert {slot["item"] for slot in listed["slots"]}.isdisjoint(hidden)
    assert [(it["topic"], it["key"]) for it in logs if it["event"] == "view record ignored"] == [
        (POLICIES.name, "recall")
    ]
    assert metrics.views.labels(POLICIES.name, "undecodable")._value.get() == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_to_all_of_a_group_is_left_to_the_worker(number: int) -> None:
    async with beside() as (aside, _):
        os.kill(aside._process.pid, number)

        assert await aside.score(jobs(shopping()))


async def test_a_process_that_is_killed_fails_the_worker_and_whoever_waits() -> None:
    heard: list[BaseException] = []
    async with beside(failed=heard.append) as (aside, _):
        os.kill(aside._process.pid, signal.SIGSTOP)
        waiting = asyncio.create_task(aside.score(jobs(shopping())))
        await asyncio.sleep(0.1)
        os.kill(aside._process.pid, signal.SIGKILL)

        with pytest.raises(MakerError, match="ended with -9"):
            await waiting
        with pytest.raises(MakerError, match="ended with -9"):
            await aside.score(jobs(shopping()))

    assert [type(error) for error in heard] == [MakerError]


async def test_a_process_that_can_not_start_says_so() -> None:
    heard: list[BaseException] = []
    with pytest.raises(MakerError, match="ended with 1"):
        async with beside(f"{__name__}:nothing", heard.append):
            pass


async def test_a_frozen_process_does_not_hold_a_worker_that_stops() -> None:
    async with beside() as (aside, _):
        os.kill(aside._process.pid, signal.SIGSTOP)


def test_every_topic_of_a_list_is_known_by_its_name() -> None:
    assert all(BY_NAME[topic.name] is topic for topic in Shoppers.outputs)


KILLED = """
import asyncio, sys
from prometheus_client import CollectorRegistry
from agents.engine.aside import Aside
from agents.metrics import Metrics
from tests.broker.test_engine_aside import SOURCE, lists

async def main():
    aside = Aside(lists(), SOURCE, Metrics(CollectorRegistry()))
    await aside.start(print)
    print(aside._process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_worker_that_is_killed_leaves_no_process_behind() -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        pid = int(worker.stdout.readline())
        worker.kill()

    end = time.monotonic() + 10
    while time.monotonic() < end and lives(pid):
        time.sleep(0.05)
    assert not lives(pid)


def lives(pid: int) -> bool:
    """Tell whether a process runs; nobody may have asked yet how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
