"""The way out: in order, together, acknowledged or nothing."""

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError
from aiokafka.producer.message_accumulator import BatchBuilder

from agents.engine.errors import UndeliverableError
from agents.engine.outbox import Outbox


class Producer:
    """Takes batches, and acknowledges when it is told to."""

    def __init__(self, size: int = 1 << 20) -> None:
        self.sent: list[tuple[str, int, int]] = []
        """Topic, partition and number of records of each batch."""
        self.acks: list[asyncio.Future[None]] = []
        self._size = size

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(self._size, 0)

    async def send_batch(self, builder: Any, topic: str, *, partition: int) -> "asyncio.Future[None]":
        self.sent.append((topic, partition, builder.record_count()))
        ack: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.acks.append(ack)
        return ack


class World:
    """An outbox, and what it told."""

    def __init__(self, producer: Producer, limit: int = 1 << 20) -> None:
        self.producer = producer
        self.failures: list[BaseException] = []
        self.counted: list[tuple[str, int]] = []
        self.settled: list[str] = []
        self.outbox = Outbox(count=lambda topic, n: self.counted.append((topic, n)), fail=self._fail, limit=limit)
        self.outbox.start(producer)

    async def _fail(self, error: BaseException) -> None:
        self.failures.append(error)

    def put(self, name: str, partition: int = 0, value: bytes = b"v") -> None:
        self.outbox.put("t", partition, b"k", value, [("h", b"x")], lambda: self.settled.append(name))


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_comes_while_a_batch_is_on_its_way_leaves_together() -> None:
    world = World(Producer())
    world.put("a")
    await turns()
    for name in "bcd":
        world.put(name)
    await turns()

    world.producer.acks[0].set_result(None)
    await turns()

    assert world.producer.sent == [("t", 0, 1), ("t", 0, 3)]
    assert world.settled == ["a"]
    assert world.counted == [("t", 1)]


async def test_partitions_do_not_wait_for_one_another() -> None:
    world = World(Producer())
    world.put("a", 0)
    world.put("b", 1)
    await turns()

    world.producer.acks[1].set_result(None)
    await turns()

    assert world.settled == ["b"]


async def test_drained_waits_for_what_was_put_before_and_not_for_more() -> None:
    world = World(Producer())
    world.put("a")
    await turns()
    world.put("b")
    waiting = asyncio.ensure_future(world.outbox.drained())
    await turns()
    world.put("c")

    world.producer.acks[0].set_result(None)
    await turns()
    assert not waiting.done()
    world.producer.acks[1].set_result(None)
    await turns()

    assert waiting.done()
    assert world.settled == ["a", "b"]
    assert world.producer.sent == [("t", 0, 1), ("t", 0, 1), ("t", 0, 1)]


async def test_a_failure_stops_the_worker_and_settles_nothing() -> None:
    world = World(Producer())
    world.put("a")
    await turns()
    waiting = asyncio.ensure_future(world.outbox.drained())
    await turns()

    world.producer.acks[0].set_exception(KafkaTimeoutError())
    await turns()

    with pytest.raises(UndeliverableError):
        await waiting
    with pytest.raises(UndeliverableError):
        await world.outbox.drained()
    assert world.settled == []
    assert len(world.failures) == 1


async def test_a_full_batch_is_followed_by_another() -> None:
    world = World(Producer(512 << 10))
    for name in "abc":
        world.put(name, value=b"x" * 300_000)
    await turns()

    assert world.producer.sent == [("t", 0, 1)]
    world.producer.acks[0].set_result(None)
    await turns()
    assert world.producer.sent == [("t", 0, 1), ("t", 0, 1)]


async def test_after_a_stop_nobody_waits() -> None:
    world = World(Producer())
    world.put("a")
    await turns()
    waiting = asyncio.ensure_future(world.outbox.drained())
    await turns()

    await world.outbox.stop()

    with pytest.raises(UndeliverableError):
        await waiting


async def test_there_is_room_again_when_a_slow_broker_has_taken_what_waits() -> None:
    world = World(Producer(), limit=2_000)
    world.put("a", 0, value=b"x" * 1_000)
    assert world.outbox.room.is_set()
    world.put("b", 1, value=b"x" * 1_000)
    await turns()
    assert not world.outbox.room.is_set()

    world.producer.acks[1].set_result(None)
    await turns()

    assert world.outbox.room.is_set()
    assert world.settled == ["b"]


async def test_nobody_waits_for_room_that_never_comes() -> None:
    world = World(Producer(), limit=1)
    world.put("a")
    await turns()
    waiting = asyncio.ensure_future(world.outbox.room.wait())

    world.producer.acks[0].set_exception(KafkaTimeoutError())
    await turns()

    assert waiting.done()
