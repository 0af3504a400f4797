"""A real broker keeps fetch sessions: answers name what has changed, and all records come, whatever breaks a session."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import aiokafka.consumer.consumer
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.consumer.fetcher import Fetcher

from agents.engine import private
from agents.engine.errors import FetcherError
from agents.engine.fetcher import SessionFetcher

PARTITIONS = 24
ROUNDS = 30


@pytest.fixture(autouse=True)
def sessions(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setattr(aiokafka.consumer.consumer, "Fetcher", Fetcher)
    monkeypatch.setattr(SessionFetcher, "patient", ())
    private.use_sessions({f"{prefix}patient"})


class Answers:
    """How many partitions each answer to a fetch names."""

    def __init__(self, consumer: Any) -> None:
        self.sizes: list[int] = []
        self.client = consumer._fetcher._client
        self._send, self.client._client.send = self.client._client.send, self.send

    async def send(self, node: int, request: Any) -> Any:
        response = await self._send(node, request)
        if hasattr(response, "session_id"):
            self.sizes.append(sum(len(partitions) for _, partitions in response.topics))
        return response


@asynccontextmanager
async def consuming(servers: str, *topics: str) -> AsyncIterator[tuple[Any, Any, Answers]]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest", fetch_max_wait_ms=200)
    await producer.start()
    await consumer.start()
    answers = Answers(consumer)
    consumer.assign([TopicPartition(topic, n) for topic in topics for n in range(PARTITIONS)])
    try:
        yield producer, consumer, answers
    finally:
        await consumer.stop()
        await producer.stop()


async def read(consumer: Any, count: int) -> list[tuple[str, int, int]]:
    """Return the places of the next *count* records."""
    found: list[tuple[str, int, int]] = []
    while len(found) < count:
        records = await consumer.getmany(timeout_ms=15_000)
        assert records, f"{count - len(found)} of {count} records did not come"
        found += [(*place, it.offset) for place, its in records.items() for it in its]
    return found


async def test_an_answer_names_what_has_changed(kafka: str, prefix: str) -> None:
    async with consuming(kafka, f"{prefix}sessions") as (producer, consumer, answers):
        for n in range(PARTITIONS):
            await producer.send_and_wait(f"{prefix}sessions", b"first", partition=n)
        await read(consumer, PARTITIONS)
        await consumer.getmany(timeout_ms=500)
        del answers.sizes[:]

        for n in range(ROUNDS):
            await producer.send_and_wait(f"{prefix}sessions", b"next", partition=n % PARTITIONS)
            assert len(await read(consumer, 1)) == 1

    assert len(answers.sizes) >= ROUNDS
    assert max(answers.sizes) <= 2


async def test_all_records_come_once_whatever_breaks_a_session(kafka: str, prefix: str) -> None:
    lot = Random(5)
    names = [f"{prefix}broken", f"{prefix}apart"]
    async with consuming(kafka, *names) as (producer, consumer, answers):
        places = [TopicPartition(name, n) for name in names for n in range(PARTITIONS)]
        sent: list[tuple[str, int, int]] = []
        found: list[tuple[str, int, int]] = []
        for number in range(ROUNDS):
            chosen = [lot.choice(places) for _ in range(lot.randrange(1, 40))]
            for place in chosen:
                done = await producer.send_and_wait(place.topic, b"x", partition=place.partition)
                sent.append((done.topic, done.partition, done.offset))
            paused = [place for place in places if lot.random() < 0.3 * (number % 2)]
            consumer.pause(*paused)
            found += await read(consumer, sum(place not in paused for place in chosen))
            session = next(iter(answers.client._sessions.values()))
            match number % 5:
                case 0:
                    session.lose()
                case 1:
                    session._epoch += 7  # the broker expects another one
                case 2:
                    session._id += 1_000_000  # the broker knows no such session
                case 3:
                    for connection in answers.client._client._conns.values():
                        connection.close()
            consumer.resume(*paused)
            found += await read(consumer, len(sent) - len(found))

    assert sorted(found) == sorted(sent)


async def test_a_task_that_ends_is_an_error_and_not_silence(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> Any:
        raise KeyError

    async with consuming(kafka, f"{prefix}ended") as (_, consumer, __):
        await consumer.getmany(timeout_ms=100)
        monkeypatch.setattr(consumer._fetcher, "_proc_fetch_request", fail)

        await consumer.getmany(timeout_ms=5_000)
        with pytest.raises(FetcherError, match="start the worker again"):
            await consumer.getmany(timeout_ms=500)


async def test_records_of_a_patient_topic_come_together_and_all_of_them(kafka: str, prefix: str) -> None:
    urgent, patient = f"{prefix}urgent", f"{prefix}patient"
    seen: dict[str, list[tuple[int, int]]] = {urgent: [], patient: []}
    rounds: Counter[str] = Counter()
    async with consuming(kafka, urgent, patient) as (producer, consumer, _):

        async def feed() -> None:
            for n in range(3 * ROUNDS):
                for topic in seen:
                    await producer.send_and_wait(topic, b"x", partition=n % PARTITIONS)
                await asyncio.sleep(0.02)

        feeding = asyncio.create_task(feed())
        while sum(map(len, seen.values())) < 6 * ROUNDS:
            records = await consumer.getmany(timeout_ms=15_000)
            assert records, f"of each topic {3 * ROUNDS} were sent, and came: {seen}"
            rounds.update({place.topic for place in records})
            for place, its in records.items():
                seen[place.topic] += [(place.partition, it.offset) for it in its]
        await feeding

    everything = sorted((n % PARTITIONS, n // PARTITIONS) for n in range(3 * ROUNDS))
    assert sorted(seen[urgent]) == sorted(seen[patient]) == everything
    assert 2 * rounds[patient] < rounds[urgent]
