"""Warm copies: states that other workers own, kept up to date here, so that a takeover has next to nothing to restore.

A copy is a restore that never comes to its end: it writes no fence and nothing else to the changelog.  What can't be read
is no reason to stop the worker: its owner stops, or whoever takes over does.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.engine.assignor import Unit
from agents.engine.folding import FolderRunner
from agents.engine.openings import HOPELESS, Openings
from agents.engine.progress import Progress
from agents.engine.restore import restore
from agents.engine.store import Shard
from agents.metrics import Metrics

log = structlog.get_logger(__name__)

_REST = 3.0
"""How many times as long as it applies records a copy then rests: what is in use comes first."""
_POLL_MS = 500
_RETRY_SECONDS = 1.0
_WAIT_SECONDS = 0.2
_LOOK_SECONDS = 2.0
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
    def unit(self) -> Unit:
        """Return what is shared out that it belongs to."""
        return self.runner.topics[0].key, self.shard.partition

    @property
    def behind(self) -> int | None:
        """Return how many records of its changelog it lacks; None if nobody knows."""
        return None if self.end is None else max(0, self.end - self.shard.next_offset)


class WarmCopies:
    """The warm copies of one worker; they end with the assignment that gave them."""

    _lookup: AIOKafkaConsumer

    def __init__(self, servers: str, openings: Openings, metrics: Metrics, *, busy: Callable[[], object]) -> None:
        """Prepare; *busy* tells whether partitions of our own are still to be restored: copies wait for them."""
        self._servers = servers
        self._openings = openings
        self._metrics = metrics
        self._busy = busy
        self._copies: list[Copy] = []
        self._ready: list[Unit] = []
        self._runners: list[FolderRunner] = []
        self._task: asyncio.Task[None] | None = None

    def start(self, lookup: AIOKafkaConsumer) -> None:
        """Ask *lookup* where logs end."""
        self._lookup = lookup

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
        late = {copy.unit for copy in self._copies if copy.behind is None or copy.behind > _CAUGHT_UP}
        return sorted({copy.unit for copy in self._copies} - late)

    async def _keep(self, units: Sequence[Unit]) -> None:
        while self._busy():  # noqa: ASYNC110  it ends with the assignment
            await asyncio.sleep(_WAIT_SECONDS)
        for runner in self._runners:
            try:
                shards = await runner.keyspace.keep_warm(number for key, number in units if key == runner.topics[0].key)
            except HOPELESS as error:
                self._give_up(runner, error)
            else:
                self._copies += [Copy(runner, shard) for shard in shards]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            for runner in self._runners:
                tasks.create_task(self._follow(runner, [it.shard for it in self._copies if it.runner is runner]))

    async def _follow(self, runner: FolderRunner, shards: Sequence[Shard]) -> None:
        """Read on for ever, or until something can't be read."""

        async def folded(number: int) -> bool:
            return await self._openings.folded(runner, number)

        while shards:
            try:
                await restore(
                    self._servers,
                    runner.keyspace.changelog.topic,
                    shards,
                    activate=_never,
                    folded=folded,
                    progress=_Unseen(),
                    rest=_REST,
                    wait_ms=_POLL_MS,
                )
            except HOPELESS as error:
                self._give_up(runner, error)
                return
            except Exception as error:  # noqa: BLE001  whatever the broker does: try again
                log.warning("warm copies are not read, trying again", agent=runner.stage.name, error=repr(error))
                await asyncio.sleep(_RETRY_SECONDS)
            finally:
                self._openings.tell_emptied(runner, shards)

    def _give_up(self, runner: FolderRunner, error: Exception) -> None:
        log.warning("warm copies are given up until the next assignment", agent=runner.stage.name, error=str(error))
        self._copies = [copy for copy in self._copies if copy.runner is not runner]

    async def _watch(self) -> None:
        """See how far the changelogs reach, whether the copies are read or not."""
        while self._copies:
            copies = list(self._copies)
            try:
                ends = await self._lookup.end_offsets([copy.place for copy in copies])
            except Exception as error:  # noqa: BLE001  whatever it is, the copies are read on
                log.warning("nobody knows how far warm copies are", error=repr(error))
            else:
                for copy in copies:
                    copy.end = ends[copy.place]
                self._report()
            await asyncio.sleep(_LOOK_SECONDS)
        self._report()

    def _report(self) -> None:
        for runner in self._runners:
            its = [copy for copy in self._copies if copy.runner is runner]
            self._metrics.warm.labels(runner.stage.name).set(len(its))
            self._metrics.warm_lag.labels(runner.stage.name).set(sum(copy.behind or 0 for copy in its))


class _Unseen(Progress):
    """A restore that is none."""

    def __init__(self) -> None:
        pass

    def begin(self, partition: int, left: int) -> None:
        del partition, left

    def applied(self, partition: int, records: int, left: int) -> None:
        del partition, records, left

    def end(self, partition: int) -> None:
        del partition


async def _never(shard: Shard) -> int:
    """Do not use the states; wait for more."""
    return shard.next_offset + 1
