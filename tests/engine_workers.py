"""Workers of `tests.engine_worker` on a real Kafka, what they are given, and what must come of it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import msgspec

from agents.engine import topics
from agents.replay.log import LogRecord
from tests.changelogs import entries, in_force
from tests.deployment import Deployment
from tests.engine_worker import CLICKS, LISTS, PAIRS, REVIEWS, SEARCHES, SENTIMENTS, Sum, Summed, Tick, needed

PARTITIONS = 4
SHOPPERS = 60
Totals = dict[str, tuple[int, int]]
"""Shopper to number of events and their sum."""


class Workers(Deployment):
    """Workers of `tests.engine_worker`, each with a disk of its own."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path) -> None:
        super().__init__(
            bootstrap, f"{prefix}engine", folder, VITRINE_COMMIT_INTERVAL="PT0.3S", VITRINE_INFLIGHT_RECORDS="5000"
        )
        topics.create(bootstrap, needed(self.settings.topic_prefix, self.settings.app_id, PARTITIONS))
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, disk: str = "a") -> subprocess.Popen[bytes]:
        self.variables["VITRINE_DATA_DIR"] = str(self.disk(disk))
        process = super().start()
        self.running.append(process)
        return process

    def disk(self, name: str) -> Path:
        return self.settings.data_dir / name

    def end(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()

    def name(self, topic: str) -> str:
        return self.settings.topic_prefix + topic

    def _read(self) -> list[str]:
        return [self.name(topic.name) for topic in (CLICKS, SEARCHES, REVIEWS)]

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        del arguments
        return [sys.executable, "-X", "faulthandler", "-m", "tests.engine_worker"]


def ticks(count: int, start: int = 0) -> list[LogRecord]:
    """Return *count* records of all inputs; each twentieth is no tick."""
    kinds = (CLICKS, SEARCHES, CLICKS, REVIEWS)
    records = []
    for n in range(start, start + count):
        shopper = f"s{n * 7 % SHOPPERS}"
        value = b"{" if not n % 20 else msgspec.json.encode(Tick(shopper=shopper, number=n))
        records.append(LogRecord(kinds[n % 4].name, 0, 0, 0, shopper.encode(), value, ()))
    return records


def good(records: list[LogRecord], *names: str) -> list[Tick]:
    return [msgspec.json.decode(it.value or b"", type=Tick) for it in records if it.topic in names and it.value != b"{"]


def totals(records: list[LogRecord]) -> Totals:
    sums: Totals = {}
    for tick in good(records, CLICKS.name, SEARCHES.name):
        n, total = sums.get(tick.shopper, (0, 0))
        sums[tick.shopper] = n + 1, total + tick.number
    return sums


def states(workers: Workers) -> Totals:
    """Return what the changelog says, without what former owners wrote."""
    found = in_force(entries(workers.read("sums", changelog=True))).states
    sums = {key.decode(): msgspec.msgpack.decode(state, type=Summed) for key, state in found.items()}
    return {key: (state.n, state.total) for key, state in sums.items()}


def numbers(workers: Workers, topic: str) -> list[int]:
    return sorted(msgspec.json.decode(value)["number"] for value in workers.facts(topic).values())


def newest_lists(workers: Workers) -> Totals:
    newest: dict[str, Sum] = {}
    for message in workers.read(LISTS.name):
        it = msgspec.json.decode(message.value(), type=Sum)
        if it.shopper not in newest or (newest[it.shopper].epoch, newest[it.shopper].revision) < (
            it.epoch,
            it.revision,
        ):
            newest[it.shopper] = it
    return {name: (it.n, it.total) for name, it in newest.items()}


def check(workers: Workers, records: list[LogRecord]) -> None:
    """Everything of *records* is in the states, facts and lists exactly once."""
    assert states(workers) == totals(records)
    assert newest_lists(workers) == totals(records)
    assert numbers(workers, PAIRS.name) == sorted(it.number for it in good(records, CLICKS.name, SEARCHES.name))
    assert numbers(workers, SENTIMENTS.name) == sorted(it.number for it in good(records, REVIEWS.name))
    refused = sum(len(workers.facts(f"dlq.{it.name}")) for it in (CLICKS, SEARCHES, REVIEWS))
    assert refused == sum(it.value == b"{" for it in records)


@contextmanager
def producing(workers: Workers, records: list[LogRecord], rate: float) -> Iterator[None]:
    thread = Thread(target=workers.produce, args=(records, rate))
    thread.start()
    yield
    thread.join()


def wait_commits(workers: Workers, process: subprocess.Popen[bytes], more: int) -> None:
    before = workers.committed()
    end = time.monotonic() + 60
    while workers.committed() < before + more:
        assert process.poll() is None, workers.log.read_text()[-3000:]
        assert time.monotonic() < end, workers.log.read_text()[-3000:]
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    return process.wait(60)
