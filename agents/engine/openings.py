"""How partitions open: their state is restored and fenced, their place in the log found; then they may be read."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from agents.engine.context import Context
from agents.engine.delivery import Partition, Source
from agents.engine.errors import (
    FencedError,
    FetcherError,
    FormatError,
    LostRecordsError,
    LostStatesError,
    StateError,
    StoreError,
    UnusableStoreError,
)
from agents.engine.folding import FolderRunner
from agents.engine.progress import Progress
from agents.engine.restore import restore
from agents.engine.store import Shard

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 0.5
_COMMITTED_SECONDS = 10

HOPELESS = (FetcherError, FormatError, LostRecordsError, LostStatesError, StateError, StoreError, UnusableStoreError)
"""What trying again does not mend."""

Committed = Callable[[Sequence[Source]], Awaitable[Mapping[Source, int | None]]]
"""The group's offset of each partition, None where it never committed one."""


class Openings:
    """Tasks that open partitions; all of them end with the assignment that they serve."""

    _lookup: AIOKafkaConsumer

    def __init__(self, context: Context, servers: str, *, committed: Committed, stopping: Callable[[], bool]) -> None:
        """Prepare; *stopping* tells whether the worker stops, and nothing needs to be tried again."""
        self._context = context
        self._delivery = context.delivery
        self._servers = servers
        self._committed = committed
        self._stopping = stopping
        self._tasks: set[asyncio.Task[None]] = set()
        self._progress: dict[str, Progress] = {}

    def start(self, lookup: AIOKafkaConsumer) -> None:
        """Ask *lookup* where logs begin and end: the group's own consumer would answer behind its long poll."""
        self._lookup = lookup

    def restore(self, runner: FolderRunner, numbers: Iterable[int], warm: Iterable[int]) -> None:
        """Bring the states of the partitions *numbers* here, and open each as soon as its state is there.

        The stores of the partitions *warm* stay open, the others are closed.
        """
        self._spawn(self._bring, runner, numbers, warm)

    def open(self, partitions: Sequence[Partition]) -> None:
        """Open partitions that need no state."""
        self._spawn(self._open, partitions)

    def reopen(self, runner: FolderRunner, shard: Shard, error: FencedError) -> None:
        """Restore a partition again behind whose back somebody wrote: its rightful owner need not stop."""
        log.warning("restoring a partition again", agent=runner.stage.name, partition=shard.partition, error=str(error))
        self._context.metrics.state_reopened.labels(runner.stage.name).inc()
        shard.deactivate()
        for topic in runner.topics:
            self._delivery.close((self._context.name(topic.name), shard.partition))
        if not self._delivery.draining:
            self._spawn(self._restore, runner, [shard])

    async def cancel(self) -> None:
        """Stop; partitions that are not open stay closed."""
        while tasks := list(self._tasks):  # one that ends may have begun another
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _bring(self, runner: FolderRunner, numbers: Iterable[int], warm: Iterable[int]) -> None:
        shards = await runner.keyspace.assign(numbers, warm)
        if shards:
            await self._restore(runner, shards)

    async def _restore(self, runner: FolderRunner, shards: Sequence[Shard]) -> None:
        keyspace, metrics, name, todo = runner.keyspace, self._context.metrics, runner.stage.name, list(shards)
        progress = self._progress.setdefault(name, Progress(name, metrics))

        async def activate(shard: Shard) -> int | None:
            end = await keyspace.activate(shard)
            if end is None:
                runner.recognise(shard)
                self.open(self._partitions(runner, shard.partition))
            return end

        async def folded(number: int) -> bool:
            return await self.folded(runner, number)

        begun = time.monotonic()
        while todo and not self._stopping():
            try:
                await restore(
                    self._servers, keyspace.changelog.topic, todo, activate=activate, folded=folded, progress=progress
                )
            except HOPELESS as error:
                await self._context.fail(error)
                return
            except Exception as error:  # noqa: BLE001  whatever the broker does: try again, the partitions stay closed
                log.warning("restore failed, trying again", agent=name, error=repr(error))
                await asyncio.sleep(_RETRY_SECONDS)
            finally:
                self.tell_emptied(runner, todo)
            todo = [shard for shard in todo if not shard.active]
        for shard in shards:
            metrics.state_fenced.labels(name).inc(shard.fenced)
            shard.fenced = 0
        log.info("state restored", agent=name, partitions=len(shards), seconds=round(time.monotonic() - begun, 3))

    def tell_emptied(self, runner: FolderRunner, shards: Iterable[Shard]) -> None:
        """Tell, once, which stores had to be emptied."""
        for shard in shards:
            if shard.emptied:
                self._context.metrics.state_wiped.labels(runner.stage.name, shard.emptied).inc()
                log.warning(
                    "a local store was emptied, its states come from the changelog",
                    agent=runner.stage.name,
                    partition=shard.partition,
                    reason=shard.emptied,
                    detail=shard.detail,
                )
                shard.emptied = None

    async def folded(self, runner: FolderRunner, number: int) -> bool:
        """Tell whether the group has committed events of partition *number* of any of its topics."""
        sources = [(self._context.name(topic.name), number) for topic in runner.topics]
        starts, committed = await asyncio.gather(
            self._lookup.beginning_offsets([TopicPartition(*source) for source in sources]), self._places(sources)
        )
        return any((committed[source] or 0) > starts[TopicPartition(*source)] for source in sources)

    async def _open(self, partitions: Sequence[Partition]) -> None:
        """Let *partitions* be read from the group's offsets on; from the log's start where it has none."""
        todo = [partition for partition in partitions if self._delivery.owns(partition)]
        while todo and not self._stopping():
            try:
                places = {partition: TopicPartition(*partition.source) for partition in todo}
                starts, ends, committed = await asyncio.gather(
                    self._lookup.beginning_offsets(list(places.values())),
                    self._lookup.end_offsets(list(places.values())),
                    self._places([partition.source for partition in todo]),
                )
                for partition, place in places.items():
                    at = committed[partition.source]
                    offset = starts[place] if at is None else at
                    _check_offset(place, offset, starts[place], ends[place])
                    self._delivery.open(partition, offset)
                    self._context.changed()
            except LostRecordsError as error:
                await self._context.fail(error)
                return
            except (KafkaError, TimeoutError, OSError, RuntimeError) as error:
                log.warning("no committed offset, trying again", error=repr(error))
                await asyncio.sleep(_RETRY_SECONDS)
            todo = [partition for partition in todo if self._delivery.owns(partition) and partition.read is None]

    async def _places(self, sources: Sequence[Source]) -> Mapping[Source, int | None]:
        async with asyncio.timeout(_COMMITTED_SECONDS):
            return await self._committed(sources)

    def _partitions(self, runner: FolderRunner, number: int) -> list[Partition]:
        found = (self._delivery.find((self._context.name(topic.name), number)) for topic in runner.topics)
        return [partition for partition in found if partition is not None]

    async def _watched(self, work: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Let no failure leave partitions closed in silence."""
        try:
            await work(*args)
        except Exception as error:  # noqa: BLE001  whatever it is, nobody else will hear of it
            await self._context.fail(error)

    def _spawn(self, work: Callable[..., Awaitable[None]], *args: Any) -> None:
        task = asyncio.ensure_future(self._watched(work, *args))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _check_offset(place: TopicPartition, offset: int, start: int, end: int) -> None:
    if not start <= offset <= end:
        why = "records were deleted before they were read" if offset < start else "the topic was made anew, or cut"
        message = (
            f"{place.topic}-{place.partition}: the group is at {offset}, the log has {start} to {end}: {why}; find out why, "
            "then set the group's offset with kafka-consumer-groups"
        )
        raise LostRecordsError(message)
