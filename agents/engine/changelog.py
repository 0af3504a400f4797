"""Appends states to changelog topics in explicit batches, and says at which offsets they lie."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents.engine.errors import FencedError, UndeliverableError
from agents.engine.formats import EPOCH_HEADER, Tombstone

BITE = 1_000
"""Records handled before other tasks may run."""

_BATCH_BYTES = 256 << 10
"""A larger record goes by itself."""
_ACK_SECONDS = 60.0

Headers = list[tuple[str, bytes]]


class Stretch(NamedTuple):
    """Where appended records lie."""

    first: int
    end: int
    """Behind the last one."""


class Changelog:
    """One changelog topic."""

    _producer: AIOKafkaProducer

    def __init__(self, topic: str) -> None:
        self.topic = topic

    def start(self, producer: AIOKafkaProducer) -> None:
        """Write through *producer*, which is started before the first assignment and outlives the last."""
        self._producer = producer

    async def append(
        self, partition: int, items: Iterable[tuple[bytes, bytes]], last: tuple[bytes, bytes] | None = None
    ) -> Stretch:
        """Write *items* in order, and *last* behind them; return when all are acked.  A `Tombstone` deletes its key.

        The log never holds *last* without the items: it goes with them in one batch, or when they are acked.  One record
        at least is to be written.  A FencedError says that somebody else wrote between them, an UndeliverableError that
        acks did not come.
        """
        sent: list[tuple[int, Any]] = []
        batch = self._producer.create_batch()
        try:
            for count, (key, value) in enumerate(items, 1):
                if not _add(batch, key, value):
                    sent.append(await self._send(partition, batch))
                    batch = self._producer.create_batch()
                    _add(batch, key, value)  # the first one always fits
                if not count % BITE:
                    await asyncio.sleep(0)
            together = last is None or (not sent and _add(batch, *last))
            sent.append(await self._send(partition, batch))
            async with asyncio.timeout(_ACK_SECONDS):
                acks = [((await ack).offset, size) for size, ack in sent]
        except (KafkaError, TimeoutError) as error:
            message = f"{self.topic}-{partition}: {error!r}"
            raise UndeliverableError(message) from error
        stretch = self._joined(partition, acks)
        if last is None or together:
            return stretch
        behind = await self.append(partition, [last])
        return self._joined(partition, [(it.first, it.end - it.first) for it in (stretch, behind)])

    def _joined(self, partition: int, acks: Sequence[tuple[int, int]]) -> Stretch:
        first = end = acks[0][0]
        for offset, size in acks:
            if offset != end:
                message = f"{self.topic}-{partition}: acked at {offset}, expected {end}"
                raise FencedError(message)
            end = offset + size
        return Stretch(first, end)

    async def _send(self, partition: int, batch: Any) -> tuple[int, Any]:
        size = batch.record_count()
        batch.close()
        return size, await self._producer.send_batch(batch, self.topic, partition=partition)


def _add(batch: Any, key: bytes, value: bytes) -> bool:
    """Add a record to *batch*; False if it has no room for it."""
    written: bytes | None = value
    headers: Headers = []
    if type(value) is Tombstone:
        written, headers = None, [(EPOCH_HEADER, bytes(value))]
    return batch.append(key=key, value=written, timestamp=None, headers=headers) is not None


def producer(servers: str) -> AIOKafkaProducer:
    """Return a producer whose acknowledged records survive the loss of a broker, and stand once in the log."""
    return AIOKafkaProducer(
        bootstrap_servers=servers,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=_BATCH_BYTES,
        max_request_size=4 << 20,
    )
