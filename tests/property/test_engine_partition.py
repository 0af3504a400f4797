"""Two workers and one changelog: whatever they do to each other, a partition's state has each event exactly once."""

import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agents.engine.changelog import Changelog, Stretch
from agents.engine.database import Memory
from agents.engine.errors import FencedError
from agents.engine.formats import EPOCH, EPOCH_HEADER, FENCE_KEY, Tombstone
from agents.engine.keyspace import Keyspace
from agents.engine.states import evict
from agents.engine.store import Flush, Shard
from agents.processor import Origin, fold_once
from tests.engine_worker import Summed, Sums, Tick

KEYS = [b"ada", b"bob", b"cem", b"dot"]
SOURCES = (1, 2)
"""Indices of the inputs in a state's offsets."""
_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of its own is made in it
MEMORY = Memory(4 << 20)
decode = msgspec.msgpack.Decoder(Summed).decode


@dataclass
class Logged:
    offset: int
    timestamp: int
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def epoch(self) -> int:
        return int(EPOCH.unpack_from(self.headers[0][1] if self.value is None else self.value)[0])


Base = tuple[int, ...]
"""The offset of each source up to which a key's events left with its state."""
NOTHING_LEFT: Base = (-1,) * (1 + max(SOURCES))


class DiedError(Exception):
    """The worker died before it could write."""


class Log(Changelog):
    """A changelog partition in memory."""

    def __init__(self) -> None:
        super().__init__("changelog")
        self.records: list[Any] = []
        self.end = 0
        self.writes = 0
        """How many appends succeed before the writer dies, if it has so few left; 0: it lives."""
        self.forgotten = set[bytes]()
        """Keys that were ever let go."""
        self.bases: dict[bytes, list[Base]] = {key: [NOTHING_LEFT] for key in KEYS}
        """What left with each tombstone in force."""
        self.allowed: dict[bytes, set[Base]] = {key: {NOTHING_LEFT} for key in KEYS}
        """Of these, what the state in force may lack."""
        self.raced: dict[bytes, set[Base]] = {key: set() for key in KEYS}
        """What may be lacking in a state into which something was folded while it left."""

    async def append(
        self, partition: int, items: Iterable[tuple[bytes, bytes]], last: tuple[bytes, bytes] | None = None
    ) -> Stretch:
        """Write *items*, then *last*: the writer may die between."""
        assert partition == 0
        items = list(items)
        if items and last is not None:
            first = (await self.append(partition, items)).first
            return Stretch(first, (await self.append(partition, [last])).end)
        items += [last] if last is not None else []
        if self.writes:
            self.writes -= 1
            if not self.writes:
                raise DiedError
        first = self.end
        for key, value in items:
            if type(value) is Tombstone:
                self.records.append(Logged(self.end, 0, key, None, ((EPOCH_HEADER, bytes(value)),)))
            else:
                self.records.append(Logged(self.end, 0, key, value))
            if type(value) is Tombstone and self.records[-1].epoch >= max(it.epoch for it in self.records):
                self._left(key)
            self.end += 1
        return Stretch(first, self.end)

    def _left(self, key: bytes) -> None:
        former, self.records = self.records, self.records[:-1]
        state = self.fold()[0].get(key)
        self.records = former
        if state is not None:
            assert key in self.forgotten, "a state left that nobody let go"
            self.bases[key].append(tuple(map(max, decode(state).offsets, self.bases[key][-1])))
            self.allowed[key] = {self.bases[key][-1]} | self.raced[key]
            self.raced[key] = set()

    def fold(self) -> tuple[dict[bytes, bytes], int]:
        """Return key to its last state in force, and the offset of the first record of a former owner that is the last of its key."""
        epoch, states, last = 0, dict[bytes, bytes](), dict[bytes, int | None]()
        for record in self.records:
            if record.epoch < epoch:
                last[record.key] = record.offset
                continue
            epoch = record.epoch
            last[record.key] = None
            states[record.key] = (record.value or b"")[EPOCH.size :]
        stale = [offset for key, offset in last.items() if offset is not None and key != FENCE_KEY]
        return {key: state for key, state in states.items() if state}, min(stale, default=self.end)

    def compact(self, horizon: int, graves: int = 0) -> None:
        """Keep of what lies before *horizon* the last record of each key, and before *graves* no tombstone of these."""
        last = {record.key: record.offset for record in self.records if record.offset < horizon}
        kept = [it for it in self.records if it.offset >= horizon or last[it.key] == it.offset]
        self.records = [it for it in kept if it.value is not None or it.offset >= min(graves, horizon)]


def finish(coroutine: Any) -> Any:
    """Run a coroutine that waits for nothing but its turn."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as end:
        return end.value


class Process:
    """One life of a worker."""

    def __init__(self, directory: Path, log: Log) -> None:
        self.log = log
        self.keyspace = Keyspace(Sums(), log, directory, MEMORY)
        self.shard = Shard(0, directory / "sums-0.db", MEMORY, self.keyspace.kept, self.keyspace._decode)
        self.keyspace.shards[0] = self.shard
        self.outdated = False
        """Whether a tombstone that it has not read may be gone."""
        self.target: int | None = None
        """Where the restore ends; None if there is none."""
        self.read: dict[int, int] = {}
        self.flush: tuple[Flush, dict[int, int]] | None = None
        """Encoded, with the offsets that it allows to commit."""

    def begin(self) -> None:
        self.shard.deactivate()
        if self.outdated:
            self.shard.wipe("outdated")
            self.outdated = False
        self.flush, self.target = None, self.log.end

    def restore(self, count: int, committed: dict[int, int], writes: int = 0) -> None:
        """Restore *count* records; at the end take over, or die before the write of number *writes* from 1 on."""
        assert self.target is not None
        ahead = [it for it in self.log.records if it.offset >= self.shard.next_offset]
        batch = ahead[:count]
        if batch or not ahead:
            end = batch[-1].offset + 1 if len(ahead) > count else self.log.end
            self.shard.apply(batch, end)
        if self.shard.next_offset >= self.target:
            self.log.writes = writes
            try:
                self.target = finish(self.keyspace.activate(self.shard))
            finally:
                self.log.writes = 0
            if self.target is None:
                self.read = dict(committed)
                assert self.log.fold()[1] == self.log.end  # nothing of a former owner is the last of its key


class Partition(RuleBasedStateMachine):
    """Events of two topics, their group's offsets, a changelog, and two workers with a disk each."""

    @initialize(begun=st.booleans())
    def boot(self, begun: bool) -> None:
        self.directory = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
        self.log = Log()
        self.events: dict[int, list[Tick]] = {source: [] for source in SOURCES}
        self.committed = dict.fromkeys(SOURCES, 0)
        self.number = 0
        self.revisions: dict[tuple[int, bytes], int] = {}
        """By epoch and key."""
        self.workers = [Process(self.directory / str(n), self.log) for n in (0, 1)]
        self.owner = 0
        self.workers[0].begin()
        if begun:
            for source in SOURCES:
                self.produce(source, KEYS)
            self.catch_up()

    # -- the world

    @rule(source=st.sampled_from(SOURCES), keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=6))
    def produce(self, source: int, keys: list[bytes]) -> None:
        for key in keys:
            self.number += 1
            self.events[source].append(Tick(shopper=key.decode(), number=self.number))

    @rule(share=st.floats(0, 1))
    def compact(self, share: float) -> None:
        """Behind the lag, which covers the time from a former owner's record to the next take-over."""
        _, horizon = self.log.fold()
        self.log.compact(int(horizon * share))

    @rule(share=st.floats(0, 1))
    def tombstones_go(self, share: float) -> None:
        """Later than any restore takes; a store that did not follow so long is made anew."""
        _, horizon = self.log.fold()
        graves = min([int(horizon * share), *(it.shard.next_offset for it in self.workers if it.target is not None)])
        self.log.compact(horizon, graves)
        for worker in self.workers:
            worker.outdated |= worker.shard.next_offset < graves

    # -- the group

    @rule(same=st.booleans())
    def rebalance(self, same: bool) -> None:
        """The partition goes to the other worker, or comes again; the former owner does not know it yet."""
        self.owner = self.owner if same else 1 - self.owner
        self.workers[self.owner].begin()

    @rule()
    def the_former_owner_learns_it(self) -> None:
        former = self.workers[1 - self.owner]
        former.shard.deactivate()
        former.flush = former.target = None

    @rule(who=st.integers(0, 1), wiped=st.booleans())
    def crash(self, who: int, wiped: bool) -> None:
        self.workers[who].shard.close()
        if wiped:
            shutil.rmtree(self.directory / str(who))
        outdated = self.workers[who].outdated and not wiped
        self.workers[who] = Process(self.directory / str(who), self.log)
        self.workers[who].outdated = outdated
        if who == self.owner:
            self.workers[who].begin()

    # -- a worker

    @precondition(lambda self: any(it.target is not None for it in self.workers))
    @rule(data=st.data(), count=st.integers(0, 20), writes=st.sampled_from([0, 0, 0, 1, 2]), wiped=st.booleans())
    def restore(self, data: st.DataObject, count: int, writes: int, wiped: bool) -> None:
        who = data.draw(st.sampled_from([n for n, it in enumerate(self.workers) if it.target is not None]))
        try:
            self.workers[who].restore(count, self.committed, writes)
        except DiedError:
            self.crash(who, wiped)

    def active(self, who: int) -> Process:
        """Return a worker that folds: *who* if it does."""
        able = [it for it in self.workers if it.shard.active]
        return self.workers[who] if self.workers[who] in able else able[0]

    @precondition(lambda self: any(it.shard.active for it in self.workers))
    @rule(who=st.integers(0, 1), source=st.sampled_from(SOURCES), count=st.integers(1, 6))
    def fold(self, who: int, source: int, count: int) -> None:
        worker = self.active(who)
        shard = worker.shard
        for offset in range(worker.read[source], min(worker.read[source] + count, len(self.events[source]))):
            event = self.events[source][offset]
            key = event.shopper.encode()
            origin = Origin(f"topic{source}", 0, offset, 0)
            state = shard.states[key]
            if key in shard._forgotten:  # what it was may stay after all
                bases = {base for base in self.log.bases[key] if self.lacks(key, state, base)}
                self.log.allowed[key] |= bases
                self.log.raced[key] |= bases
            if fold_once(worker.keyspace.folder, state, source, offset, event, origin) != "redelivered":
                shard.dirty.add(key)
                newest = self.revisions.get((shard.epoch, key), 0)
                assert state.revision > newest
                self.revisions[shard.epoch, key] = state.revision
            worker.read[source] = offset + 1

    @precondition(lambda self: self.workers[self.owner].target is not None or self.workers[self.owner].shard.active)
    @rule()
    def catch_up(self) -> None:
        """The owner does all that there is to do, but for what it has encoded already."""
        worker = self.workers[self.owner]
        while worker.target is not None:
            worker.restore(100, self.committed)
        for source in SOURCES:
            self.fold(self.owner, source, len(self.events[source]))
        if worker.flush is None:
            offsets = dict(worker.read)
            for flush in finish(worker.keyspace.encode(worker.keyspace.shards)):
                try:
                    finish(worker.keyspace.write(flush))
                except FencedError:
                    worker.begin()
                    return
            self.commit(offsets)

    def leaving(self) -> list[tuple[int, bytes, int]]:
        """Return worker, key and revision of what may leave: nothing of it can be delivered again."""
        return [
            (who, key, state.revision)
            for who, worker in enumerate(self.workers)
            if worker.shard.active
            for key, state in worker.shard.stored()
            if all(state.offsets[source] < self.committed[source] for source in SOURCES)
        ]

    @precondition(lambda self: bool(self.leaving()))
    @rule(data=st.data(), count=st.integers(1, 3), how=st.sampled_from(["flush", "flush", "encode", "later"]))
    def forget(self, data: st.DataObject, count: int, how: str) -> None:
        for chosen in data.draw(st.permutations(self.leaving()))[:count]:
            if chosen not in self.leaving():
                continue  # a flush of the one before changed it
            who, key, revision = chosen
            self.log.forgotten.add(key)
            worker = self.workers[who]
            worker.shard.forget(key, revision)
            if how != "later" and worker.flush is None:
                self.encode_of(worker)
            if how == "flush" and worker.flush is not None:
                self.write_of(who, "write")

    @precondition(lambda self: any(it.shard.active for it in self.workers))
    @rule(who=st.integers(0, 1), count=st.integers(1, 3))
    def evict(self, who: int, count: int) -> None:
        evict([self.active(who).shard], 1 << 40, count)

    @precondition(lambda self: any(it.shard.active and it.flush is None for it in self.workers))
    @rule(data=st.data())
    def encode(self, data: st.DataObject) -> None:
        self.encode_of(data.draw(st.sampled_from([it for it in self.workers if it.shard.active and it.flush is None])))

    def encode_of(self, worker: Process) -> None:
        offsets = dict(worker.read)
        flushes = finish(worker.keyspace.encode(worker.keyspace.shards))
        if flushes:
            worker.flush = flushes[0], offsets
        elif worker is self.workers[self.owner]:
            self.commit(offsets)

    @precondition(lambda self: any(it.flush for it in self.workers))
    @rule(
        data=st.data(),
        how=st.sampled_from(["write", "write", "write", "cancelled", "cancelled when sent", "crash when sent"]),
    )
    def write(self, data: st.DataObject, how: str) -> None:
        self.write_of(data.draw(st.sampled_from([n for n, it in enumerate(self.workers) if it.flush])), how)

    def write_of(self, who: int, how: str) -> None:
        worker = self.workers[who]
        assert worker.flush is not None
        flush, offsets = worker.flush
        worker.flush = None
        if how == "write":
            try:
                finish(worker.keyspace.write(flush))
            except FencedError:
                worker.begin()
            else:
                if who == self.owner:
                    self.commit(offsets)
        elif how != "cancelled":
            finish(self.log.append(0, flush.items))
            if how == "crash when sent":
                self.crash(who, wiped=False)

    @precondition(lambda self: self.workers[self.owner].shard.active)
    @rule(source=st.sampled_from(SOURCES), died=st.booleans())
    def a_late_flush_lands_behind_the_fence(self, source: int, died: bool) -> None:
        """The owner stands still in the middle of a commit; when it goes on, the partition has another owner."""
        former = self.workers[self.owner]
        self.fold(self.owner, source, 6)
        flushes = finish(former.keyspace.encode(former.keyspace.shards))
        self.rebalance(same=False)
        self.workers[self.owner].restore(1_000, self.committed)
        for flush in flushes:
            finish(self.log.append(0, flush.items))
        former.shard.deactivate()
        former.flush = former.target = None
        if died:
            self.crash(self.owner, wiped=True)

    @precondition(lambda self: self.workers[self.owner].shard.active)
    @rule(source=st.sampled_from(SOURCES), died=st.booleans())
    def a_late_flush_lands_before_the_fence(self, source: int, died: bool) -> None:
        """When the new owner has read everything, and before it writes; perhaps it reads that too, and dies."""
        former = self.workers[self.owner]
        self.fold(self.owner, source, 6)
        flushes = finish(former.keyspace.encode(former.keyspace.shards))
        self.rebalance(same=False)
        owner = self.workers[self.owner]
        owner.shard.apply([it for it in self.log.records if it.offset >= owner.shard.next_offset], self.log.end)
        for flush in flushes:
            finish(self.log.append(0, flush.items))
        former.shard.deactivate()
        former.flush = former.target = None
        if died:
            owner.shard.apply([it for it in self.log.records if it.offset >= owner.shard.next_offset], self.log.end)
            owner.shard.settle()
            self.crash(self.owner, wiped=False)
            owner = self.workers[self.owner]
        owner.restore(0, self.committed)

    @precondition(lambda self: self.workers[self.owner].shard.active and self.workers[self.owner].flush is None)
    @rule(source=st.sampled_from(SOURCES), more=st.integers(0, 3), evicted=st.integers(1, 3))
    def a_flush_is_broken_off_and_made_up_for(self, source: int, more: int, evicted: int) -> None:
        """Before anything was sent; the next one covers what it held, and perhaps more."""
        owner = self.workers[self.owner]
        self.fold(self.owner, source, 3)
        evict([owner.shard], 1 << 40, evicted)
        finish(owner.keyspace.encode(owner.keyspace.shards))
        evict([owner.shard], 1 << 40, evicted)
        if more:
            self.fold(self.owner, source, more)
        self.encode_of(owner)
        if owner.flush is not None:
            self.write_of(self.owner, "write")

    @precondition(lambda self: self.workers[self.owner].shard.active and self.workers[self.owner].flush is None)
    @rule(source=st.sampled_from(SOURCES))
    def a_rebalance_comes_in_the_middle_of_a_flush(self, source: int) -> None:
        self.fold(self.owner, source, 3)
        keyspace = self.workers[self.owner].keyspace
        flush = keyspace.encode(keyspace.shards)
        with suppress(StopIteration):
            flush.send(None)
            self.rebalance(same=True)
            assert finish(flush) == []

    def commit(self, offsets: dict[int, int]) -> None:
        self.committed = {source: max(offset, self.committed[source]) for source, offset in offsets.items()}

    # -- laws

    def lacks(self, key: bytes, state: Summed, base: Base) -> bool:
        """Tell whether exactly the events behind *base* and up to its offsets are in *state*."""
        numbers = [
            event.number
            for source in SOURCES
            for event in self.events[source][base[source] + 1 : state.offsets[source] + 1]
            if event.shopper.encode() == key
        ]
        return (state.n, state.total) == (len(numbers), sum(numbers))

    @invariant()
    def states_have_each_event_once(self) -> None:
        for worker in getattr(self, "workers", ()):
            for key, state in worker.shard.states.items():
                assert any(self.lacks(key, state, base) for base in self.log.bases[key])

    @invariant()
    def what_is_committed_is_in_the_changelog(self) -> None:
        if not hasattr(self, "log"):
            return
        states = {key: decode(state) for key, state in self.log.fold()[0].items()}
        for key, state in states.items():
            assert any(self.lacks(key, state, base) for base in self.log.allowed[key])
            assert state.n, "a state of which no event is known"
        for source, committed in self.committed.items():
            for offset, event in enumerate(self.events[source][:committed]):
                key = event.shopper.encode()
                left = self.log.bases[key][-1][source]
                assert offset <= left or states[key].offsets[source] >= offset

    def teardown(self) -> None:
        """Progress: each worker, and one with an empty disk, gets to the end; then the changelog may be compacted whole."""
        if not hasattr(self, "log"):
            return
        self.workers.append(Process(self.directory / "new", self.log))
        for who in (0, 1, 2):
            self.owner = who
            worker = self.workers[who]
            worker.begin()
            while worker.target is not None:
                worker.restore(100, self.committed)
            for source in SOURCES:
                worker.read[source] = self.committed[source]
                self.fold(who, source, len(self.events[source]))
            for flush in finish(worker.keyspace.encode(worker.keyspace.shards)):
                finish(worker.keyspace.write(flush))
            self.commit(worker.read)
            assert not worker.shard.unflushed
            assert not worker.shard._stale
            self.what_is_committed_is_in_the_changelog()
            assert self.log.fold()[1] == self.log.end
            self.log.compact(self.log.end)
            self.what_is_committed_is_in_the_changelog()
            kept = {key: decode(state) for key, state in self.log.fold()[0].items()}
            assert dict(worker.shard.stored()) == kept
            if who == 1:
                self.log.compact(self.log.end, self.log.end)
                self.workers[2].outdated = True
                assert {key: decode(state) for key, state in self.log.fold()[0].items()} == kept
        assert self.committed == {source: len(its) for source, its in self.events.items()}
        for worker in self.workers:
            worker.shard.close()
        shutil.rmtree(self.directory)


Partition.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestPartition = Partition.TestCase
