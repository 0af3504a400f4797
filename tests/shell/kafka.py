"""A broker in memory with the part of aiokafka's clients that the engine uses; each of their calls can be made to fail."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple, TypeVar

from aiokafka import TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, ProducerClosed

T = TypeVar("T")
Source = tuple[str, int]

_TRIP = 0.001
"""Seconds that a request takes, and its answer."""
_POLL_MS = 20
_BATCH = 3
"""Records in a batch, at most: so that what is written together leaves in several."""


@dataclass
class Logged:
    """A record in the log."""

    offset: int
    timestamp: int
    key: Any
    value: Any
    headers: Sequence[tuple[str, bytes]] = ()
    aborted: bool = False


@dataclass
class Log:
    """One partition."""

    records: list[Logged] = field(default_factory=list)
    start: int = 0
    end: int = 0
    """Behind the last record, or the last control record."""


class Fault(NamedTuple):
    """What goes wrong with one call."""

    error: BaseException | None
    """None: the call waits until there is no fault any more."""
    when: Literal["before", "after"]
    """Whether the broker has done what it was asked for."""


Faults = Callable[[int, str], Fault | None]
"""Number and name of a call to what goes wrong with it."""


def no_faults(_number: int, _name: str) -> Fault | None:
    """Let nothing go wrong."""
    return None


def from_call(first: int, times: int | None, fault: Fault) -> Faults:
    """Let *times* calls from the one with the number *first* on go wrong; None: all of them."""
    return lambda number, _: fault if first <= number < (number + 1 if times is None else first + times) else None


class Broker:
    """Logs and groups of a cluster, and who is connected."""

    def __init__(self) -> None:
        self.logs: dict[Source, Log] = {}
        self.group: dict[Source, int] = {}
        self.on_commit: Callable[[Mapping[Source, int]], None] = lambda _: None
        self.clients: set[Any] = set()
        self.broken: list[str] = []
        """Laws that did not hold; whoever breaks one may well swallow the error."""
        self.calls: list[str] = []
        """Names of the calls so far."""
        self.faults: Faults = no_faults

    def law(self, holds: bool, what: str) -> None:
        """Note it if a law does not hold."""
        if not holds:
            self.broken.append(what)

    def log(self, topic: str, partition: int) -> Log:
        return self.logs.setdefault((topic, partition), Log())

    def write(self, topic: str, partition: int, records: Sequence[tuple[Any, Any, Any]]) -> int:
        """Append key, value and headers; return the offset of the first."""
        log = self.log(topic, partition)
        first = log.end
        for key, value, headers in records:
            log.records.append(Logged(log.end, 1_000_000 + log.end, key, value, tuple(headers)))
            log.end += 1
        return first

    async def call(self, name: str, effect: Callable[[], T]) -> T:
        """Do what a client asks for."""
        self.calls.append(name)
        number = len(self.calls)
        fault = self.faults(number, name)
        await asyncio.sleep(_TRIP)
        if fault is not None and fault.when == "before":
            await self._fail(fault, number, name)
        result = effect()
        await asyncio.sleep(_TRIP)
        if fault is not None and fault.when == "after":
            await self._fail(fault, number, name)
        return result

    async def _fail(self, fault: Fault, number: int, name: str) -> None:
        while fault.error is None and self.faults(number, name) is not None:
            await asyncio.sleep(1)
        if fault.error is not None:
            raise fault.error


class Builder:
    """A batch of a producer."""

    def __init__(self) -> None:
        self.records: list[tuple[Any, Any, Any]] = []
        self._closed = False

    def append(self, *, timestamp: Any, key: Any, value: Any, headers: Any = ()) -> object | None:
        del timestamp
        if self._closed or len(self.records) >= _BATCH:
            return None
        self.records.append((key, value, headers))
        return self

    def record_count(self) -> int:
        return len(self.records)

    def close(self) -> None:
        self._closed = True


class Producer:
    """An idempotent producer: one batch of a partition after the other."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._state = "new"
        self._sending: dict[Source, asyncio.Task[Any]] = {}

    async def start(self) -> None:
        self._broker.clients.add(self)
        self._state = "starting"
        await self._broker.call("Producer.start", lambda: None)
        self._state = "started"

    async def stop(self) -> None:
        """Let go of everything, whatever happens."""
        if self._state == "closed":
            return
        self._state = "closed"
        if self._sending:
            await asyncio.wait(self._sending.values())
        self._broker.clients.discard(self)
        await self._broker.call("Producer.stop", lambda: None)

    def create_batch(self) -> Builder:
        return Builder()

    async def send_batch(self, batch: Builder, topic: str, *, partition: int) -> "asyncio.Future[Any]":
        if self._state != "started":
            raise ProducerClosed
        place = topic, partition
        while place in self._sending:
            await asyncio.wait([self._sending[place]])
        await self._broker.call("Producer.send_batch", lambda: None)
        task = asyncio.ensure_future(self._send(batch, topic, partition))
        self._sending[place] = task
        task.add_done_callback(lambda it: (self._sending.pop(place, None), it.cancelled() or it.exception()))
        return asyncio.shield(task)

    async def _send(self, batch: Builder, topic: str, partition: int) -> Any:
        first = await self._broker.call(f"ack {topic}", lambda: self._broker.write(topic, partition, batch.records))
        return SimpleNamespace(offset=first)


class _State:
    """What a consumer knows of a partition."""

    def __init__(self, consumer: "Consumer", place: TopicPartition) -> None:
        self._consumer, self._place = consumer, place

    @property
    def has_valid_position(self) -> bool:
        return self._consumer.positions[self._place] is not None

    @property
    def position(self) -> int:
        position = self._consumer.positions[self._place]
        assert position is not None
        return position

    @property
    def highwater(self) -> int | None:
        return self._consumer.highwater(self._place)


class Consumer:
    """A consumer whose partitions are assigned."""

    def __init__(self, broker: Broker, *, committed_only: bool = True) -> None:
        self._broker = broker
        self._state = "new"
        self._committed_only = committed_only
        self.positions: dict[TopicPartition, int | None] = {}
        self._paused: set[TopicPartition] = set()
        self._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=self))

    @property
    def _tp_state(self) -> dict[TopicPartition, "_State"]:
        return {place: _State(self, place) for place in self.positions}

    async def start(self) -> None:
        self._broker.clients.add(self)
        await self._call("start", lambda: None)
        self._state = "started"

    async def stop(self) -> None:
        if self._state == "closed":
            return
        self._state = "closed"
        self._broker.clients.discard(self)
        await self._call("stop", lambda: None)

    def assign(self, places: Sequence[TopicPartition]) -> None:
        self.positions = dict.fromkeys(places)

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._check(place)
        self.positions[place] = offset

    def pause(self, *places: TopicPartition) -> None:
        for place in places:
            self._check(place)
        self._paused.update(places)

    def resume(self, *places: TopicPartition) -> None:
        for place in places:
            self._check(place)
        self._paused.difference_update(places)

    def paused(self) -> set[TopicPartition]:
        return set(self._paused)

    def highwater(self, place: TopicPartition) -> int | None:
        self._check(place)
        return self._broker.log(*place).end

    async def seek_to_beginning(self, *places: TopicPartition) -> None:
        starts = await self._call("seek_to_beginning", lambda: {it: self._broker.log(*it).start for it in places})
        self.positions.update(starts)

    async def position(self, place: TopicPartition) -> int:
        self._check(place)
        while (position := self.positions[place]) is None:
            await asyncio.sleep(0.01)
        return position

    async def beginning_offsets(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return await self._call("beginning_offsets", lambda: {it: self._broker.log(*it).start for it in places})

    async def end_offsets(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return await self._call("end_offsets", lambda: {it: self._broker.log(*it).end for it in places})

    async def committed(self, place: TopicPartition) -> int | None:
        return await self._call("committed", lambda: self._broker.group.get((place.topic, place.partition)))

    async def getmany(
        self, *places: TopicPartition, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[Logged]]:
        for place in places:
            self._check(place)
        found = await self._call("getmany", lambda: self._read(places or tuple(self.positions), max_records))
        for _ in range(timeout_ms // _POLL_MS):
            if found:
                break
            await asyncio.sleep(_POLL_MS / 1_000)
            found = self._read(places or tuple(self.positions), max_records)
        return found

    def _read(self, places: Sequence[TopicPartition], most: int) -> dict[TopicPartition, list[Logged]]:
        found = {}
        for place in places:
            log, position = self._broker.log(*place), self.positions[place]
            if position is None or place in self._paused:
                continue
            records = [it for it in log.records if it.offset >= position]
            part = [it for it in records if not (it.aborted and self._committed_only)][: min(most, 2 * _BATCH)]
            if part:
                found[place] = part
            self.positions[place] = part[-1].offset + 1 if part else log.end
        return found

    def _check(self, place: TopicPartition) -> None:
        if place not in self.positions:
            message = f"Partition {place} is not assigned"
            raise IllegalStateError(message)

    async def _call(self, name: str, effect: Callable[[], T]) -> T:
        if self._state == "closed" and name != "stop":
            raise ConsumerStoppedError
        return await self._broker.call(f"Consumer.{name}", effect)
