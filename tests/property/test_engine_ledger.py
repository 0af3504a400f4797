"""Facts of workers that crash, freeze and come late: who hears them folds each once, whatever becomes of himself."""

import shutil
import tempfile
from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from prometheus_client import CollectorRegistry

from agents import headers as wire
from agents.engine.context import Batch, Context
from agents.engine.database import Memory
from agents.engine.delivery import Delivery, Load
from agents.engine.errors import FencedError
from agents.engine.folding import FolderRunner
from agents.engine.keyspace import Keyspace
from agents.engine.outbox import Outbox
from agents.engine.states import evict
from agents.engine.store import Flush, Shard
from agents.metrics import Metrics
from agents.processor import Effects, Folder, Input, Origin, State
from tests.engine_worker import PAIRS, Tick
from tests.property.test_engine_partition import Log, finish

KEYS = ("i0", "i1", "i2")
SOURCES = (("clicks.v1", 0), ("clicks.v1", 1), ("searches.v1", 0))
MEMORY = Memory(4 << 20)


class Heard(State, array_like=True):
    """Which facts were folded."""

    numbers: list[int] = []


class Hearing(Folder):
    """Notes what it is told."""

    name = "hearing"
    state = Heard
    inputs = (Input(PAIRS, key=lambda it: it.shopper),)

    def fold(self, state: Heard, event: Tick, origin: Origin) -> Effects:
        del origin
        state.numbers.append(event.number)
        return Effects()


class Teller:
    """One life of a worker that reads a source from *start* on and tells what it reads, in a lane to the hearer."""

    def __init__(self, source: tuple[str, int], start: int) -> None:
        self.source = source
        self.read = start
        self.lane: deque[tuple[int, int]] = deque()
        """Offset and number of the facts that are not sent yet."""

    def acked(self) -> int:
        """Return up to where all facts are sent."""
        return self.lane[0][0] if self.lane else self.read


class Hearer:
    """One life of who hears them."""

    def __init__(self, directory: Path, log: Log) -> None:
        self.delivery = Delivery(10**6, Load(10**6, 10**9))
        context = Context(
            delivery=self.delivery,
            outbox=cast("Outbox", None),
            metrics=Metrics(CollectorRegistry()),
            prefix="",
            partitions={PAIRS.name: 1, "rekey.shoppers.v1": 1, "rekey.items.v1": 1},
            group="g",
            changed=lambda: None,
            fail=cast("Any", None),
        )
        self.keyspace = Keyspace(Hearing(), log, directory, MEMORY)
        self.runner = FolderRunner(self.keyspace.folder, self.keyspace, context, 100)
        self.shard = Shard(0, directory / "hearing-0.db", MEMORY, self.keyspace.kept, self.keyspace._decode)
        self.keyspace.shards[0] = self.shard
        self.log = log
        self.read = 0
        self.flush: tuple[Flush, int] | None = None

    def begin(self, committed: int) -> None:
        """Restore, take over, and read from *committed* on."""
        self.flush = None
        self.shard.deactivate()
        end: int | None = self.log.end
        while end is not None:
            self.shard.apply([it for it in self.log.records if it.offset >= self.shard.next_offset], end)
            end = finish(self.keyspace.activate(self.shard))
        self.delivery.open(self.delivery.assign([(PAIRS.name, 0)])[PAIRS.name, 0], committed)
        self.read = committed

    def fold(self, records: list[Any]) -> None:
        entry = self.delivery.deliver((PAIRS.name, 0), self.read, self.read + len(records), len(records), 1)
        assert entry is not None
        assert self.delivery.start(entry)
        finish(self.runner.handle(Batch(PAIRS.name, 0, records, entry)))
        self.delivery.stop(entry)
        self.read += len(records)


class Telling(RuleBasedStateMachine):
    """Sources with their committed offsets, tellers of whom the last one of a source is its owner, one hearer."""

    @initialize()
    def boot(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.events: dict[tuple[str, int], list[list[tuple[str, int]]]] = {source: [] for source in SOURCES}
        """The facts of each event, as key and number."""
        self.number = 0
        self.committed = dict.fromkeys(SOURCES, 0)
        self.tellers = [Teller(source, 0) for source in SOURCES]
        self.owners = dict(zip(SOURCES, self.tellers, strict=True))
        self.told: list[Any] = []
        """The topic of facts."""
        self.changelog = Log()
        self.done = 0
        """The hearer's committed offset."""
        self.hearer = Hearer(self.directory / "a", self.changelog)
        self.hearer.begin(0)

    # -- who tells

    @rule(source=st.sampled_from(SOURCES), facts=st.lists(st.lists(st.sampled_from(KEYS), max_size=2), max_size=6))
    def happen(self, source: tuple[str, int], facts: list[list[str]]) -> None:
        for keys in facts:
            self.events[source].append([(key, self.number + n) for n, key in enumerate(keys)])
            self.number += len(keys)

    @rule(data=st.data(), count=st.integers(1, 9), sent=st.integers(0, 12))
    def tell(self, data: st.DataObject, count: int, sent: int) -> None:
        """A teller reads on, and some of what it has to tell leaves; one that is no owner any more does so too."""
        teller = data.draw(st.sampled_from(self.tellers))
        for offset in range(teller.read, min(teller.read + count, len(self.events[teller.source]))):
            teller.lane.extend((offset, n) for n in range(len(self.events[teller.source][offset])))
            teller.read = offset + 1
        for _ in range(min(sent, len(teller.lane))):
            offset, n = teller.lane.popleft()
            key, number = self.events[teller.source][offset][n]
            headers = [
                (wire.SOURCE, b"%s/%d/%d/%d" % (teller.source[0].encode(), teller.source[1], offset, n)),
                ("ce_id", b"%d" % number),
            ]
            value = msgspec.json.encode(Tick(shopper=key, number=number))
            self.told.append(
                SimpleNamespace(key=key.encode(), value=value, headers=headers, timestamp=0, offset=len(self.told))
            )

    @rule(source=st.sampled_from(SOURCES))
    def commit(self, source: tuple[str, int]) -> None:
        """Only an owner's commit is taken, of what is acknowledged."""
        self.committed[source] = max(self.committed[source], self.owners[source].acked())

    @rule(source=st.sampled_from(SOURCES), dead=st.booleans())
    def take_over(self, source: tuple[str, int], dead: bool) -> None:
        """Another worker owns the source; the former one is dead, or does not know it yet."""
        if dead:
            self.tellers.remove(self.owners[source])
        self.owners[source] = Teller(source, self.committed[source])
        self.tellers.append(self.owners[source])

    # -- who hears

    @precondition(lambda self: self.hearer.read < len(self.told))
    @rule(count=st.integers(1, 20))
    def hear(self, count: int) -> None:
        self.hearer.fold(self.told[self.hearer.read : self.hearer.read + count])

    @rule(count=st.integers(0, 2))
    def evict(self, count: int) -> None:
        evict([self.hearer.shard], 1 << 40, count)

    @precondition(lambda self: self.hearer.flush is None)
    @rule()
    def encode(self) -> None:
        read = self.hearer.read
        flushes = finish(self.hearer.keyspace.encode(self.hearer.keyspace.shards))
        if flushes:
            self.hearer.flush = flushes[0], read
        else:
            self.done = max(self.done, read)

    @precondition(lambda self: self.hearer.flush)
    @rule(how=st.sampled_from(["write", "write", "write", "cancelled", "crash before the ledger", "crash when sent"]))
    def write(self, how: str) -> None:
        assert self.hearer.flush is not None
        (flush, read), self.hearer.flush = self.hearer.flush, None
        if how == "write":
            try:
                finish(self.hearer.keyspace.write(flush))
            except FencedError:
                self.hearer.begin(self.done)
            else:
                self.done = read
        elif how != "cancelled":
            if flush.items:
                finish(self.changelog.append(0, flush.items))
            if how == "crash when sent" and flush.ledger is not None:
                finish(self.changelog.append(0, [(b"\xff__ledger", flush.ledger)]))
            self.crash(wiped=False)

    @rule(wiped=st.booleans())
    def crash(self, wiped: bool) -> None:
        self.hearer.shard.close()
        if wiped:
            shutil.rmtree(self.directory / "a")
        self.hearer = Hearer(self.directory / "a", self.changelog)
        self.hearer.begin(self.done)

    @rule(epoch=st.integers(1, 3))
    def a_former_hearer_writes_what_it_heard(self, epoch: int) -> None:
        if epoch < self.hearer.shard.epoch:
            stale = epoch.to_bytes(4, "big") + msgspec.msgpack.encode([{1: {b"clicks.v1/0": (10**9, 0)}}])
            finish(self.changelog.append(0, [(b"\xff__ledger", stale)]))

    @rule()
    def compact(self) -> None:
        self.changelog.compact(self.changelog.fold()[1])

    # -- laws

    @invariant()
    def each_fact_is_folded_once(self) -> None:
        for key, state in getattr(
            self, "hearer", SimpleNamespace(shard=SimpleNamespace(states={}))
        ).shard.states.items():
            told = [
                msgspec.json.decode(it.value)["number"] for it in self.told[: state.offsets[1] + 1] if it.key == key
            ]
            assert state.numbers == list(dict.fromkeys(told))

    def teardown(self) -> None:
        """Progress: all is told by the owners and heard, also by one with an empty disk."""
        if not hasattr(self, "hearer"):
            return
        data: Any = SimpleNamespace(draw=lambda _: self.tellers[0])
        for owner in self.owners.values():
            self.tellers = [owner]
            self.tell(data, 10**6, 10**6)
        for _ in range(2):
            if self.hearer.read < len(self.told):
                self.hearer.fold(self.told[self.hearer.read :])
            for flush in finish(self.hearer.keyspace.encode(self.hearer.keyspace.shards)):
                try:
                    finish(self.hearer.keyspace.write(flush))
                except FencedError:
                    self.hearer.begin(self.done)
        self.crash(wiped=True)
        if self.hearer.read < len(self.told):
            self.hearer.fold(self.told[self.hearer.read :])
        found = {number for key in KEYS for number in self.hearer.shard.states[key.encode()].numbers}
        assert found == set(range(self.number))
        self.each_fact_is_folded_once()
        self.hearer.shard.close()
        shutil.rmtree(self.directory)


Telling.TestCase.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)
TestTelling = Telling.TestCase
