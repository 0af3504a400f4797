"""A worker without Faust and without Kafka: the whole shell of the engine beside a broker in memory."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from aiokafka import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from prometheus_client import CollectorRegistry

from agents.engine import changelog, restore, topics
from agents.engine.commits import TURNS
from agents.engine.consumer import Consumer, Thread
from agents.engine.delivery import Source
from agents.engine.engine import Engine
from agents.engine.errors import ConfigurationError
from agents.metrics import Metrics
from agents.processor import View, sources
from agents.topics import Topic
from tests.changelogs import Entry, in_force
from tests.engine_worker import CLICKS, LISTS, PAIRS, REVIEWS, SEARCHES, SENTIMENTS, Echo, Summed, Sums, Tick
from tests.shell import kafka
from tests.shell.kafka import Broker

CARDS = Topic("item-cards.v1", Tick, "item")
INPUTS = (CLICKS, SEARCHES, REVIEWS)
SOURCES: list[Source] = [(topic.name, 0) for topic in (*INPUTS, sources(Sums)[0])]
CHANGELOG = topics.changelog("worker", Sums.name)
KEYS = ("ada", "bob", "cem", "dot")
STEP = 0.7
"""Seconds between commits."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.msgpack.Decoder(Summed).decode


class Viewing(Sums):
    """Sums beside a view."""

    def __init__(self) -> None:
        self.cards: dict[str, Any] = {}
        self.views = (View(CARDS, self.cards.__setitem__),)


class _Schema:
    """How Faust would read records."""

    key_type = value_type = key_serializer = value_serializer = allow_empty = None

    def __init__(self, **_: Any) -> None: ...

    def update(self, **_: Any) -> None: ...

    def compile(self, *_: Any, **__: Any) -> None: ...


class App:
    """What the engine needs of Faust's."""

    def __init__(self) -> None:
        self.conf = SimpleNamespace(id="worker", Schema=_Schema)
        self.topics: list[Any] = []
        self.agents: list[tuple[Any, Any]] = []
        self.reasons: list[BaseException] = []
        self.stopping = False
        self.loop = None

    @property
    def crashed(self) -> bool:
        return bool(self.reasons)

    @property
    def should_stop(self) -> bool:
        return self.stopping or self.crashed

    async def crash(self, reason: BaseException) -> None:
        self.reasons.append(reason)

    def agent(self, channel: Any, name: str) -> Any:
        del name
        self.topics.append(channel)
        return lambda fun: self.agents.append((channel, fun))


class _Faustless(driver.Consumer):
    """In place of Faust's consumer, between the engine's and nothing."""

    def __init__(self, app: App, engine: Engine, client: kafka.Consumer, broker: Broker) -> None:
        self.app = cast("Any", app)
        self.transport = cast("Any", SimpleNamespace(engine=engine))
        self._client = client
        self._broker = broker
        thread: Any = Thread.__new__(Thread)
        thread._ensure_consumer = lambda: client
        thread.call_thread = lambda method, *args: method(*args)
        self._thread = thread

    @property
    def should_stop(self) -> bool:
        return bool(self.app.should_stop)

    async def sleep(self, n: Any, *, loop: Any = None) -> None:
        del loop
        await asyncio.sleep(n)

    async def on_partitions_assigned(self, assigned: Any, generation_id: int = 0) -> None:
        del generation_id
        self._client.assign([TopicPartition(*tp) for tp in assigned])

    async def on_partitions_revoked(self, revoked: Any) -> None:
        del revoked
        await self.wait_empty()

    async def on_stop(self) -> None:
        await self.wait_empty()

    async def _commit(self, offsets: Any) -> bool:
        def effect() -> bool:
            self._broker.on_commit(offsets)
            self._broker.group.update({tuple(place): offset for place, offset in offsets.items()})
            return True

        return await self._broker.call("commit", effect)


class Shell(Consumer, _Faustless):
    """The engine's consumer."""


class Worker:
    """One life."""

    def __init__(self, broker: Broker, directory: Path) -> None:
        self.broker = broker
        self.app = App()
        self.stage = Viewing()
        stages = (self.stage, Echo())
        self.engine = Engine(
            cast("Any", self.app),
            stages,
            servers="",
            prefix="",
            partitions={topic.name: 1 for topic in topics.used_by(stages)},
            directory=directory,
            metrics=Metrics(CollectorRegistry()),
            inflight_records=1_000,
            owed_lists=100,
            callers=1,
            wait_ms=50,
            memory=1 << 20,
            identities={},
        )
        self.client = kafka.Consumer(broker)
        self.shell = Shell(self.app, self.engine, self.client, broker)
        self.tasks: list[asyncio.Task[None]] = []
        self._deliver = self.engine.deliver
        self.engine.deliver = self._checked_deliver  # type: ignore[method-assign]  # to look at it

    def _checked_deliver(self, source: Source, at: int, records: Sequence[Any]) -> None:
        """Nothing is delivered before its state is restored."""
        for runner in self.engine.folders:
            if source[0] in {topic.name for topic in runner.topics} and self.engine.delivery.find(source):
                self.broker.law(
                    runner.keyspace.shards[source[1]].active, f"{source} is delivered, and its states are not here"
                )
        self._deliver(source, at, records)

    # -- a life

    async def start(self) -> None:
        """Do as `App.on_start` does, and begin what Faust begins behind it."""
        await self.engine.start()
        await self.client.start()
        loops = [self._agent(*it) for it in self.app.agents]
        loops += [cast("Any", it)(self.shell) for it in (Consumer._deliver_forever, Consumer._commit_early)]
        self.tasks = [asyncio.ensure_future(self._supervise(it)) for it in loops]

    async def _supervise(self, work: Any) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001  Faust stops a worker of which a part fails
            await self.app.crash(error)

    async def _agent(self, channel: Any, run: Any) -> None:
        async def stream() -> Any:
            while True:
                yield await channel.queue.get()

        await run(stream())

    async def assign(self) -> None:
        await self.shell.on_partitions_assigned({TP(*it) for it in SOURCES})

    async def revoke(self) -> None:
        await self.shell.on_partitions_revoked({TP(*it) for it in SOURCES})

    async def commit(self) -> None:
        await self.shell.commit()

    async def work(self, seconds: float = 60) -> None:
        """Commit at each interval until everything is done, or the worker stops, or the time is over."""
        for _ in range(int(seconds / STEP)):
            if self.app.should_stop or self.finished():
                return
            await asyncio.sleep(STEP)
            for _ in range(TURNS):
                await self.shell.commit_in_turn()

    def finished(self) -> bool:
        """Tell whether every event is done, and every card seen."""
        if len(self.stage.cards) < self.broker.log(CARDS.name, 0).end:
            return False
        return all(self.broker.group.get(it, 0) == self.broker.log(*it).end for it in SOURCES)

    async def stop(self) -> None:
        """Stop as Faust and `App.on_stop` do."""
        self.app.stopping = True
        try:
            await self.shell.on_stop()
        finally:
            await self.end()

    async def end(self) -> None:
        """Let go of everything; tasks of Faust's are cancelled."""
        self.app.stopping = True
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        try:
            await self.engine.stop()
        finally:
            with suppress(Exception):  # the client of Faust, which copes with it
                async with asyncio.timeout(3):
                    await self.client.stop()


class World:
    """A broker with some history, and what must be true of it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.broker = Broker()
        self.broker.on_commit = self._check_commit
        self.number = 0
        self.produce(5)

    def use(self, patch: pytest.MonkeyPatch) -> None:
        """Let the engine's clients be clients of this broker."""
        patch.setattr(changelog, "AIOKafkaProducer", lambda **_: kafka.Producer(self.broker))
        patch.setattr(restore, "AIOKafkaConsumer", lambda **options: _consumer(self.broker, options))
        patch.setattr(restore, "identity", self._identity)

    def _identity(self, servers: str, topic: str) -> str:
        """Answer as the broker does, or as it does not; called in a thread."""
        del servers
        self.broker.calls.append("identity")
        fault = self.broker.faults(len(self.broker.calls), "identity")
        if fault is not None and fault.error is not None:
            message = "no broker answers"
            raise ConfigurationError(message)
        return f"id of {topic}"

    def worker(self) -> Worker:
        return Worker(self.broker, self.directory)

    def produce(self, each: int) -> None:
        """Let a card come, and events: *each* to a topic."""
        card = Tick(shopper="nobody", number=self.number)
        self.broker.write(CARDS.name, 0, [(str(self.number).encode(), _encode(card), ())])
        for topic in INPUTS:
            for _ in range(each):
                self.number += 1
                shopper = KEYS[self.number % len(KEYS)]
                event = Tick(shopper=shopper, number=self.number)
                self.broker.write(topic.name, 0, [(shopper.encode(), _encode(event), ())])

    # -- laws

    def states(self) -> dict[str, Summed]:
        """Return what the changelog says."""
        records = self.broker.log(CHANGELOG, 0).records
        found = in_force(Entry(0, it.key, it.value, it.headers) for it in records).states
        return {key.decode(): _decode(state) for key, state in found.items()}

    def _check_commit(self, offsets: Mapping[Any, int]) -> None:
        """At each commit: what it covers is in the changelog, and its facts are out."""
        states = self.states()
        order = [topic.name for topic in sources(Sums)]
        for (topic, partition), offset in offsets.items():
            out = self._sent(SENTIMENTS if topic == REVIEWS.name else PAIRS)
            for record in self.broker.log(topic, partition).records[:offset]:
                event = msgspec.json.decode(record.value, type=Tick)
                self.broker.law(event.number in out, f"{topic} is committed up to {offset}, {event} led to nothing")
                if topic != REVIEWS.name:
                    state = states.get(event.shopper)
                    flushed = state is not None and state.offsets[order.index(topic)] >= record.offset
                    self.broker.law(flushed, f"{topic} is committed up to {offset}, {event} is in no flushed state")

    def _sent(self, topic: Topic) -> set[int]:
        records = self.broker.log(topic.name, 0).records
        return {msgspec.json.decode(record.value, type=Tick).number for record in records}

    def check(self) -> None:
        """Everything is done, each event once, and each shopper's newest list says all."""
        sums: dict[str, Counter[str]] = {}
        for topic in (CLICKS, SEARCHES):
            for record in self.broker.log(topic.name, 0).records:
                event = msgspec.json.decode(record.value, type=Tick)
                its = sums.setdefault(event.shopper, Counter())
                its["n"] += 1
                its["total"] += event.number
        assert all(self.broker.group.get(it, 0) == self.broker.log(*it).end for it in SOURCES), self.broker.group
        found = {key: {"n": state.n, "total": state.total} for key, state in self.states().items()}
        assert found == {key: dict(its) for key, its in sums.items()}
        lists = [msgspec.json.decode(it.value) for it in self.broker.log(LISTS.name, 0).records]
        newest = {it["shopper"]: it for it in sorted(lists, key=lambda it: (it["epoch"], it["revision"]))}
        assert {key: {"n": it["n"], "total": it["total"]} for key, it in newest.items()} == found
        assert not self.broker.clients, f"still connected: {self.broker.clients}"


def _consumer(broker: Broker, options: Mapping[str, Any]) -> kafka.Consumer:
    return kafka.Consumer(broker, committed_only=options["isolation_level"] == "read_committed")
