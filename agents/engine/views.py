"""Compacted topics that every worker holds whole."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from agents.engine.aside import Aside
from agents.engine.restore import reader
from agents.engine.shelves import Shelves, told
from agents.metrics import Metrics
from agents.processor import View

log = structlog.get_logger(__name__)

_BITE = 500
"""Records applied before other tasks may run."""


class ViewReader:
    """Reads the topics of views from their start, and goes on for ever."""

    def __init__(  # noqa: PLR0917  all it needs to know
        self,
        servers: str,
        views: Sequence[View],
        partitions: dict[str, int],
        name: Callable[[str], str],
        metrics: Metrics,
        wait_ms: int,
        asides: Sequence[Aside] = (),
    ) -> None:
        """*partitions*: topic to count; *name* gives a topic its prefix; *asides* hold views of their own."""
        self._servers = servers
        self._wait_ms = wait_ms
        self._metrics = metrics
        self._shelves, self._asides = Shelves(views), asides
        held = dict.fromkeys((*self._shelves.topics, *(topic for aside in asides for topic in aside.topics)))
        self._names = {name(topic): topic for topic in held}
        self._places = [
            TopicPartition(topic, n) for topic in self._names for n in range(partitions[self._names[topic]])
        ]
        self._behind: dict[TopicPartition, int] = {}
        """Records that are on the broker and not read yet."""
        self._consumer: AIOKafkaConsumer | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, fail: Callable[[BaseException], Any]) -> None:
        """Read all that is there; return when it is applied.  *fail* is told of an error that stops reading later."""
        if not self._places:
            return
        consumer = self._consumer = reader(self._servers, wait_ms=self._wait_ms)
        await consumer.start()
        consumer.assign(self._places)
        await consumer.seek_to_beginning(*self._places)
        ends: dict[TopicPartition, int] = await consumer.end_offsets(self._places)
        behind = {place for place, end in ends.items() if end}
        while behind:
            await self._take(consumer, await self._fetch(consumer, 200))
            behind = {place for place in behind if await consumer.position(place) < ends[place]}
        log.info("views read", records=sum(ends.values()))
        self._task = asyncio.create_task(self._follow(consumer, fail))

    async def stop(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._consumer is not None:
            await self._consumer.stop()

    async def _follow(self, consumer: AIOKafkaConsumer, fail: Callable[[BaseException], Any]) -> None:
        try:
            while True:
                try:
                    fetched = await self._fetch(consumer, 1_000)
                except (KafkaError, RuntimeError, OSError, TimeoutError) as error:  # nothing was fetched
                    log.warning("views are not read, trying again", error=repr(error))
                    await asyncio.sleep(0.5)
                else:
                    await self._take(consumer, fetched)
        except Exception as error:  # noqa: BLE001  whatever it is, what was fetched is lost to the views
            await fail(error)

    async def _fetch(self, consumer: AIOKafkaConsumer, timeout_ms: int) -> Mapping[TopicPartition, Sequence[Any]]:
        fetched: Mapping[TopicPartition, Sequence[Any]]
        fetched = await consumer.getmany(timeout_ms=timeout_ms, max_records=2_000)
        return fetched

    async def _take(self, consumer: AIOKafkaConsumer, fetched: Mapping[TopicPartition, Sequence[Any]]) -> None:
        for place, records in fetched.items():
            topic = self._names[place.topic]
            for aside in self._asides:
                if topic in aside.topics:
                    await aside.apply(topic, records)
            if topic in self._shelves.topics:
                await self._apply_all(topic, records)
            self._report(place, records[-1], consumer.highwater(place) or 0)
        self._metrics.beat("views")

    async def _apply_all(self, topic: str, records: Sequence[Any]) -> None:
        for count, record in enumerate(records, 1):
            self._apply(topic, record)
            if not count % _BITE:
                await asyncio.sleep(0)

    def _report(self, place: TopicPartition, last: Any, end: int) -> None:
        """Tell how far the view is, *last* being the record read last of *place*, whose log reaches to *end*."""
        topic = self._names[place.topic]
        self._behind[place] = max(0, end - last.offset - 1)
        behind = sum(records for it, records in self._behind.items() if it.topic == place.topic)
        self._metrics.view_lag.labels(topic).set(behind)
        self._metrics.view_timestamp.labels(topic).set(last.timestamp / 1000)

    def _apply(self, topic: str, record: Any) -> None:
        error = self._shelves.apply(topic, record.key, record.value)
        if error is not None:
            key = told(record.key)
            log.warning("view record ignored", topic=topic, key=key, offset=record.offset, error=repr(error))
        self._metrics.views.labels(topic, "applied" if error is None else "undecodable").inc()
