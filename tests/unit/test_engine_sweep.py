"""States of no use leave, when nobody can miss them."""

from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from prometheus_client import CollectorRegistry

from agents.engine.changelog import Changelog, Stretch
from agents.engine.context import Context
from agents.engine.database import Memory
from agents.engine.delivery import Delivery, Load
from agents.engine.folding import FolderRunner
from agents.engine.formats import Tombstone
from agents.engine.keyspace import Keyspace
from agents.engine.outbox import Outbox
from agents.engine.sweep import BITE, Sweep
from agents.metrics import Metrics
from agents.processor import Life, Output
from tests.engine_worker import LISTS, NOON, Summed, Sums

SPAN = 1_000
NOW = 1_000_000


class Mortal(Sums):
    """Sums that end some time after the newest event, whose time is their total; those of n = 0 never do."""

    def life(self, state: Summed) -> Life:
        return Life(state.total, state.total + SPAN if state.n else None)

    def farewell(self, state: Summed, epoch: int) -> list[Output]:
        return [Output(LISTS, state.shopper, None, f"{state.shopper}/{epoch}", NOON)]


class Log(Changelog):
    """A changelog that keeps what it gets."""

    def __init__(self) -> None:
        super().__init__("c")
        self.items: list[tuple[bytes, bytes]] = []

    async def append(self, partition: int, items: Any, last: Any = None) -> Stretch:
        assert last is None
        del partition
        first = len(self.items)
        self.items += items
        return Stretch(first, len(self.items))

    def left(self) -> list[bytes]:
        return [key for key, value in self.items if type(value) is Tombstone]


class Sent(Outbox):
    """Keeps what it is to send."""

    def __init__(self) -> None:
        super().__init__(count=lambda *_: None, fail=cast("Any", None))
        self.keys: list[bytes | None] = []

    def put(self, topic: str, partition: int, key: bytes | None, *rest: Any) -> None:
        del topic, partition, rest
        self.keys.append(key)


class World:
    """One open partition."""

    folder: ClassVar[type[Sums]] = Mortal

    def __init__(self, directory: Path, log: Log | None = None) -> None:
        self.log, self.sent, self.delivery = log or Log(), Sent(), Delivery(10_000, Load(10_000, 1 << 20))
        self.metrics = Metrics(CollectorRegistry())
        names = ("clicks.v1", "searches.v1", "rekey.shoppers.v1", "recommendations.v1")
        context = Context(
            delivery=self.delivery, outbox=self.sent, metrics=self.metrics, prefix="", partitions=dict.fromkeys(names, 1),
            group="g", changed=lambda: None, fail=cast("Any", None),
        )  # fmt: skip
        self.keyspace = Keyspace(self.folder(), self.log, directory, Memory(4 << 20))
        runner = FolderRunner(self.keyspace.folder, self.keyspace, context, 10)
        for partition in self.delivery.assign([(topic.name, 0) for topic in runner.topics]).values():
            self.delivery.open(partition, 10)
        self.sweep = Sweep(runner, witnesses=1)

    async def opened(self, **totals: int) -> "World":
        [self.shard] = await self.keyspace.assign([0])
        await self.keyspace.activate(self.shard)
        for key, total in totals.items():
            self.fold(key, total)
        await self.flush()
        await self.relax()
        return self

    def fold(self, key: str, total: int, offset: int = 9) -> None:
        state = self.shard.states[key.encode()]
        state.shopper, state.total, state.n, state.revision = key, total, 1, state.revision + 1
        state.offsets[1] = offset
        self.shard.dirty.add(key.encode())

    async def flush(self) -> None:
        for flush in await self.keyspace.encode(self.keyspace.shards):
            await self.keyspace.write(flush)

    async def relax(self) -> None:
        """Let time go by in which nothing is used."""
        self.keyspace.usage.now += 70

    async def swept(self, times: int = 2, now: int = NOW) -> list[bytes]:
        for _ in range(times):
            self.sweep.step(now)
        await self.flush()
        return self.log.left()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_state_leaves_when_others_have_gone_on_for_its_span(world: World) -> None:
    await world.opened(ada=100, bob=100 + SPAN, cem=101 + SPAN)

    assert await world.swept() == [b"ada"]
    assert world.sent.keys == [b"ada"]
    assert world.metrics.state_left.labels("sums")._value.get() == 1
    assert sorted(dict(world.shard.stored())) == [b"bob", b"cem"]
    assert await world.swept() == [b"ada"]


async def test_one_event_from_the_future_lets_nothing_leave(world: World) -> None:
    await world.opened(ada=NOW - 10, bob=10 * NOW)

    assert await world.swept() == []
    assert await world.swept(now=NOW + SPAN) == [b"ada"]


async def test_as_many_states_as_must_witness_it_say_how_far_events_have_come(world: World) -> None:
    await world.opened(ada=100, bob=NOW - 10, cem=101 + SPAN)
    world.sweep._witnesses = 2

    assert await world.swept(3) == [b"ada"]
    assert world.shard.newest == 101 + SPAN


async def test_a_state_that_knows_of_events_that_may_come_again_stays(world: World) -> None:
    await world.opened(bob=5 * SPAN)
    world.fold("ada", 100, offset=10)
    await world.flush()
    await world.relax()

    assert await world.swept() == []
    clicks = world.delivery.find(("clicks.v1", 0))
    assert clicks is not None
    clicks.committed = 11
    assert await world.swept() == [b"ada"]


async def test_nothing_leaves_while_a_source_is_not_open(world: World) -> None:
    await world.opened(ada=100, bob=5 * SPAN)
    world.delivery.close(("searches.v1", 0))

    assert await world.swept() == []


async def test_what_was_used_lately_or_is_being_changed_stays(world: World) -> None:
    await world.opened(ada=100, bob=5 * SPAN, cem=100)
    assert world.shard.states[b"ada"].total == 100
    world.shard.states.spare(b"ada")
    world.fold("cem", 100)

    assert await world.swept() == []
    await world.relax()
    assert sorted(await world.swept()) == [b"ada", b"cem"]


async def test_a_state_without_an_end_stays(world: World) -> None:
    await world.opened(bob=5 * SPAN)
    world.shard.states[b"ada"].total = 100
    world.shard.dirty.add(b"ada")
    await world.flush()
    await world.relax()

    assert await world.swept() == []


async def test_a_round_goes_on_where_it_stopped_whoever_goes_on_with_it(world: World, tmp_path: Path) -> None:
    await world.opened(**{f"s{number:04d}": 100 for number in range(2 * BITE)}, z=5 * SPAN)
    assert await world.swept(3) == []  # the newest event is met last
    assert len(await world.swept(1)) == BITE
    world.keyspace.close()

    again = World(tmp_path, world.log)
    await again.opened()
    await again.swept(1)

    assert sorted(world.log.left()) == [b"s%04d" % number for number in range(2 * BITE)]
    again.keyspace.close()


async def test_processors_without_an_end_are_not_looked_at(tmp_path: Path) -> None:
    class Lasting(World):
        folder = Sums

    world = await Lasting(tmp_path).opened(ada=100, bob=5 * SPAN)

    assert await world.swept() == []
