"""Each partition is committed once in an interval, and all of them when much waits."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from agents.engine.changelog import Changelog, Stretch
from agents.engine.commits import TOGETHER, TURNS, Commits
from agents.engine.context import Context
from agents.engine.database import Memory
from agents.engine.delivery import Delivery, Load, Source
from agents.engine.keyspace import Keyspace
from agents.engine.outbox import Outbox
from agents.metrics import Metrics
from tests.engine_worker import Sums

PARTITIONS = range(2 * TURNS + 1)
UNCOMMITTED = 100


class Log(Changelog):
    """A changelog that keeps how many records each partition has."""

    def __init__(self) -> None:
        super().__init__("c")
        self.ends = dict.fromkeys(PARTITIONS, 0)

    async def append(self, partition: int, items: Any, last: Any = None) -> Stretch:
        assert last is None
        first = self.ends[partition]
        self.ends[partition] += len(list(items))
        return Stretch(first, self.ends[partition])


class Worker:
    """The commits of a worker that reads one topic."""

    def __init__(self, directory: Path, memory: int = 1 << 30) -> None:
        self.delivery = Delivery(UNCOMMITTED, Load(1_000, 1 << 20))
        self.crashed = False
        self.looked = self.relieved = 0
        self.offsets: list[dict[Source, int]] = []
        """Of each commit."""
        metrics = Metrics(CollectorRegistry())
        self.log = Log()
        self.keyspace = Keyspace(Sums(), self.log, directory, Memory(4 << 20))
        context = SimpleNamespace(
            delivery=self.delivery,
            outbox=Outbox(count=lambda *_: None, fail=cast("Any", None)),
            metrics=metrics,
            changed=lambda: None,
        )
        self.commits = Commits(
            cast("Context", context),
            [cast("Any", SimpleNamespace(keyspace=self.keyspace, stage=self.keyspace.folder))],
            watch=cast("Any", SimpleNamespace(intruded=self._intruded)),
            memory=memory,
            crashed=lambda: self.crashed,
            report=self._look,
            reopen=cast("Any", None),
            offsets=self._commit,
            crowded=self._relieve,
        )

    async def begun(self) -> "Worker":
        self.commits._sweeps = []
        for partition in self.delivery.assign([("a", n) for n in PARTITIONS]).values():
            self.delivery.open(partition, 0)
        for shard in await self.keyspace.assign(PARTITIONS):
            await self.keyspace.activate(shard)
        return self

    def work(self, records: int = 1, states: int = 1) -> None:
        """Do something in each partition, and change *states* in all together."""
        for number, shard in self.keyspace.shards.items():
            partition = self.delivery.find(("a", number))
            assert partition is not None
            at = partition.read or 0
            entry = self.delivery.deliver(("a", number), at, at + records, records, 1)
            assert entry is not None
            assert self.delivery.start(entry)
            for key in (b"%d" % n for n in range(-(-states // len(PARTITIONS)))):
                shard.states[key].total += 1
                shard.dirty.add(key)
            self.delivery.stop(entry)

    async def _intruded(self, _now: float) -> list[Any]:
        return []

    def _look(self) -> None:
        self.looked += 1

    def _relieve(self) -> None:
        self.relieved += 1

    async def _commit(self, offsets: Mapping[Source, int]) -> bool:
        self.offsets.append(dict(offsets))
        return True


async def test_each_partition_is_committed_once_in_an_interval(tmp_path: Path) -> None:
    worker = await Worker(tmp_path).begun()
    fences = dict(worker.log.ends)
    worker.work()

    for _ in range(TURNS):
        assert await worker.commits.step()

    assert [{number for _, number in its} for its in worker.offsets] == [
        {number for number in PARTITIONS if number % TURNS == turn} for turn in range(TURNS)
    ]
    assert all(worker.log.ends[number] == fences[number] + 1 for number in PARTITIONS)
    assert worker.looked == worker.keyspace.usage.now == 1
    assert not await worker.commits.step()


async def test_a_turn_leaves_what_was_done_in_other_partitions_alone(tmp_path: Path) -> None:
    worker = await Worker(tmp_path).begun()
    worker.work()

    await worker.commits.step()

    unflushed = {number for number, shard in worker.keyspace.shards.items() if shard.unflushed}
    assert unflushed == {number for number in PARTITIONS if number % TURNS}
    assert worker.delivery.committable().keys() == {
        worker.delivery.find(("a", number)) for number in PARTITIONS if number % TURNS
    }


async def test_room_is_made_in_every_turn_for_states_grow_between_them(tmp_path: Path) -> None:
    worker = await Worker(tmp_path, memory=0).begun()
    worker.work()

    await worker.commits.step()
    await worker.commits.step()

    gone = {number for number, shard in worker.keyspace.shards.items() if not shard.states}
    assert gone == {number for number in PARTITIONS if not number % TURNS}


async def test_everything_is_committed_at_once_where_much_waits(tmp_path: Path) -> None:
    worker = await Worker(tmp_path).begun()
    worker.work(records=UNCOMMITTED)

    assert await worker.commits.step()

    assert [it.keys() for it in worker.offsets] == [{("a", number) for number in PARTITIONS}]
    assert not worker.relieved


async def test_where_much_changes_partitions_are_committed_together_once_in_an_interval(tmp_path: Path) -> None:
    worker = await Worker(tmp_path).begun()
    for _ in range(2 * TURNS):
        worker.work(states=TOGETHER)
        await worker.commits.step()

    assert [it.keys() for it in worker.offsets] == 2 * [{("a", number) for number in PARTITIONS}]


@pytest.mark.parametrize(("taken", "relieved"), [(True, 0), (False, 1)])
async def test_room_is_made_where_a_commit_made_none(tmp_path: Path, *, taken: bool, relieved: int) -> None:
    worker = await Worker(tmp_path).begun()

    async def offsets(_offsets: Mapping[Source, int]) -> bool:
        return taken

    worker.commits._offsets = offsets
    worker.work(records=UNCOMMITTED)

    assert await worker.commits.commit() == taken
    assert worker.relieved == relieved


async def test_nothing_is_committed_behind_a_crash(tmp_path: Path) -> None:
    worker = await Worker(tmp_path).begun()
    worker.work()
    worker.crashed = True

    assert not await worker.commits.commit()
    assert not await worker.commits.step()
    assert worker.offsets == []
