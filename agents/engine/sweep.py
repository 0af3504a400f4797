"""Lets states leave that are of no use any more: goes round what is stored, a few at a time, and again.

What is judged by is how far the partition's events have come: at the end of a round, the newest event that as many
states as `WITNESSES` reach, and never more than this machine's clock says.  So a few clocks in the future let nothing
leave.  A state that leaves is one in which no event would find anything, so nobody sees it go, but for the space.
"""

import heapq

from agents.engine.folding import FolderRunner
from agents.engine.store import Shard
from agents.processor import State

WITNESSES = 16
"""States that must have an event so new before others may be too old."""

BITE = 100
"""States looked at in one step, some ten microseconds each."""

_IDLE_INTERVALS = 60
"""Between commits, since a state was used last, before it may leave: what it owed is made by then."""


class Sweep:
    """The round of one processor's states."""

    def __init__(self, runner: FolderRunner, witnesses: int = WITNESSES) -> None:
        self._runner = runner
        self._witnesses = witnesses
        self._newest: dict[int, list[int]] = {}
        """Of each partition, the times of the states with the newest events of this round: a heap."""
        self._partition = -1
        """Looked at last."""

    def step(self, now: int) -> None:
        """Look at the next states of the next partition; *now* is in milliseconds since 1970."""
        shards = {shard.partition: shard for shard in self._runner.keyspace.active()}
        if not shards:
            return
        self._partition = min((n for n in shards if n > self._partition), default=min(shards))
        shard = shards[self._partition]
        shard.stay()
        committed = self._committed(shard)
        if committed is not None:
            self._look(shard, committed, now)

    def _look(self, shard: Shard, committed: list[int], now: int) -> None:
        folder, left, time = self._runner.stage, 0, min(shard.newest, now)
        newest = self._newest.setdefault(shard.partition, [])
        for key, state in shard.next_stored(BITE):
            life = folder.life(state)
            if life is None:
                return
            heapq.heappush(newest, life.newest)
            if len(newest) > self._witnesses:
                heapq.heappop(newest)
            over = life.ends is not None and life.ends < time
            if over and _missed_by_nobody(shard, key, state, committed) and shard.forget(key, state.revision):
                left += 1
                for output in folder.farewell(state, shard.epoch):
                    self._runner.context.emit(output, self._runner.source)
        if shard.round_begins:
            if len(newest) == self._witnesses:
                shard.come(newest[0])
            newest.clear()
        if left:
            self._runner.context.metrics.state_left.labels(folder.name).inc(left)

    def _committed(self, shard: Shard) -> list[int] | None:
        """Return the group's offset of each source of *shard*; None while one of them is not open."""
        context = self._runner.context
        found = [context.delivery.find((context.name(topic.name), shard.partition)) for topic in self._runner.topics]
        offsets = [partition.committed for partition in found if partition is not None]
        known = [offset for offset in offsets if offset is not None]
        return known if len(known) == len(found) else None


def _missed_by_nobody(shard: Shard, key: bytes, state: State, committed: list[int]) -> bool:
    """Tell whether *state* is not in use, and knows of no event that may be delivered again."""
    idle = shard.states.idle(key)
    if idle is not None and idle <= _IDLE_INTERVALS:
        return False
    return all(offset < end for offset, end in zip(state.offsets, committed, strict=True))
