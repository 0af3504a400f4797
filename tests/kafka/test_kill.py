"""A worker that is killed again and again leaves what an unbroken run and the replayer leave."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from agents.replay.log import LogRecord
from agents.shop.shop import Shop
from agents.shop.wire import message
from agents.topics import CATALOG
from schemas.clicks import CopyShown, ListShown
from schemas.recommendations import Recommendations
from tests.deployment import Deployment, replayed_states

EVENTS = 5_000
KILLS = 3
BAD = b"{"
OFFSETS, RECENT = 0, 2
"""Fields of a state that say where it was read, not what it says."""
FACTS = ("pairs.v1", "sentiments.v1", "feedback.v1", "dlq.clicks.v1")

pytestmark = pytest.mark.timeout(300)


def shop_records(events: int) -> Iterator[LogRecord]:
    """Yield what shoppers do who are shown no lists, from an hour ago on, and a bad record now and then."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    shop = Shop(shoppers=80, present=20, seed=7, opened=start)
    emissions = list(shop.catalogue(start))
    for n in range(events):
        emissions += shop.act(start + timedelta(milliseconds=n))
    for number, emission in enumerate(emissions):
        sent = message(emission, 7, number)
        at = int(emission.at.timestamp() * 1000)
        headers = tuple((name, value) for name, value in sent.headers if isinstance(value, bytes))
        yield LogRecord(emission.topic.name, 0, 0, at, sent.key, sent.value, headers)
        if not number % 500:
            yield LogRecord("clicks.v1", 0, 0, at, sent.key, BAD, ())


def without_places(states: dict[str, list[object]]) -> dict[str, list[object]]:
    return {key: [it for n, it in enumerate(state) if n not in {OFFSETS, RECENT}] for key, state in states.items()}


def last_events(deployment: Deployment) -> dict[str, datetime]:
    """Return shopper to the time of the newest event that asks for a list."""
    last: dict[str, datetime] = {}
    for topic in ("clicks.v1", "searches.v1", "requests.v1"):
        for record in deployment.good(topic):
            if not isinstance(record, ListShown | CopyShown):
                last[record.shopper] = max(last.get(record.shopper, record.at), record.at)
    return last


def check_lists(deployment: Deployment) -> None:
    newest: dict[str, Recommendations] = {}
    for it in deployment.records("recommendations.v1"):
        if it.shopper not in newest or (newest[it.shopper].epoch, newest[it.shopper].revision) < (
            it.epoch,
            it.revision,
        ):
            newest[it.shopper] = it
    stale = {name for name, at in last_events(deployment).items() if name not in newest or newest[name].at < at}
    assert not stale


def run_unbroken(deployment: Deployment, records: list[LogRecord]) -> None:
    deployment.run("topics", "apply")
    deployment.produce(records, 1e9)
    with deployment.worker() as process:
        deployment.wait_done(process)


def run_killed(deployment: Deployment, records: list[LogRecord], rate: float) -> int:
    """Kill the worker three times while records come, each time when it has folded since the last; return the lag then."""
    deployment.run("topics", "apply")
    producing = Thread(target=deployment.produce, args=(records, rate))
    producing.start()
    behind = 0
    for _ in range(KILLS):
        process = deployment.start()
        before = deployment.committed()
        while deployment.committed() < before + 200:
            assert process.poll() is None, deployment.log.read_text()[-3000:]
            time.sleep(0.1)
        process.kill()
        process.wait()
        behind += deployment.lag()
    producing.join()
    with deployment.worker() as process:
        deployment.wait_done(process)
    return behind


def test_a_killed_worker_leaves_what_an_unbroken_one_and_a_replay_leave(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    records = list(shop_records(EVENTS))
    unbroken = Deployment(kafka, f"{prefix}whole", tmp_path)
    killed = Deployment(kafka, f"{prefix}killed", tmp_path)

    run_unbroken(unbroken, records)
    assert run_killed(killed, records, EVENTS / 20) > 0
    log, states = tmp_path / "log.jsonl", tmp_path / "states.jsonl"
    killed.run("record", "--out", str(log))
    killed.run("replay", str(log), "--out", str(tmp_path / "out.jsonl"), "--topics", "pairs.v1", "--state", str(states))

    profiles = without_places(killed.states("shoppers"))
    assert len(profiles) == len(
        {record.key for record in records if record.topic != CATALOG.name and record.value != BAD}
    )
    assert profiles == without_places(unbroken.states("shoppers"))
    assert profiles == without_places(replayed_states(states, "shoppers"))
    for topic in FACTS:
        assert killed.facts(topic) == unbroken.facts(topic)
    check_lists(unbroken)
    check_lists(killed)
