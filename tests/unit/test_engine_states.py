"""States in memory: which make room, and how much they take."""

import asyncio
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from agents.engine.changelog import Changelog, Stretch
from agents.engine.database import Memory
from agents.engine.footprint import footprint
from agents.engine.keyspace import Keyspace
from agents.engine.states import ENTRY, States, Usage, evict, relieve
from agents.engine.store import Shard
from agents.items.state import Item
from agents.shoppers.profile import Opined, Profile, Searched, Touched
from tests.engine_worker import Sums


class Partition:
    """States that are found in no store; those of *kept* are not flushed."""

    def __init__(self, usage: Usage) -> None:
        self.states = States(lambda _: (object(), 0), usage)
        self.kept: set[bytes] = set()

    def evict(self, key: bytes) -> bool:
        if key in self.kept:
            return False
        self.states.drop(key)
        return True


def use(usage: Usage, partition: Partition, *keys: str, size: int = 100) -> None:
    """Let *keys* be folded and flushed, *size* bytes each."""
    usage.now += 1
    for key in keys:
        assert partition.states[key.encode()]
        partition.states.used(key.encode(), size)


def names(partition: Partition) -> str:
    return "".join(sorted(key.decode() for key in partition.states))


def test_the_state_used_longest_ago_goes_first_whatever_partition_it_is_in() -> None:
    usage = Usage()
    one, two = Partition(usage), Partition(usage)
    use(usage, one, "a", "b")
    use(usage, two, "c")
    use(usage, one, "a")

    gone = []
    for _ in range(3):
        evict([one, two], 1, 10)
        gone.append((names(one), names(two)))

    assert gone == [("a", "c"), ("a", ""), ("", "")]


def test_a_state_that_was_only_read_counts_as_used() -> None:
    usage = Usage()
    one = Partition(usage)
    use(usage, one, "a")
    usage.now += 1
    assert one.states[b"b"]

    evict([one], 1, 10)

    assert names(one) == "b"


def test_what_is_not_flushed_stays_and_is_looked_at_last_from_then_on() -> None:
    usage = Usage()
    one = Partition(usage)
    use(usage, one, "a")
    use(usage, one, "b", "c")
    one.kept = {b"a"}

    assert evict([one], 1, 1) == 1
    assert names(one) == "abc"
    evict([one], 1, 1)
    evict([one], 1, 1)

    assert names(one) == "a"


def test_bytes_are_those_of_the_states_that_are_there() -> None:
    usage = Usage()
    one = Partition(usage)
    use(usage, one, "a", "b", size=100)
    use(usage, one, "b", size=300)

    assert one.states.bytes == 400
    one.states.drop(b"a")
    one.states.drop(b"a")
    assert one.states.bytes == 300
    assert one.states.resident == int(300 * usage.ratio) + ENTRY


async def test_room_is_made_until_all_partitions_together_fit() -> None:
    usage = Usage()
    partitions = [Partition(usage) for _ in range(3)]
    for number in range(3_000):
        use(usage, partitions[number % 3], f"{number:04d} ")
    memory = sum(it.states.resident for it in partitions) // 2

    await relieve(partitions, memory)

    assert memory * 0.9 < sum(it.states.resident for it in partitions) <= memory
    left = sorted(key for it in partitions for key in it.states)
    assert left == [f"{number:04d} ".encode() for number in range(3_000 - len(left), 3_000)]


async def test_making_room_ends_when_nothing_can_go() -> None:
    usage = Usage()
    one = Partition(usage)
    use(usage, one, "a", "b")
    one.kept = {b"a", b"b"}

    await relieve([one], 1)

    assert names(one) == "ab"


async def test_making_room_lets_others_run() -> None:
    usage = Usage()
    one = Partition(usage)
    use(usage, one, *map(str, range(5_000)))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(count())
    await relieve([one], 0)
    other.cancel()

    assert not one.states
    assert turns >= 5


@pytest.mark.parametrize(
    "make",
    [
        lambda n: Profile(
            offsets=[10**6 + n] * 7,
            newest=10**12 + n,
            touches=[Touched(10**12 + n + it, 10**14 + n + it, f"item-{n}-{it}", it % 4) for it in range(64)],
            queries=[Searched(10**12 + n + it, 10**14 + n + it, f"what {n} {it} asks for") for it in range(8)],
            opinions={f"item-{n}-{it}": Opined(10**12 + n + it, 700 + it, ((f"aspect {n}", 900),)) for it in range(8)},
        ),
        lambda n: Item(offsets=[10**6 + n] * 4, item=f"item-{n}", at=10**12 + n, views=10**4 + n),
        lambda n: Profile(offsets=list(range(10**6 + n, 10**6 + n + 7)), newest=10**12 + n),
    ],
    ids=["busy profile", "item", "empty profile"],
)
def test_a_footprint_is_about_what_python_takes(make: Any) -> None:
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    states = [make(n) for n in range(1_000)]  # many: other tests leave threads that allocate, too
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    assert sum(map(footprint, states)) == pytest.approx(taken, rel=0.25)


class Log(Changelog):
    """A changelog partition that takes all."""

    end = 0

    async def append(self, partition: int, items: Any, last: Any = None) -> Stretch:
        assert last is None
        del partition
        first, self.end = self.end, self.end + len(items)
        return Stretch(first, self.end)


async def test_a_state_that_made_room_is_read_again_as_it_was_flushed(tmp_path: Path) -> None:
    keyspace = Keyspace(Sums(), Log("c"), tmp_path, Memory(4 << 20))
    [shard] = await keyspace.assign([0])
    await keyspace.activate(shard)
    for number in range(50):
        shard.states[b"%d" % number].total = number
        shard.dirty.add(b"%d" % number)
    for flush in await keyspace.encode(keyspace.shards):
        await keyspace.write(flush)
    shard.states[b"7"].total = 700
    shard.dirty.add(b"7")

    await relieve(keyspace.active(), 0)

    assert set(shard.states) == {b"7"}
    assert [shard.states[b"%d" % number].total for number in (3, 7)] == [3, 700]
    assert keyspace.usage.take() == (51, 49)
    assert keyspace.usage.take() == (0, 0)
    keyspace.close()


async def test_nothing_makes_room_while_it_is_on_its_way(tmp_path: Path) -> None:
    keyspace = Keyspace(Sums(), Log("c"), tmp_path, Memory(4 << 20))
    [shard] = await keyspace.assign([0])
    await keyspace.activate(shard)
    shard.dirty.add(b"a")
    shard.states[b"a"].total = 1
    [flush] = await keyspace.encode(keyspace.shards)

    await relieve(keyspace.active(), 0)

    assert shard.states[b"a"].total == 1
    assert keyspace.usage.evicted == 0
    await keyspace.write(flush)
    await relieve(keyspace.active(), 0)
    assert keyspace.usage.evicted == 1
    keyspace.close()


def test_samples_tell_how_much_memory_a_state_takes() -> None:
    usage = Usage()
    for _ in range(100):
        usage.sample(["x" * 1_000], 1_000)

    assert usage.ratio == pytest.approx(footprint(["x" * 1_000]) / 1_000, rel=0.1)


def test_a_partition_that_was_taken_away_finds_nothing(tmp_path: Path) -> None:
    keyspace = Keyspace(Sums(), Log("c"), tmp_path, Memory(4 << 20))
    shard = Shard(0, tmp_path / "sums-0.db", Memory(4 << 20), keyspace.kept, keyspace._decode)

    with pytest.raises(KeyError):
        shard.states[b"a"]
    shard.close()
