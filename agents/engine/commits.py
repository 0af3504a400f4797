"""Makes what is finished durable.

The order of a commit: what may be committed is noted; dirty states are encoded; every fact of the events in them is
acknowledged; the states are in the changelog; they are in RocksDB; the offsets are the group's.

All partitions at once keep lists waiting for as long as a commit takes.  So they take turns: each is committed once in
the interval, and between two turns the worker does what it is for.  Where so much changes that a turn would be long, too,
they are committed together, once in the interval.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from agents.engine.context import Context
from agents.engine.delivery import Source
from agents.engine.errors import FencedError
from agents.engine.folding import FolderRunner
from agents.engine.states import relieve
from agents.engine.store import Flush, Shard
from agents.engine.sweep import Sweep
from agents.engine.watch import Watch

TURNS = 4
"""In one interval."""

TOGETHER = 2_000
"""Changed states from which on partitions do not take turns; some 40 ms."""


class Commits:
    """The commits of one worker, one at a time."""

    def __init__(
        self,
        context: Context,
        folders: Sequence[FolderRunner],
        *,
        watch: Watch,
        memory: int,
        crashed: Callable[[], bool],
        report: Callable[[], None],
        reopen: Callable[[FolderRunner, Shard, FencedError], None],
        offsets: Callable[[Mapping[Source, int]], Awaitable[bool]],
        crowded: Callable[[], None],
    ) -> None:
        """*memory*: bytes for states in use.  *crashed* tells whether something went wrong; *report* is called once in an interval.

        *reopen* restores a partition that another worker wrote to; *offsets* tells the group how far this worker is, and
        returns whether the group took it; *crowded* is called when too much waits for the next commit even behind one.
        """
        self.lock = asyncio.Lock()
        """Held while a commit is under way."""
        self.due = asyncio.Event()
        """Whether so much is not committed that it should not wait for its turn."""
        self._folders = folders
        self._delivery, self._outbox, self._metrics = context.delivery, context.outbox, context.metrics
        self._changed = context.changed
        self._watch, self._memory = watch, memory
        self._sweeps = [Sweep(folder) for folder in folders]
        self._crashed, self._report, self._reopen = crashed, report, reopen
        self._offsets, self._crowded = offsets, crowded
        self._turn = -1

    async def step(self) -> bool:
        """Commit what has its turn next; tell whether offsets were committed.  A failure is an EngineError."""
        self._turn = (self._turn + 1) % TURNS
        together = self._delivery.due() or self._changed_states() >= TOGETHER
        if together and self._turn == 0:
            return await self.commit()
        async with self.lock:
            if not together:
                return await self._commit(self._turn)
            await self._make_room()
            return False

    async def commit(self) -> bool:
        """Commit all that is finished; tell whether offsets were committed.  A failure is an EngineError."""
        async with self.lock:
            done = await self._commit(None)
            if self._delivery.full():
                self._crowded()
            return done

    async def _commit(self, turn: int | None) -> bool:
        """Commit the partitions that have their *turn*, all if None.

        Behind a crash nothing is: a fold that failed may have left half of an event in a state.
        """
        if self._crashed():
            return False
        begun = time.monotonic()
        await self._make_room()
        if not turn:
            await self._look_round(begun)
        offsets = {it: end for it, end in self._delivery.committable().items() if _has_turn(it.source[1], turn)}
        flushes = [(folder, flush) for folder in self._folders for flush in await self._encoded(folder, turn)]
        if self._crashed() or not (offsets or flushes):
            self._metrics.beat("commit")
            return False
        await self._outbox.drained()
        writes = (self._write(folder, flush) for folder, flush in flushes)
        failures = [it for it in await asyncio.gather(*writes, return_exceptions=True) if it is not None]
        if failures:  # and none of the writes is under way any more
            raise failures[0]
        live = {partition: offset for partition, offset in offsets.items() if self._delivery.owns(partition)}
        done = bool(live) and await self._offsets({p.source: o for p, o in live.items()})
        if done:
            for partition, offset in live.items():
                self._delivery.committed(partition, offset)
        self._changed()
        self._metrics.commit_seconds.observe(time.monotonic() - begun)
        self._metrics.beat("commit")
        return done

    def _changed_states(self) -> int:
        return sum(len(shard.dirty) for shard in self._active())

    async def _make_room(self) -> None:
        await relieve(self._active(), self._memory)

    def _active(self) -> list[Shard]:
        return [shard for folder in self._folders for shard in folder.keyspace.active()]

    async def _look_round(self, now: float) -> None:
        """Do what is to be done once in an interval."""
        self._report()
        await asyncio.sleep(0)
        for folder, shard in await self._watch.intruded(now):
            self._reopen(folder, shard, FencedError("another worker wrote while nothing was written here"))
        for sweep in self._sweeps:
            sweep.step(int(time.time() * 1000))
            await asyncio.sleep(0)
        for folder in self._folders:
            folder.keyspace.usage.now += 1

    @staticmethod
    async def _encoded(folder: FolderRunner, turn: int | None) -> list[Flush]:
        return await folder.keyspace.encode([n for n in folder.keyspace.shards if _has_turn(n, turn)])

    async def _write(self, folder: FolderRunner, flush: Flush) -> None:
        try:
            await folder.keyspace.write(flush)
        except FencedError as error:
            self._reopen(folder, flush.shard, error)
            return
        self._metrics.state_written.labels(folder.stage.name).inc(len(flush.items))


def _has_turn(partition: int, turn: int | None) -> bool:
    return turn is None or partition % TURNS == turn
