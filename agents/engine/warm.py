"""Warm copies: states that other workers own, kept up to date here, so that a takeover has next to nothing to restore.

A copy follows its changelog as a restore does, and never goes on to use the states: it writes no fence and nothing else.
What can't be read is no reason to stop: the owner stops, or whoever takes over does.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.engine.assignor import Unit
from agents.engine.errors import FormatError, StateError
from agents.engine.folding import FolderRunner
from agents.engine.restore import reader
from agents.engine.store import Shard
from agents.metrics import Metrics

log = structlog.get_logger(__name__)

_BITE = 2_000
"""Records applied before other tasks may run."""
_POLL_MS = 1_000
_REST = 3
"""How many times as long as it applies records a copy then rests: what is in use comes first."""
_RETRY_SECONDS = 1.0
_WAIT_SECONDS = 0.2
_CAUGHT_UP = 10_000
"""Records behind, below which a copy is restored in no time."""


@dataclass(eq=False, slots=True)
class Copy:
    """One partition of states of another worker."""

    runner: FolderRunner
    shard: Shard
    end: int | None = None
    """How far its changelog reaches; None if that is not known yet, or the copy is given up."""

    @property
    def place(self) -> TopicPartition:
        """Return where its changelog is."""
        return TopicPartition(self.runner.keyspace.changelog.topic, self.shard.partition)

    @property
    def behind(self) -> int | None:
        """Return how many records of its changelog it lacks; None if nobody knows."""
        return None if self.end is None else max(0, self.end - self.shard.next_offset)


class WarmCopies:
    """The warm copies of one worker; they end with the assignment that gave them."""

    def __init__(self, servers: str, metrics: Metrics, wait_ms: int, busy: Callable[[], object]) -> None:
        """*busy* tells whether partitions of our own are still to be restored: copies wait for them."""
        self._servers = servers
        self._metrics = metrics
        self._wait_ms = wait_ms
        self._busy = busy
        self._copies: list[Copy] = []
        self._ready: list[Unit] = []
        self._runners: list[FolderRunner] = []
        self._task: asyncio.Task[None] | None = None

    def begin(self, runners: Sequence[FolderRunner], units: Iterable[Unit]) -> None:
        """Keep copies of *units* from now on, of each of *runners* that has states in them."""
        self._runners = list(runners)
        units = list(units)
        if units:
            self._task = asyncio.create_task(self._keep(units))

    async def end(self) -> None:
        """Let go of every copy; its store stays open until the next assignment says whose it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._ready, self._copies = self._caught_up(), []
        self._report()

    def caught_up(self) -> list[Unit]:
        """Return the units that lacked next to nothing here when the assignment ended; may be called in any thread."""
        return self._ready

    def _caught_up(self) -> list[Unit]:
        late = {_unit(copy) for copy in self._copies if copy.behind is None or copy.behind > _CAUGHT_UP}
        return sorted({_unit(copy) for copy in self._copies} - late)

    async def _keep(self, units: Sequence[Unit]) -> None:
        while self._busy():  # noqa: ASYNC110  it ends with the assignment
            await asyncio.sleep(_WAIT_SECONDS)
        readable = True
        while readable:
            try:
                self._copies = await self._open(units)
                readable = await self._follow({copy.place: copy for copy in self._copies})
            except Exception as error:  # noqa: BLE001  whatever it is: who owns the states does not need the copies
                log.warning("warm copies are not read, trying again", error=repr(error))
                await asyncio.sleep(_RETRY_SECONDS)

    async def _open(self, units: Sequence[Unit]) -> list[Copy]:
        copies = []
        for runner in self._runners:
            numbers = [number for key, number in units if key == runner.topics[0].key]
            copies += [Copy(runner, shard) for shard in await runner.keyspace.keep_warm(numbers)]
        return copies

    async def _follow(self, following: dict[TopicPartition, Copy]) -> bool:
        """Read on for ever; return False when nothing of *following* can be read."""
        consumer = reader(self._servers, wait_ms=self._wait_ms)
        try:
            await consumer.start()
            consumer.assign(list(following))
            for place, end in (await consumer.end_offsets(list(following))).items():
                copy = following[place]
                if copy.shard.foreign or copy.shard.next_offset > end:
                    copy.shard.wipe()
                consumer.seek(place, copy.shard.next_offset)
                copy.end = end
            while following:
                self._report()
                await self._step(consumer, following)
        finally:
            await consumer.stop()
        return False

    async def _step(self, consumer: AIOKafkaConsumer, following: dict[TopicPartition, Copy]) -> None:
        fetched = await consumer.getmany(*following, timeout_ms=_POLL_MS, max_records=_BITE)
        begun = time.monotonic()
        for place, copy in list(following.items()):
            records = fetched.get(place, ())
            position = await consumer.position(place)
            copy.end = max(copy.end or 0, consumer.highwater(place) or 0)
            try:
                if position > copy.shard.next_offset:
                    copy.shard.apply(records, position)
            except (FormatError, StateError) as error:
                log.warning("a warm copy is given up", agent=copy.runner.stage.name, error=str(error))
                copy.end = None
                consumer.pause(place)
                del following[place]
        await asyncio.sleep((time.monotonic() - begun) * _REST if fetched else 0)

    def _report(self) -> None:
        for runner in self._runners:
            its = [copy for copy in self._copies if copy.runner is runner and copy.behind is not None]
            self._metrics.warm.labels(runner.stage.name).set(len(its))
            self._metrics.warm_lag.labels(runner.stage.name).set(sum(copy.behind or 0 for copy in its))


def _unit(copy: Copy) -> Unit:
    return copy.runner.topics[0].key, copy.shard.partition
