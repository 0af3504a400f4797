"""What a former owner writes, together with real compaction: forced, not waited for.

A former owner's record has a low epoch.  Compaction knows no epochs: it keeps the last record of each key, so where that
one is a former owner's, the good state goes.  Until the next owner has written it again, the topic's lag holds it.
"""

import json
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import confluent_kafka.admin
import msgspec
import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from agents.__main__ import main
from agents.engine import topics
from agents.engine.formats import EPOCH, FENCE_KEY, RESERVED
from agents.intake import partition_of
from tests.engine_workers import PARTITIONS, Totals, Workers, check, states, stop, ticks, totals
from tests.kafka_broker import create_topics

admin: Any = confluent_kafka.admin

pytestmark = pytest.mark.timeout(240)

BOGUS = (777, 777)
"""Count and total that a former owner writes."""
OLD = 7_200_000
"""Milliseconds: longer ago than the lag of a changelog."""
AT_ONCE = {
    "cleanup.policy": "compact",
    "min.compaction.lag.ms": "0",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.001",
    "delete.retention.ms": "0",
}


class Zombies(Workers):
    """Workers whose changelog is spoilt and compacted by hand."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path) -> None:
        super().__init__(bootstrap, prefix, folder)
        self.changelog = topics.changelog(self.settings.app_id, "sums")
        self._opened = 0
        self._client = admin.AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self._producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0})

    def start(self, disk: str = "a", **variables: str) -> subprocess.Popen[bytes]:
        self._opened = self._openings()
        before = dict(self.variables)
        self.variables.update(variables)
        process = super().start(disk)
        self.variables = before
        return process

    def _openings(self) -> int:
        return self.log.read_text().count("state restored") if self.log.exists() else 0

    def wait_open(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until a worker that was just started has all partitions."""
        end = time.monotonic() + 60
        while self._openings() == self._opened:
            assert process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < end, self.log.read_text()[-3000:]
            time.sleep(0.05)

    def configure(self, settings: Mapping[str, str]) -> None:
        """Change settings of the changelog."""
        set_ = admin.AlterConfigOpType.SET
        entries = [admin.ConfigEntry(name, value, incremental_operation=set_) for name, value in settings.items()]
        resource = admin.ConfigResource(admin.ResourceType.TOPIC, self.changelog, incremental_configs=entries)
        for done in self._client.incremental_alter_configs([resource]).values():
            done.result()

    def former_owner_writes(self, *keys: str) -> None:
        """Append what the first owner of all would flush if it woke up now."""
        for key in keys:
            state = [[9, 9, 9], 9, [], key, *BOGUS]
            self._append(
                partition_of(key.encode(), PARTITIONS), key.encode(), EPOCH.pack(1) + msgspec.msgpack.encode(state)
            )
        self._producer.flush(30)

    def _append(self, partition: int, key: bytes, value: bytes, ago: int = 0) -> None:
        self._producer.produce(self.changelog, value, key, partition, timestamp=int(time.time() * 1000) - ago)

    def roll(self, ago: int = 0) -> None:
        """End each partition's segment, by fences of nobody: the one that is written to is never compacted."""
        for partition in range(PARTITIONS):
            self._append(partition, FENCE_KEY, EPOCH.pack(0), ago)
        self._producer.flush(30)

    def count(self) -> Counter[bytes]:
        """Return how many records each key has, fences and ledgers apart."""
        return Counter(it.key() for it in self.read("sums", changelog=True) if not it.key().startswith(RESERVED))

    def compact(self) -> None:
        """Let the cleaner run until it has kept one record of each key."""
        self.configure(AT_ONCE)
        end = time.monotonic() + 90
        while max(self.count().values()) > 1:
            assert time.monotonic() < end, self.count()
            self.roll()
            time.sleep(0.5)


@pytest.fixture
def workers(kafka: str, prefix: str, tmp_path: Path) -> Iterator[Zombies]:
    found = Zombies(kafka, prefix, tmp_path)
    yield found
    found.end()


def owned_twice(workers: Zombies) -> tuple[subprocess.Popen[bytes], list[Any]]:
    """Return a worker that is the second owner of each partition, with states of its own, and what was folded."""
    process = workers.start()
    records = ticks(800)
    workers.produce(records[:400], 1e9)
    workers.wait_done(process)
    stop(process)
    process = workers.start()
    workers.produce(records[400:], 1e9)
    workers.wait_done(process)
    return process, records


def test_what_a_former_owner_wrote_is_mended_before_compaction_and_not_kept_by_it(workers: Zombies) -> None:
    process, records = owned_twice(workers)
    stop(process)
    workers.former_owner_writes("s7", "s14", "ghost")

    process = workers.start(VITRINE_COMMIT_INTERVAL="PT1H")
    workers.wait_open(process)  # no commit comes
    assert states(workers) == totals(records)
    process.kill()
    process.wait()
    assert without_epochs(workers) == totals(records)

    workers.compact()
    assert states(workers) == totals(records)
    shutil.rmtree(workers.disk("a"))
    process = workers.start()
    workers.produce(more := ticks(200, 1_000), 1e9)
    workers.wait_done(process)
    check(workers, records + more)


def test_a_quiet_owner_notices_what_a_former_one_writes(workers: Zombies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_WATCH", "1")
    process, records = owned_twice(workers)

    workers.former_owner_writes("s7", "ghost")

    end = time.monotonic() + 60
    while without_epochs(workers) != totals(records):
        assert time.monotonic() < end, workers.log.read_text()[-3000:]
        time.sleep(0.2)
    assert process.poll() is None
    workers.compact()
    assert states(workers) == totals(records)


@pytest.mark.parametrize("disk", ["kept", "lost"])
def test_without_a_lag_compaction_may_be_faster_than_the_next_owner(workers: Zombies, disk: str) -> None:
    """Nobody lives, the good state is compacted away: a disk that has it brings it back, and without one it is lost.

    This is what `min.compaction.lag.ms` is for.
    """
    process, records = owned_twice(workers)
    stop(process)
    workers.former_owner_writes("s7")
    workers.compact()
    assert "s7" not in states(workers)
    if disk == "lost":
        shutil.rmtree(workers.disk("a"))

    process = workers.start()
    workers.wait_open(process)

    expected = totals(records)
    if disk == "lost":
        del expected["s7"]
    assert states(workers) == expected


def test_behind_the_declared_lag_the_next_owner_mends_it_even_without_a_disk(workers: Zombies) -> None:
    """The cleaner runs, on what is older than the lag, and leaves what a former owner spoilt."""
    lag = topics.needed([], ["sums"], prefix="", app_id="", partitions=1)["-sums-changelog"].config
    workers.configure(AT_ONCE | {"min.compaction.lag.ms": lag["min.compaction.lag.ms"]})
    for _ in range(5):
        workers.roll(OLD)
    old = fences(workers)
    process, records = owned_twice(workers)
    stop(process)
    shutil.rmtree(workers.disk("a"))
    workers.former_owner_writes("s7", "s14", "ghost")
    before = workers.count()
    end = time.monotonic() + 90
    while fences(workers) >= old:
        assert time.monotonic() < end, "the cleaner does not come"
        workers.roll()
        time.sleep(0.5)
    assert workers.count() == before

    process = workers.start()
    workers.wait_open(process)

    assert states(workers) == totals(records)
    workers.compact()
    assert states(workers) == totals(records)


def test_the_operator_is_told_of_a_changelog_without_a_lag(kafka: str, prefix: str) -> None:
    changelog = topics.changelog(f"{prefix}app", "shoppers")
    create_topics(kafka, {changelog: 1}, AT_ONCE)
    variables = {"VITRINE_BROKER": kafka, "VITRINE_APP_ID": f"{prefix}app", "VITRINE_TOPIC_PREFIX": prefix}

    told = CliRunner().invoke(main, ["topics", "plan", "--json"], env=variables)

    changes = {it["setting"]: it["wanted"] for it in json.loads(told.stdout)["change"] if it["topic"] == changelog}
    assert changes["min.compaction.lag.ms"] == "3600000"


def fences(workers: Zombies) -> int:
    """Return how many fences of nobody there are that are older than the lag."""
    old = time.time() * 1000 - OLD / 2
    return sum(it.timestamp()[1] < old for it in workers.read("sums", changelog=True))


def without_epochs(workers: Zombies) -> Totals:
    """Return what the last record of each key says, whoever wrote it: what compaction keeps."""
    last = {
        it.key(): (it.value() or b"")[EPOCH.size :]
        for it in workers.read("sums", changelog=True)
        if not it.key().startswith(RESERVED)
    }
    found = {key.decode(): msgspec.msgpack.decode(value) for key, value in last.items() if value}
    return {key: (state[4], state[5]) for key, state in found.items()}
