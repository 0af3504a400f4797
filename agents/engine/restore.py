"""Reads the changelog of newly assigned partitions into their local stores.

One call serves one assignment, with a consumer of its own (assigned, not subscribed: no group) that lives as long as
the call.  Cancelling it therefore leaves nothing behind that could reach a later assignment.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.engine import lineage
from agents.engine.errors import LostStatesError
from agents.engine.lineage import Log
from agents.engine.progress import Progress
from agents.engine.store import Shard
from agents.engine.topics import identity

_BITE = 2_000
"""Records applied before other tasks may run."""
_PARTITION_BYTES = 4 << 20
_AT_ONCE = 4
"""Partitions read at a time of those that are far behind: the first ones open early, and what is gathered is bounded."""
_NEAR = 2_000
"""Records to go up to which a partition is read in any case."""
_LOOKS = 3
"""How often a log is looked at before states are said to be missing: a leader that is none any more may have answered."""
_LOOK_SECONDS = 1.0
_STOP_SECONDS = 3.0

Folded = Callable[[int], Awaitable[bool]]
"""Tells whether events of a partition were folded and committed."""


def reader(servers: str, *, wait_ms: int, reset: str = "earliest", partition_bytes: int = 1 << 20) -> AIOKafkaConsumer:
    """Return a consumer without a group that sees committed records only; *wait_ms* is its longest poll.

    *reset*: what it does where its offset is not in the log; "none" is an error.  *partition_bytes*: of one answer.
    """
    return AIOKafkaConsumer(
        bootstrap_servers=servers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset=reset,
        isolation_level="read_committed",
        fetch_max_wait_ms=wait_ms,
        max_partition_fetch_bytes=partition_bytes,
    )


async def restore(
    servers: str,
    topic: str,
    shards: Iterable[Shard],
    *,
    activate: Callable[[Shard], Awaitable[int | None]],
    folded: Folded,
    progress: Progress,
    rest: float = 0.0,
    wait_ms: int = 100,
) -> None:
    """Bring each of *shards* to the end of its partition of *topic* and *activate* it as soon as it is there.

    *activate* returns None, or the offset up to which the shard has to be restored before it can be tried again.
    *rest*: how many times as long as records are applied nothing is done then; *wait_ms*: the longest poll.
    A LostStatesError says that the changelog can't complete a store, and a start from the rest would be wrong.
    """
    consumer = reader(servers, wait_ms=wait_ms, reset="none", partition_bytes=_PARTITION_BYTES)
    work = {TopicPartition(topic, shard.partition): shard for shard in shards}
    try:
        await consumer.start()
        consumer.assign(list(work))
        await _Restore(consumer, servers, topic, work, folded, progress).run(activate, rest)
    finally:
        for shard in work.values():
            progress.end(shard.partition)
        with suppress(TimeoutError):  # a broker that does not answer must not hold up a revoke
            async with asyncio.timeout(_STOP_SECONDS):
                await consumer.stop()


class _Restore:
    """One call of `restore`."""

    def __init__(  # noqa: PLR0917  all it needs to know
        self,
        consumer: AIOKafkaConsumer,
        servers: str,
        topic: str,
        behind: dict[TopicPartition, Shard],
        folded: Folded,
        progress: Progress,
    ) -> None:
        self._consumer = consumer
        self._servers = servers
        self._topic = topic
        self._behind = dict(behind)
        self._folded = folded
        self._progress = progress
        self._ends: dict[TopicPartition, int] = {}
        self._unproven: set[TopicPartition] = set()
        """Where the record that the store read last is to be seen once more, to know that the log is still the same."""

    async def run(self, activate: Callable[[Shard], Awaitable[int | None]], rest: float) -> None:
        """Restore all."""
        await self._begin()
        behind, consumer = self._behind, self._consumer
        while behind:
            there = [place for place in behind if self._there(place)]
            for place in there:
                if behind[place].unclaimed:
                    await self._excuse(place, "unclaimed", behind[place])
            ends = await asyncio.gather(*(activate(behind[place]) for place in there), return_exceptions=True)
            for place, end in zip(there, ends, strict=True):
                if end is None:
                    self._progress.end(behind.pop(place).partition)
                    consumer.pause(place)
                elif isinstance(end, int):
                    self._ends[place] = end
            for error in ends:
                if isinstance(error, BaseException):
                    raise error
            if behind:
                took = await self._step()
                await asyncio.sleep(took * rest)

    def _there(self, place: TopicPartition) -> bool:
        return self._behind[place].next_offset >= self._ends[place] and place not in self._unproven

    async def _begin(self) -> None:
        """Find out whether stores and logs belong together, and where to begin."""
        logs = await self._look()
        for place, shard in self._behind.items():
            log = logs[place]
            self._ends[place] = log.end
            if _begins_anew(shard, log):
                shard.wipe("foreign" if shard.foreign else "recreated")
            if shard.next_offset > log.end:
                shard.wipe("cut")
            if shard.outdated(time.time()) and log.start == 0:  # else what was deleted before it is nowhere else
                shard.wipe("outdated")
            shard.follow(log.topic_id)
            last = shard.last.offset
            if log.start <= last < shard.next_offset:
                self._unproven.add(place)
            self._consumer.seek(place, last if place in self._unproven else shard.next_offset)
            self._progress.begin(shard.partition, log.end - shard.next_offset)
        self._turn()

    async def _look(self) -> dict[TopicPartition, Log]:
        """Return the logs; a LostStatesError if one of them lacks states, however often one looks."""
        places = list(self._behind)
        for look in range(1, _LOOKS + 1):
            topic_id = await asyncio.to_thread(identity, self._servers, self._topic)
            if topic_id is None:
                losses = [lineage.gone(self._topic)]
            else:
                starts = await self._consumer.beginning_offsets(places)
                ends = await self._consumer.end_offsets(places)
                logs = {place: Log(topic_id, starts[place], ends[place]) for place in places}
                losses = [line for place, log in logs.items() if (line := await self._loss(place, log))]
            if not losses:
                return logs
            if look < _LOOKS:
                await asyncio.sleep(_LOOK_SECONDS)
        raise LostStatesError(losses[0])

    async def _loss(self, place: TopicPartition, log: Log) -> str | None:
        """Return what to say if *log* can't complete the store of *place*."""
        shard = self._behind[place]
        next_offset = 0 if _begins_anew(shard, log) else shard.next_offset
        gap = lineage.gap(next_offset, log)
        if gap is None or lineage.excused(gap, folded=await self._folded(place.partition)):
            return None
        return lineage.loss(f"{place.topic}-{place.partition}", gap, next_offset, log)

    async def _excuse(self, place: TopicPartition, gap: lineage.Gap, shard: Shard) -> None:
        """Raise a LostStatesError unless nothing is lost by *gap*."""
        if not lineage.excused(gap, folded=await self._folded(place.partition)):
            log = Log(shard.topic_id, 0, self._ends[place])
            raise LostStatesError(lineage.loss(f"{place.topic}-{place.partition}", gap, shard.next_offset, log))

    def _turn(self) -> list[TopicPartition]:
        """Return the partitions to be read now; the others are not fetched."""
        reading = nearest({place: self._ends[place] - shard.next_offset for place, shard in self._behind.items()})
        waiting, paused = self._behind.keys() - set(reading), self._consumer.paused() & self._behind.keys()
        if paused - waiting:
            self._consumer.resume(*(paused - waiting))
        if waiting - paused:
            self._consumer.pause(*(waiting - paused))
        return reading

    async def _step(self) -> float:
        """Apply what can be read now; control records and compacted tails move a shard on without a record.

        Return the seconds that it took.
        """
        reading = self._turn()
        fetched = await self._consumer.getmany(*reading, timeout_ms=200, max_records=_BITE)
        begun = time.monotonic()
        for place in reading:
            shard = self._behind[place]
            records: Sequence[Any] = fetched.get(place, ())
            position = await self._consumer.position(place)
            if place in self._unproven:
                if not records and position <= shard.last.offset:
                    continue
                self._unproven.discard(place)
                if not await self._prove(place, shard, records):
                    continue
                records = [record for record in records if record.offset >= shard.next_offset]
            if records or position > shard.next_offset:
                shard.apply(records, position)
                left = max(0, self._ends[place] - position)
                if shard.full or not left:
                    await _settle(shard)
                self._progress.applied(shard.partition, len(records), left)
        return time.monotonic() - begun

    async def _prove(self, place: TopicPartition, shard: Shard, records: Sequence[Any]) -> bool:
        """Tell whether *records* begin with the one that *shard* read last; begin anew with a log that does not.

        A record that was compacted away proves nothing, and nothing speaks against the log.
        """
        first = records[0] if records else None
        if first is None or first.offset != shard.last.offset:
            return True
        if lineage.checksum(first.key, first.value) == shard.last.sum:
            return True
        await self._excuse(place, "forked", shard)
        topic_id = shard.topic_id
        shard.wipe("forked")
        shard.follow(topic_id)
        self._consumer.seek(place, shard.next_offset)
        return False


def nearest(left: Mapping[TopicPartition, int]) -> list[TopicPartition]:
    """Return which of the partitions that have *left* records to go are to be read: all that are near, and some others."""
    order = sorted(left, key=lambda place: (left[place], place))
    near = [place for place in order if left[place] <= _NEAR]
    return order[: len(near) + _AT_ONCE]


async def _settle(shard: Shard) -> None:
    """Write what was gathered, in a thread if it is much; a cancel waits for its end, for the store is then another's."""
    if shard.gathered < _BITE:
        shard.settle()
        return
    writing = asyncio.ensure_future(asyncio.to_thread(shard.settle))
    try:
        await asyncio.shield(writing)
    finally:
        await writing


def _begins_anew(shard: Shard, log: Log) -> bool:
    return shard.foreign or (shard.next_offset > 0 and lineage.another(shard.topic_id, log.topic_id))
