"""What the engine takes for granted of Faust and aiokafka, beyond what they promise: an upgrade that changes it fails here."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiokafka.consumer.consumer
import aiokafka.consumer.fetcher
import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import OffsetOutOfRangeError
from faust.transport.drivers import aiokafka as driver
from mode.services import ServiceTask
from mode.utils.queues import ThrowableQueue

from agents.engine import private
from agents.engine.channels import BatchTopic
from agents.engine.membership import Coordinator

Embedded = Callable[[Mapping[str, int]], str]
PLACE = TopicPartition("a", 0)


@asynccontextmanager
async def consuming(servers: str, reset: str = "none") -> AsyncIterator[Any]:
    """Give a consumer as the engine's group has it, with ten records to read."""
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await producer.start()
    for number in range(10):
        await producer.send_and_wait("a", str(number).encode(), key=b"k", headers=[("h", b"x")], partition=0)
    await producer.stop()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers, group_id="g", auto_offset_reset=reset, enable_auto_commit=False
    )
    private.configure(consumer, 7)
    await consumer.start()
    consumer.assign([PLACE])
    try:
        yield consumer
    finally:
        await consumer.stop()


def test_the_installed_versions_are_the_known_ones() -> None:
    assert private.versions() == private.PINNED


@pytest.mark.parametrize("name", private.OVERRIDDEN)
def test_fausts_consumer_has_what_is_overridden_or_called(name: str) -> None:
    assert asyncio.iscoroutinefunction(getattr(driver.Consumer, name)) == (name != "_new_consumer_thread")


@pytest.mark.parametrize("name", private.OVERRIDDEN_TASKS)
def test_fausts_consumer_runs_the_tasks_that_are_overridden(name: str) -> None:
    assert isinstance(getattr(driver.Consumer, name), ServiceTask)


@pytest.mark.parametrize("name", private.OVERRIDDEN_THREAD)
def test_fausts_thread_has_what_is_overridden_or_called(name: str) -> None:
    assert callable(getattr(driver.AIOKafkaConsumerThread, name))


@pytest.mark.parametrize("name", private.OVERRIDDEN_COORDINATOR)
def test_aiokafkas_coordinator_has_what_is_overridden_or_called(name: str) -> None:
    assert callable(getattr(GroupCoordinator, name))


@pytest.mark.parametrize("name", private.OVERRIDDEN_FETCHER)
def test_aiokafkas_fetcher_has_what_is_overridden_or_called(name: str) -> None:
    assert asyncio.iscoroutinefunction(getattr(Fetcher, name)) == (name != "_get_actions_per_node")


async def test_a_group_consumer_has_our_coordinator_and_tells_when_it_is_fenced(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aiokafka.consumer.consumer, "GroupCoordinator", GroupCoordinator)
    private.use_coordinator()
    consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=embedded({"a": 1}), group_id="g", group_instance_id="i")
    await consumer.start()
    heard: list[str] = []
    private.when_fenced(consumer, lambda: heard.append("fenced"))
    coordinator = consumer._coordinator
    try:
        assert isinstance(coordinator, Coordinator)
        assert coordinator._group_instance_id == "i"
        assert coordinator.fenced is not None
        coordinator.fenced()
        assert heard == ["fenced"]
    finally:
        await consumer.stop()


def test_a_channel_keeps_its_queue_where_ours_is_put() -> None:
    topic = BatchTopic(faust.App("x", broker="kafka://127.0.0.1:1"), topics=["a"])
    assert topic._queue is None

    queue = topic.queue

    assert isinstance(queue, ThrowableQueue)
    assert topic._queue is queue is topic.queue


async def test_a_consumer_is_configured_before_it_starts(embedded: Embedded) -> None:
    async with consuming(embedded({"a": 1})) as consumer:
        fetcher = consumer._fetcher

        assert fetcher._fetch_max_wait_ms == 7
        assert fetcher._isolation_level == aiokafka.consumer.fetcher.READ_COMMITTED


async def test_a_position_is_known_from_the_seek_on(embedded: Embedded) -> None:
    async with consuming(embedded({"a": 1})) as consumer:
        state = private.states(consumer)[PLACE]
        assert not state.has_valid_position

        consumer.seek(PLACE, 3)

        assert state.has_valid_position
        assert state.position == await consumer.position(PLACE) == 3
        await consumer.getmany(PLACE, timeout_ms=5_000)
        assert state.position == await consumer.position(PLACE) > 3
        assert state.highwater == 10
        assert private.states(consumer)["a", 0] is state


async def test_nothing_is_known_while_nothing_is_assigned(embedded: Embedded) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=embedded({"a": 1}), group_id="g")
    try:
        assert private.states(consumer) == {}
    finally:
        await consumer.stop()


async def test_an_offset_out_of_the_log_is_an_error_and_not_reset(embedded: Embedded) -> None:
    async with consuming(embedded({"a": 1})) as consumer:
        consumer.seek(PLACE, 1_000)

        with pytest.raises(OffsetOutOfRangeError) as found:
            await consumer.getmany(PLACE, timeout_ms=10_000)

    assert found.value.args[0] == {PLACE: 1_000}


async def test_a_seek_drops_what_was_fetched(embedded: Embedded) -> None:
    async with consuming(embedded({"a": 1})) as consumer:
        consumer.seek(PLACE, 0)
        await consumer.getmany(PLACE, timeout_ms=5_000, max_records=3)

        consumer.seek(PLACE, 7)
        fetched = await consumer.getmany(PLACE, timeout_ms=5_000)

        assert fetched[PLACE][0].offset == 7
        assert consumer.highwater(PLACE) == 10


async def test_records_come_as_they_are_parsed(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    fetcher: Any = aiokafka.consumer.fetcher
    monkeypatch.setattr(fetcher, "PartitionRecords", fetcher.PartitionRecords)
    monkeypatch.setattr(fetcher, "FetchResult", fetcher.FetchResult)
    private.use_batches()
    async with consuming(embedded({"a": 1})) as consumer:
        consumer.seek(PLACE, 2)

        fetched = await consumer.getmany(PLACE, timeout_ms=5_000, max_records=1)

    record = fetched[PLACE][0]
    assert (record.offset, record.key, record.value) == (2, b"k", b"2")
    assert list(record.headers) == [("h", b"x")]
    assert record.timestamp > 1_600_000_000_000
    assert not hasattr(record, "topic")
