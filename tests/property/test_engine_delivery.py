"""Schedules of one worker against the cores of delivery and owed work, beside a model of what they must do."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agents.engine.delivery import Delivery, Entry, Load, Partition, Source
from agents.engine.owed import Item, OwedQueue, Place

SOURCES: list[Source] = [("clicks", 0), ("clicks", 1), ("searches", 0)]
UNCOMMITTED, WAITING = 14, Load(8, 60)
SIZES = st.sampled_from([1, 5, 5, 20])
"""Bytes of each record of a batch."""
OWED = Load(4, 20)
PLACES: list[Place] = [("ada", "home"), ("ada", "item"), ("bob", "home")]
READERS = 2
CALM = 6
PATIENCE = 8.0
WISHES = st.tuples(
    st.sampled_from(PLACES) | st.tuples(st.integers(0, 8).map(str), st.just("home")),
    st.sampled_from([0.0, 0.0, 5.0, 50.0]),
    st.sampled_from([True, True, False]),
    st.sampled_from([0, 1, 4, 9, 30]),
)
"""Place, linger, whether it may be shed, and its bytes."""


@dataclass(eq=False)
class Batch:
    """What the model knows of an entry."""

    entry: Entry
    partition: Partition
    first: int
    end: int
    records: list[int]
    to_start: int
    running: int = 0
    size: int = 0
    owed: int = 0
    """Items that hold it."""

    @property
    def unread(self) -> int:
        return self.to_start + self.running

    @property
    def done(self) -> bool:
        return not self.unread and not self.owed


@dataclass(eq=False)
class Wish:
    """What the model knows of a piece of owed work."""

    request: int
    sheddable: bool
    due: float
    since: int
    size: int
    holds: list[Batch] = field(default_factory=list)


class Worker(RuleBasedStateMachine):
    """One worker beside logs with gaps, and the offsets that its group has."""

    @initialize(data=st.data())
    def boot(self, data: st.DataObject) -> None:
        offsets = st.sets(st.integers(0, 80), min_size=1, max_size=50)
        self.log = {source: sorted(data.draw(offsets)) for source in SOURCES}
        self.ends = {source: self.log[source][-1] + data.draw(st.integers(1, 3)) for source in SOURCES}
        self.group = dict.fromkeys(SOURCES, 0)
        self.handled: dict[Source, set[int]] = {source: set() for source in SOURCES}
        """Offsets below the group's position for which everything was done in some life."""
        self.core = Delivery(UNCOMMITTED, WAITING)
        self.queue = OwedQueue(OWED, self.release, PATIENCE)
        self.superseded = 0
        self.told: dict[str, Load] = {}
        """What the readers of topics said last that they owe."""
        self.released: Counter[Entry] = Counter()
        self.now, self.clock, self.requests, self.shed = 100.0, 0, 0, 0
        self.age = 0
        """Steps since the last rebalance: an assignment has to live for a while to get somewhere."""
        self.draining = False
        self.partitions: dict[Source, Partition] = {}
        self.opened: dict[Source, int] = {}
        self.seen: dict[Source, list[int]] = {}
        self.read: dict[Source, int] = {}
        self.batches: list[Batch] = []
        """Of the partitions in force, in the order of delivery."""
        self.late: list[Batch] = []
        self.wishes: dict[Place, Wish] = {}
        self.flying: dict[Place, tuple[Item, Wish]] = {}
        self.gone: list[Item] = []
        self.assign(set(SOURCES))
        for source in SOURCES:
            self.open(source)

    def release(self, entry: Entry) -> None:
        entry.waits -= 1
        self.released[entry] += 1

    # -- assignments

    @precondition(lambda self: self.draining or self.age >= CALM)
    @rule(
        how=st.sampled_from(["again", "again", "drain", "assign", "revoke"]),
        sources=st.sets(st.sampled_from(SOURCES), min_size=1),
        now=st.booleans(),
    )
    def rebalance(self, how: str, sources: set[Source], now: bool) -> None:
        self.age = 0 if now else CALM - 1
        match how:
            case "assign":
                self.assign(sources)
            case "revoke":
                self.revoke()
            case "drain":
                self.core.drain()
                self.draining = True
            case "again":
                for source in sources:
                    self.restore_again(source)
        if now:
            for source in SOURCES:
                self.open(source)

    def assign(self, sources: set[Source]) -> None:
        self.forget(set(SOURCES))

        self.partitions = self.core.assign(sources)

        assert self.partitions.keys() == sources
        assert self.core.fetchable() == {}
        assert self.core.closed() == len(sources)
        self.draining = False
        self.told.clear()
        self.clear()

    def revoke(self) -> None:
        self.forget(set(SOURCES))

        self.core.revoke()

        self.draining = False
        self.clear()
        self.told.clear()
        assert self.core.positions() == {}

    def restore_again(self, source: Source) -> None:
        new = self.core.close(source)

        assert (new is not None) == (source in self.partitions)
        if new is not None:
            assert new is not self.partitions[source]
            self.forget({source})
            self.partitions[source] = new
            self.clear()

    def forget(self, sources: set[Source]) -> None:
        self.late = [it for it in self.batches if it.partition.source in sources] + self.late[:5]
        self.batches = [it for it in self.batches if it.partition.source not in sources]
        for source in sources:
            self.partitions.pop(source, None)
            self.opened.pop(source, None)
            self.read.pop(source, None)
            self.seen.pop(source, None)

    def clear(self) -> None:
        """Drop what only lost partitions wait for."""
        self.queue.clear(lambda entry: not self.core.owns(entry.partition))
        for place, wish in list(self.wishes.items()):
            wish.holds = [it for it in wish.holds if it in self.batches]
            if not wish.holds:
                del self.wishes[place]
        for place, (item, wish) in list(self.flying.items()):
            wish.holds = [it for it in wish.holds if it in self.batches]
            assert [it.entry for it in wish.holds] == item.entries
            if not wish.holds:
                del self.flying[place]
                self.gone.append(item)

    @precondition(lambda self: len(self.opened) < len(SOURCES))
    @rule(source=st.sampled_from(SOURCES))
    def open(self, source: Source) -> None:
        partition = self.partitions.get(source) or Partition(source)

        opened = self.core.open(partition, self.group[source])

        assert opened == (source in self.partitions and source not in self.opened)
        if opened:
            self.opened[source] = self.read[source] = self.group[source]
            self.seen[source] = []

    # -- records

    def unfinished(self, topic: str) -> Load:
        unread = [it for it in self.batches if it.partition.source[0] == topic and it.unread]
        return Load(sum(len(it.records) for it in unread), sum(it.size for it in unread))

    def crowded(self, topic: str) -> bool:
        queued, owed = self.unfinished(topic), self.told.get(topic, Load(0, 0))
        return queued.records + owed.records >= WAITING.records or queued.size + owed.size >= WAITING.size

    @rule(topic=st.sampled_from(sorted({topic for topic, _ in SOURCES})), none=st.booleans())
    def a_reader_tells_what_it_owes(self, topic: str, none: bool) -> None:
        self.told[topic] = Load(0, 0) if none else self.queue.kept

        self.core.owe(topic, self.told[topic])

    def uncommitted(self, topic: str) -> int:
        return sum(
            len(it.records)
            for it in self.batches
            if it.partition.source[0] == topic and it.end > self.group[it.partition.source]
        )

    @precondition(lambda self: self.read)
    @rule(data=st.data(), source=st.sampled_from(SOURCES), off=st.sampled_from([-3, -1, 1, 2]))
    def fetch(self, data: st.DataObject, source: Source, off: int) -> None:
        self.age += 1
        self.what_was_not_asked_for_is_refused(source, off)
        offsets = self.core.fetchable()
        expected = {
            source: read
            for source, read in self.read.items()
            if not self.draining and self.uncommitted(source[0]) < UNCOMMITTED and not self.crowded(source[0])
        }
        assert offsets == expected
        for place, at in offsets.items():
            count, readers, size = data.draw(st.integers(1, 5)), data.draw(st.integers(1, READERS)), data.draw(SIZES)
            self.deliver(place, at, count, readers, size)

    def deliver(self, source: Source, at: int, count: int, readers: int, size: int = 1) -> None:
        records = [offset for offset in self.log[source] if offset >= at][:count]
        if not records:
            end = self.ends[source]
            if end > at:
                self.core.skip(source, at, end)
                self.batches.append(Batch(self.partitions[source].entries[-1], self.partitions[source], at, end, [], 0))
                self.read[source] = end
            return
        end = records[-1] + 1
        size *= len(records)
        entry = self.core.deliver(source, at, end, len(records), readers, 0, size)
        assert entry is not None
        self.batches.append(Batch(entry, self.partitions[source], at, end, records, readers, size=size))
        self.seen[source] += records
        self.read[source] = end

    def what_was_not_asked_for_is_refused(self, source: Source, off: int) -> None:
        at = self.read.get(source, 0) + off
        before = self.core.positions(), self.core.fetchable(), +self.core.uncommitted

        refused = self.core.deliver(source, at, at + 5, 5, 1)
        self.core.skip(source, at, at + 5)
        if source in self.read:
            assert self.core.deliver(source, self.read[source], self.read[source], 0, 1) is None
            self.core.skip(source, self.read[source], self.read[source])

        assert refused is None
        assert before == (self.core.positions(), self.core.fetchable(), +self.core.uncommitted)

    @precondition(lambda self: self.draining or len(self.read) < len(SOURCES))
    @rule(source=st.sampled_from(SOURCES))
    def nothing_is_delivered_while_closed_or_draining(self, source: Source) -> None:
        if source not in self.read or self.draining:
            assert self.core.deliver(source, self.read.get(source, 0), 99, 1, 1) is None

    @precondition(lambda self: any(it.unread for it in self.batches))
    @rule(data=st.data(), most=st.booleans())
    def work(self, data: st.DataObject, most: bool) -> None:
        """Start some batches, owe something on behalf of some, finish some; in any order."""
        self.age += 1
        for _ in range(data.draw(st.integers(1, 10))):
            able = [it for it in self.batches if it.running or (it.to_start and not self.draining)]
            if not able:
                break
            batch = able[0] if most else data.draw(st.sampled_from(able))
            step = data.draw(st.sampled_from(["start", "owe", "owe", "stop"]))
            if not batch.running or (step == "start" and batch.to_start and not self.draining):
                self.start(batch)
            elif step == "owe":
                self.owe(batch, *data.draw(WISHES))
            else:
                self.stop(batch)
        for batch in self.batches:
            if self.draining and batch.to_start:
                assert not self.core.start(batch.entry)

    def start(self, batch: Batch) -> None:
        assert self.core.start(batch.entry)
        batch.to_start -= 1
        batch.running += 1

    def stop(self, batch: Batch) -> None:
        assert self.core.current(batch.entry)
        self.core.stop(batch.entry)
        batch.running -= 1

    @precondition(lambda self: self.late)
    @rule(data=st.data())
    def a_late_reader_changes_nothing(self, data: st.DataObject) -> None:
        batch = data.draw(st.sampled_from(self.late))
        before = self.counted()

        if batch.to_start:
            assert not self.core.start(batch.entry)
        if batch.running:
            assert not self.core.current(batch.entry)
            self.core.stop(batch.entry)
        self.core.committed(batch.partition, 99)
        assert not self.core.open(batch.partition, 0)

        assert before == self.counted()

    def counted(self) -> Any:
        core = self.core
        return core.running, +core.queued, +core.queued_bytes, +core.uncommitted, core.committable()

    # -- owed work

    def owe(self, batch: Batch, place: Place, linger: float, shed: bool, size: int) -> None:
        self.requests += 1

        self.queue.put(
            place, self.requests, batch.entry, now=self.now, since=self.requests, linger=linger, shed=shed, size=size
        )

        wish = self.wishes.get(place)
        if wish is None:
            wish = self.wishes[place] = Wish(self.requests, shed, self.now + linger, self.requests, size)
        else:
            self.superseded += 1
            self.wishes[place] = self.wishes.pop(place)
        wish.request, wish.size = self.requests, size
        wish.due = min(wish.due, self.now + linger)
        wish.sheddable = wish.sheddable and shed
        if not wish.holds or wish.holds[-1] is not batch:
            wish.holds.append(batch)
            batch.owed += 1
        if wish.sheddable:
            while True:
                sheddable = [place for place, it in self.wishes.items() if it.sheddable]
                if len(sheddable) <= OWED.records and sum(self.wishes[it].size for it in sheddable) <= OWED.size:
                    break
                self.drop(sheddable[0])

    def drop(self, place: Place) -> None:
        self.shed += 1
        for batch in self.wishes.pop(place).holds:
            batch.owed -= 1

    @precondition(lambda self: self.wishes)
    @rule(seconds=st.sampled_from([1.0, 5.0, 30.0]))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.wishes)
    @rule(count=st.integers(1, 4))
    def take(self, count: int) -> None:
        ready = {place for place, it in self.wishes.items() if it.due <= self.now and place not in self.flying}
        sheddable = [place for place, it in self.wishes.items() if it.sheddable]
        late = bool(sheddable) and self.now - self.wishes[sheddable[0]].due > PATIENCE
        newest = [place for place in reversed(sheddable) if place in ready][: count - count // 4] if late else []

        items = self.queue.take(count, self.now)

        assert len(items) == min(count, len(ready))
        assert len({item.place for item in items}) == len(items)
        assert [item.place for item in items][: len(newest)] == newest
        for item in items:
            assert item.place in ready
            wish = self.wishes.pop(item.place)
            assert (item.request, item.since) == (wish.request, wish.since)
            assert item.entries == [it.entry for it in wish.holds]
            self.flying[item.place] = item, wish
        left = [wish.due for place, wish in self.wishes.items() if place in ready]
        assert all(item.due <= min(left, default=item.due) for item in items[len(newest) :])

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), twice=st.booleans())
    def settle(self, data: st.DataObject, twice: bool) -> None:
        place = data.draw(st.sampled_from(sorted(self.flying)))
        item, wish = self.flying.pop(place)

        self.queue.settle(item)
        if twice:
            self.queue.settle(item)

        for batch in wish.holds:
            batch.owed -= 1
        self.gone.append(item)

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def a_late_settlement_changes_nothing(self, data: st.DataObject) -> None:
        before = self.released.total(), self.queue.flying

        self.queue.settle(data.draw(st.sampled_from(self.gone)))

        assert before == (self.released.total(), self.queue.flying)

    @precondition(lambda self: self.wishes)
    @rule(hurry=st.booleans())
    def the_queue_is_full_or_the_worker_stops(self, hurry: bool) -> None:
        if hurry:
            self.queue.hurry()
            for wish in self.wishes.values():
                wish.due = 0.0
        else:
            self.relieve()

    def relieve(self) -> None:
        sheddable = [place for place, it in self.wishes.items() if it.sheddable]

        self.queue.relieve()

        for place in sheddable[: (len(sheddable) + 1) // 2]:
            self.drop(place)

    # -- commits

    def prefix(self, source: Source) -> int:
        end = self.group[source]
        for batch in self.batches:
            if batch.partition.source == source and batch.end > end:
                if not batch.done:
                    break
                end = batch.end
        return end

    @precondition(lambda self: self.batches)
    @rule(fails=st.booleans(), some=st.booleans())
    def commit(self, fails: bool, some: bool) -> None:
        offsets = self.core.committable()
        expected = {s: end for s in self.opened if (end := self.prefix(s)) != self.group[s]}
        assert {partition.source: offset for partition, offset in offsets.items()} == expected
        if fails:
            return
        for partition, offset in list(offsets.items())[: 1 if some else None]:
            source = partition.source
            self.handled[source].update(
                o for it in self.batches if it.partition.source == source and it.done for o in it.records if o < offset
            )
            self.group[source] = offset
            self.core.committed(partition, offset)
            self.batches = [it for it in self.batches if it.partition.source != source or it.end > offset]
        assert some or self.core.committable() == {}

    # -- laws

    @invariant()
    def the_group_never_passes_what_is_not_done(self) -> None:
        for source, offset in getattr(self, "group", {}).items():
            assert {o for o in self.log[source] if o < offset} <= self.handled[source]

    @invariant()
    def delivery_is_in_order_without_holes(self) -> None:
        for source, seen in getattr(self, "seen", {}).items():
            expected = [o for o in self.log[source] if o >= self.opened[source]]
            assert seen == expected[: len(seen)]

    @invariant()
    def counters_match(self) -> None:
        if not hasattr(self, "core"):
            return
        assert self.core.running == sum(it.running for it in self.batches)
        for topic in {topic for topic, _ in SOURCES}:
            assert (self.core.queued[topic], self.core.queued_bytes[topic]) == self.unfinished(topic)
            assert self.core.uncommitted[topic] == self.uncommitted(topic)
        assert self.core.positions() == {source: self.committed(source) for source in self.partitions}
        assert self.core.closed() == len(self.partitions) - len(self.opened)
        fullest = max((self.uncommitted(topic) for topic, _ in SOURCES), default=0)
        assert self.core.due() == (2 * fullest >= UNCOMMITTED)

    def committed(self, source: Source) -> int | None:
        return self.group[source] if source in self.opened else None

    @invariant()
    def the_queue_matches(self) -> None:
        if not hasattr(self, "queue"):
            return
        assert len(self.queue) == len(self.wishes)
        assert self.queue.flying == len(self.flying)
        assert (self.queue.shed, self.queue.superseded) == (self.shed, self.superseded)
        held = [it for it in (*self.wishes.values(), *(wish for _, wish in self.flying.values())) if not it.sheddable]
        assert self.queue.kept == (len(held), sum(it.size for it in held))
        for batch in self.batches:
            assert batch.entry.waits == batch.unread + batch.owed
        ready = [it.due for it in self.wishes.values()]
        wait = self.queue.wait(self.now)
        if ready:
            assert wait is not None
            assert wait <= max(0.0, min(ready) - self.now)

    def teardown(self) -> None:
        """Progress: from any state a fresh assignment gets every partition to its end."""
        if not hasattr(self, "core"):
            return
        self.assign(set(SOURCES))
        for source in SOURCES:
            self.open(source)
        for _ in range(200):
            for source, at in self.core.fetchable().items():
                self.deliver(source, at, 5, 1)
            for batch in self.batches:
                if batch.to_start:
                    assert self.core.start(batch.entry)
                    self.core.stop(batch.entry)
                    batch.to_start = 0
            self.commit(fails=False, some=False)
        assert self.group == self.ends
        assert not +self.core.uncommitted
        assert not +self.core.queued
        assert not self.core.running


Worker.TestCase.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestWorker = Worker.TestCase
