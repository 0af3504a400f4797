"""Runs processors on Faust: delivery, states, outputs and commits of one worker."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import faust
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from agents.engine import changelog, channels, topics
from agents.engine.aside import Aside
from agents.engine.assignor import Layout, Unit
from agents.engine.changelog import Changelog
from agents.engine.commits import Commits
from agents.engine.context import Batch, Context
from agents.engine.database import Memory
from agents.engine.delivery import Delivery, Load, Partition, Source
from agents.engine.errors import EngineError, FencedError
from agents.engine.folding import FolderRunner
from agents.engine.keyspace import Keyspace
from agents.engine.mapping import MapperRunner
from agents.engine.openings import Openings
from agents.engine.outbox import Outbox
from agents.engine.reporting import Report
from agents.engine.restore import reader
from agents.engine.runner import Runner
from agents.engine.scoring import Scorer
from agents.engine.store import Shard
from agents.engine.views import ViewReader
from agents.engine.warm import WarmCopies
from agents.engine.watch import Watch
from agents.metrics import Metrics
from agents.processor import Folder, Portable, Stage

log = structlog.get_logger(__name__)

_WAITING = Load(32_000, 32 << 20)
"""Of a topic's records not folded, and what its reader owes and never sheds."""
_WEIGHED_RECORDS = 500
"""Of a batch, about; of a larger one so many stand for all."""
_RECORD_BYTES = 200
"""What a record takes beside its value."""
_BATCH_RECORDS = 4_000
_DRAIN_SECONDS = 10.0
_LISTS_SECONDS = 5.0
_RELEASE_SECONDS = 3.0
"""For each part of a worker that stops; together with the last commit less than what `App.limit` allows."""
_STORE_BYTES = 64 << 20
"""Of RocksDB, all stores together."""


class GroupConsumer(Protocol):
    """What the engine asks of the shell around aiokafka."""

    async def committed(self, sources: Sequence[Source]) -> Mapping[Source, int | None]:
        """Return the group's offset of each partition, None where there is none."""

    async def commit_offsets(self, offsets: Mapping[Source, int]) -> bool:
        """Tell the group how far this worker is."""


class Engine:
    """The processors of one worker."""

    consumer: GroupConsumer
    warm_units: Callable[[], Sequence[Unit]] = tuple
    """What the newest assignment says to keep warm copies of."""

    def __init__(
        self,
        app: faust.App,
        stages: Sequence[Stage],
        *,
        servers: str,
        prefix: str,
        partitions: dict[str, int],
        directory: Path,
        metrics: Metrics,
        inflight_records: int,
        owed_lists: int,
        callers: int,
        wait_ms: int,
        memory: int,
        identities: Mapping[str, str],
        asides: Mapping[str, str] | None = None,
    ) -> None:
        """*partitions*: topic without prefix to count, as `topics.check` returns them.  *memory*: bytes for states in use.

        *identities*: topic without prefix to the id that the broker gave it, where it gave one.  *asides*: the name of a
        stage that is scored in a process of its own to what makes it there (`maker`).
        """
        self.app = app
        self.servers = servers
        self.wait_ms = wait_ms
        self.metrics = metrics
        self.delivery = Delivery(inflight_records, _WAITING)
        self.fetch_records = 8_000
        self.assignment: object = None
        """Changes with each assignment; None before the first."""
        self._changed = asyncio.Event()
        self._clients: list[AIOKafkaProducer | AIOKafkaConsumer] = []
        self._executor = ThreadPoolExecutor(callers * len(stages), thread_name_prefix="score")
        self._views_read = False
        self.context = Context(
            delivery=self.delivery,
            outbox=Outbox(count=self._count_outputs, fail=app.crash),
            metrics=metrics,
            prefix=prefix,
            partitions=partitions,
            group=app.conf.id,
            changed=self._changed.set,
            fail=app.crash,
            identities=identities,
        )
        self.openings = Openings(
            self.context,
            servers,
            committed=self._committed,
            stopping=lambda: app.should_stop,
        )
        self.warm = WarmCopies(servers, self.openings, metrics, busy=self.delivery.closed)
        self._asides = {
            stage.name: Aside(stage, asides[stage.name], metrics)
            for stage in stages
            if isinstance(stage, Portable) and asides and stage.name in asides
        }
        views = [view for stage in stages if stage.name not in self._asides for view in stage.views]
        self.views = ViewReader(
            servers, views, partitions, self.context.name, metrics, wait_ms, list(self._asides.values())
        )
        stores = Memory(_STORE_BYTES)
        self.runners: list[Runner] = [self._runner(stage, directory, stores, owed_lists) for stage in stages]
        self.folders = [runner for runner in self.runners if isinstance(runner, FolderRunner)]
        self.watch = Watch(self.folders)
        self._scorers = {
            runner: Scorer(runner, self._executor, callers, self._asides.get(runner.stage.name))
            for runner in self.runners
        }
        self._readers = _readers(self.runners)
        self._names = {self.context.name(name): name for name in self._readers}
        self._report = Report(self.runners, self.delivery, self._names, metrics)
        self.commits = Commits(
            self.context,
            self.folders,
            watch=self.watch,
            memory=memory,
            crashed=lambda: app.crashed,
            report=self.report,
            reopen=self._reopen,
            offsets=self._commit_offsets,
            crowded=self._relieve,
        )
        for runner in self.runners:
            names = [self.context.name(topic.name) for topic in runner.topics]
            channels.attach(app, runner.stage.name, names, partial(self._handle, runner))

    # -- what there is to share out

    def layout(self) -> Layout:
        """Return the co-partitioned groups of topics that workers share out."""
        groups: dict[str, list[str]] = {}
        for runner in self.runners:
            for topic in runner.topics:
                groups.setdefault(topic.key, []).append(topic.name)
        return Layout(
            {key: tuple(sorted(self.context.name(name) for name in names)) for key, names in groups.items()},
            {key: self.context.partitions[names[0]] for key, names in groups.items()},
            frozenset(runner.topics[0].key for runner in self.folders),
        )

    def on_disk(self) -> Iterable[Unit]:
        """Return the shares whose states lie on this machine."""
        return [(runner.topics[0].key, n) for runner in self.folders for n in sorted(runner.keyspace.held())]

    def ready(self) -> bool:
        """Tell whether views are read, and every assigned partition is open."""
        return self._views_read and self.assignment is not None and not self.delivery.closed()

    # -- life

    async def start(self) -> None:
        """Connect and read the views; to be called before the worker joins its group."""
        changelogs = await self._connect(changelog.producer(self.servers))
        for runner in self.folders:
            runner.keyspace.changelog.start(changelogs)
        self.context.outbox.start(await self._connect(changelog.producer(self.servers)))
        lookup = await self._connect(reader(self.servers, wait_ms=self.wait_ms))
        self.openings.start(lookup)
        self.warm.start(lookup)
        self.watch.start(lookup)
        await asyncio.gather(*(aside.start(self.app.crash) for aside in self._asides.values()))
        await self.views.start(self.app.crash)
        await asyncio.gather(*(aside.caught_up() for aside in self._asides.values()))
        self._views_read = True
        for scorer in self._scorers.values():
            scorer.start(self.app.crash)

    async def stop(self) -> None:
        """Release everything, each part within a bound and whatever fails; nothing is committed any more."""
        await _released("openings", self.openings.cancel)
        await _released("warm copies", self.warm.end)
        await asyncio.gather(*(_released("scorer", scorer.stop) for scorer in self._scorers.values()))
        await _released("views", self.views.stop)
        await asyncio.gather(*(_released("process", aside.stop) for aside in self._asides.values()))
        if self.app.crashed:
            await _released("outbox", self.context.outbox.stop)  # a commit may wait for it
        finished = await _released("commit", self.commits.lock.acquire)
        self.delivery.revoke()
        self._clear_owed()
        await asyncio.gather(*(_released("stores", partial(_close, runner.keyspace)) for runner in self.folders))
        if finished:
            self.commits.lock.release()
        await _released("outbox", self.context.outbox.stop)
        await asyncio.gather(*(_released("client", client.stop) for client in self._clients))
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _connect(self, client: Any) -> Any:
        self._clients.append(client)
        await client.start()
        return client

    # -- assignments

    def begin_assignment(self, sources: Iterable[Source]) -> list[Partition]:
        """Begin an assignment in which every partition is closed."""
        self.assignment = object()
        self.metrics.rebalances.inc()
        partitions = list(self.delivery.assign(sources).values())
        self.metrics.assigned.set(len(partitions))
        self._clear_owed()
        self._report.forget_lag()
        return partitions

    def restore(self, partitions: Iterable[Partition]) -> None:
        """Bring the states of *partitions* here, and open each as soon as its state is there."""
        owned = [partition for partition in partitions if self.delivery.owns(partition)]
        by_source = {partition.source: partition for partition in owned}
        warm = self.warm_units()
        for runner in self.folders:
            names = {self.context.name(topic.name) for topic in runner.topics}
            numbers = {number for name, number in by_source if name in names}
            spare = {number for key, number in warm if key == runner.topics[0].key}
            self.openings.restore(runner, numbers, spare)
        stateless = [p for p in owned if isinstance(self._readers[self._names[p.source[0]]], MapperRunner)]
        if stateless:
            self.openings.open(stateless)
        self.warm.begin(self.folders, warm)

    async def end_assignment(self) -> None:
        """Forget what is delivered and not committed, but never in the middle of a commit."""
        async with self.commits.lock:
            await self.openings.cancel()  # the last commit may have begun some
            await self.warm.end()
            self.assignment = object()
            self.delivery.revoke()
            self._clear_owed()
            self._report.forget_lag()
            for runner in self.folders:
                runner.keyspace.deactivate()

    async def drain(self, *, lists: bool) -> None:
        """Let running batches end and, if *lists*, owed work be done, both within bounds; nothing new is begun."""
        self.delivery.drain()
        if self.app.crashed:
            return
        end = time.monotonic() + _DRAIN_SECONDS
        while self.delivery.running and time.monotonic() < end:  # noqa: ASYNC110  bounded by a time, too
            await asyncio.sleep(0.01)
        if self.delivery.running:
            log.warning("batches still run, they will be repeated", batches=self.delivery.running)
        end = time.monotonic() + _LISTS_SECONDS
        while lists and time.monotonic() < end and any(len(r.queue) + r.queue.flying for r in self.runners):
            for runner in self.runners:
                runner.queue.hurry()
                self._scorers[runner].wake()
            await asyncio.sleep(0.02)

    # -- records in

    def deliver(self, source: Source, at: int, records: Sequence[Any]) -> None:
        """Hand *records*, read from *at* on, to the agent of their topic in batches."""
        topic = self._names[source[0]]
        queue = channels.queue(self.app, source[0])
        for start in range(0, len(records), _BATCH_RECORDS):
            part = records[start : start + _BATCH_RECORDS]
            end = part[-1].offset + 1
            if queue is None:
                return
            entry = self.delivery.deliver(source, at, end, len(part), 1, part[0].timestamp, _size(part))
            if entry is None:
                return
            queue.put_nowait(Batch(topic, source[1], part, entry))
            at = end

    def fetchable(self) -> dict[Source, int]:
        """Return the offset to read next of each partition that may be read now."""
        for runner in self.runners:
            for topic in runner.topics:
                self.delivery.owe(self.context.name(topic.name), runner.queue.kept)
        return self.delivery.fetchable()

    def note_ends(self, ends: Mapping[Source, int]) -> None:
        """Remember how far the logs reach."""
        self._report.note_ends(ends)

    async def wait_for_change(self, seconds: float) -> None:
        """Return when a batch was finished or a partition opened, or after *seconds*."""
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _handle(self, runner: Runner, batch: Batch) -> None:
        await self.context.outbox.room.wait()  # folding makes facts
        if not self.delivery.start(batch.entry):
            return
        try:
            await runner.handle(batch)
        except EngineError as error:  # its line says all
            await self.app.crash(error)
            raise
        except Exception as error:
            log.exception("a batch failed", agent=runner.stage.name, topic=batch.topic, partition=batch.partition)
            await self.app.crash(error)
            raise
        runner.note(batch)
        self.delivery.stop(batch.entry)
        self._changed.set()
        self._scorers[runner].wake()
        if self.delivery.due():
            self.commits.due.set()

    # -- what commits need

    def _reopen(self, runner: FolderRunner, shard: Shard, error: FencedError) -> None:
        self.openings.reopen(runner, shard, error)
        self._clear_owed()

    def report(self) -> None:
        """Bring the metrics up to date."""
        self._report.tell()

    def _relieve(self) -> None:
        for runner in self.runners:
            runner.queue.relieve()

    async def _commit_offsets(self, offsets: Mapping[Source, int]) -> bool:
        return await self.consumer.commit_offsets(offsets)

    async def _committed(self, sources: Sequence[Source]) -> Mapping[Source, int | None]:
        return await self.consumer.committed(sources)

    # -- wiring

    def _runner(self, stage: Stage, directory: Path, stores: Memory, owed_lists: int) -> Runner:
        self.metrics.declare(stage, topics.read_by(stage))
        if isinstance(stage, Folder):
            log_of_states = Changelog(topics.changelog(self.app.conf.id, stage.name))
            return FolderRunner(stage, Keyspace(stage, log_of_states, directory, stores), self.context, owed_lists)
        return MapperRunner(stage, self.context)  # type: ignore[arg-type]  # there are two kinds

    def _clear_owed(self) -> None:
        for runner in self.runners:
            runner.clear(lambda entry: not self.delivery.owns(entry.partition))

    def _count_outputs(self, topic: str, records: int) -> None:
        self.metrics.outputs.labels(topic.removeprefix(self.context.name(""))).inc(records)


def _size(records: Sequence[Any]) -> int:
    """Return how many bytes *records* take; of many, as some of them tell."""
    step = 1 + len(records) // _WEIGHED_RECORDS
    return step * sum([_RECORD_BYTES + len(record.value or b"") for record in records[::step]])


async def _released(what: str, release: Callable[[], Awaitable[object]]) -> bool:
    """Release a part of a worker that stops; tell whether that was done."""
    try:
        async with asyncio.timeout(_RELEASE_SECONDS):
            await release()
    except Exception as error:  # noqa: BLE001  whatever it is, the other parts have to be released, too
        log.warning("not released", part=what, error=repr(error))
        return False
    return True


async def _close(keyspace: Keyspace) -> None:
    try:
        await keyspace.opened()
    finally:
        keyspace.close()


def _readers(runners: Sequence[Runner]) -> dict[str, Runner]:
    """Return topic to who reads it; a ValueError if two of *runners* would: each would get some of its records."""
    readers: dict[str, Runner] = {}
    for runner in runners:
        for topic in runner.topics:
            if topic.name in readers:
                message = f"{topic.name} is read by {readers[topic.name].stage.name} and by {runner.stage.name}"
                raise ValueError(message)
            readers[topic.name] = runner
    return readers
