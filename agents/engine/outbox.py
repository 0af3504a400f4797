"""The way out: records to topics, each partition in order, each acknowledged or the worker stops.

A record leaves at once; what comes while the one before is on its way leaves together in one batch.  Whoever makes
records waits for `room` first: a slow broker must not fill the memory.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer

from agents.engine.errors import UndeliverableError

_LIMIT_BYTES = 64 << 20
"""Of records that are not acknowledged, above which there is no room."""
_RECORD_BYTES = 300
"""What a record takes beside its value."""

Headers = Sequence[tuple[str, bytes | None]]


class _Batch:
    """Records that leave together."""

    __slots__ = ("acked", "builder", "settled", "size")

    def __init__(self, builder: Any, acked: "asyncio.Future[None]") -> None:
        self.builder = builder
        self.settled: list[Callable[[], None]] = []
        self.acked = acked
        self.size = 0


class _Lane:
    """One partition: batches in the order in which they leave."""

    __slots__ = ("batches", "task")

    def __init__(self) -> None:
        self.batches: deque[_Batch] = deque()
        """The last one may still grow; the first one may be on its way."""
        self.task: asyncio.Task[None] | None = None


class Outbox:
    """Sends records and tells when they are acknowledged."""

    _producer: AIOKafkaProducer

    def __init__(
        self,
        *,
        count: Callable[[str, int], None],
        fail: Callable[[BaseException], Awaitable[None]],
        limit: int = _LIMIT_BYTES,
    ) -> None:
        """*count* is told topic and number of acknowledged records; *fail* stops the worker; *limit* in bytes."""
        self.room = asyncio.Event()
        """Whether fewer bytes than *limit* wait to be acknowledged."""
        self.room.set()
        self._limit = limit
        self._size = 0
        self._count = count
        self._fail = fail
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._failure: BaseException | None = None

    def start(self, producer: AIOKafkaProducer) -> None:
        """Send through *producer*."""
        self._producer = producer

    def put(  # noqa: PLR0917  a record, field by field
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        settled: Callable[[], None] | None = None,
    ) -> None:
        """Send a record; *settled* is called when it is acknowledged."""
        if self._failure is not None:
            return  # the worker stops
        lane = self._lanes.get((topic, partition))
        if lane is None:
            lane = self._lanes[topic, partition] = _Lane()
        batches = lane.batches
        batch = batches[-1] if batches else None
        if batch is None or batch.builder.append(timestamp=None, key=key, value=value, headers=headers) is None:
            batch = _Batch(self._producer.create_batch(), asyncio.get_running_loop().create_future())
            batch.builder.append(timestamp=None, key=key, value=value, headers=headers)  # the first one always fits
            batches.append(batch)
        size = _RECORD_BYTES + (len(value) if value else 0)
        batch.size += size
        self._size += size
        if self._size >= self._limit:
            self.room.clear()
        if settled is not None:
            batch.settled.append(settled)
        if lane.task is None:
            lane.task = asyncio.create_task(self._run(topic, partition, lane))

    async def drained(self) -> None:
        """Return when everything put so far is acknowledged; raise if it can't be."""
        pending = []
        for lane in self._lanes.values():
            if lane.batches:
                last = lane.batches[-1]
                last.builder.close()  # what comes later does not have to be waited for
                pending.append(last.acked)
        if self._failure is not None:
            raise self._failure
        if pending:
            await asyncio.wait(pending)
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """Drop what is not sent yet; whoever waits for it gets an error."""
        if self._failure is None:
            self._failure = UndeliverableError("the worker stops")
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._give_up()

    async def _run(self, topic: str, partition: int, lane: _Lane) -> None:
        try:
            while lane.batches and self._failure is None:
                batch = lane.batches[0]
                batch.builder.close()
                records = batch.builder.record_count()
                sent = await self._producer.send_batch(batch.builder, topic, partition=partition)
                await sent
                self._count(topic, records)
                for settled in batch.settled:
                    settled()
                lane.batches.popleft()
                if not batch.acked.done():  # else another lane gave up
                    batch.acked.set_result(None)
                self._size -= batch.size
                if self._size < self._limit:
                    self.room.set()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  whatever it is, nothing behind it may be committed
            if self._failure is None:  # else that is known
                message = f"{topic}-{partition}: {error!r}"
                self._failure = UndeliverableError(message)
                self._failure.__cause__ = error
                self._give_up()
                await self._fail(self._failure)
        finally:
            lane.task = None

    def _give_up(self) -> None:
        """Wake those who wait: what they wait for won't come."""
        self.room.set()
        for lane in self._lanes.values():
            for batch in lane.batches:
                if not batch.acked.done():
                    batch.acked.set_result(None)
