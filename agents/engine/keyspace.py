"""The states of one processor: which partitions are here, and how they become durable."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import msgspec

from agents.engine.changelog import BITE, Changelog
from agents.engine.database import Memory
from agents.engine.errors import FencedError
from agents.engine.formats import EPOCH, FENCE_KEY, LEDGER_KEY, Kept, next_epoch
from agents.engine.states import Usage
from agents.engine.store import Flush, Shard
from agents.processor import Folder, State, sources


class Keyspace:
    """The partitions of a processor's state that this worker has."""

    def __init__(self, folder: Folder, changelog: Changelog, directory: Path, memory: Memory) -> None:
        self.name = folder.name
        self.folder = folder
        self.changelog = changelog
        self.shards: dict[int, Shard] = {}
        """Assigned ones."""
        self._stores: dict[int, Shard] = {}
        """All that are open: assigned ones and warm copies."""
        self.usage = Usage()
        self._directory = directory
        self._memory = memory
        self._assigning = asyncio.Lock()
        self._persisting = asyncio.Lock()
        """Acks of all partitions come together; other tasks run between the writes to their stores."""
        self._opening: dict[int, asyncio.Future[Shard]] = {}
        """Stores that a thread opens."""
        self._offsets = len(sources(folder))
        self._encode = msgspec.msgpack.Encoder().encode
        self._decoder = msgspec.msgpack.Decoder(folder.state)
        self.kept = Kept(changelog.topic, folder.state.format)

    # -- which partitions

    def held(self) -> set[int]:
        """Return the partitions that have a store on this machine."""
        names = (path.name for path in self._directory.glob(f"{self.name}-*.db"))
        return {int(number) for name in names if (number := name[len(self.name) + 1 : -3]).isdigit()}

    async def assign(self, partitions: Iterable[int], warm: Iterable[int] = ()) -> list[Shard]:
        """Keep open what stays here, assigned or *warm*, close the rest; return the shards assigned, none of them active."""
        self.deactivate()
        async with self._assigning:
            wanted = set(partitions)
            await self.opened()
            for partition in self._stores.keys() - wanted.union(warm):
                self._stores.pop(partition).close()
            self.shards = {}
            await self._open(wanted)
            self.shards = {partition: self._stores[partition] for partition in sorted(wanted)}
            return list(self.shards.values())

    async def keep_warm(self, partitions: Iterable[int]) -> list[Shard]:
        """Return the shards of *partitions* that are not assigned to this worker, to be kept up to date."""
        async with self._assigning:
            await self.opened()
            spare = set(partitions) - self.shards.keys()
            await self._open(spare)
            return [self._stores[partition] for partition in sorted(spare)]

    async def _open(self, partitions: set[int]) -> None:
        """Open stores in a thread, where each takes some 25 ms."""
        for partition in sorted(partitions - self._stores.keys()):
            path = self._directory / f"{self.name}-{partition}.db"
            opening = asyncio.to_thread(Shard, partition, path, self._memory, self.kept, self._decode, self.usage)
            self._opening[partition] = asyncio.ensure_future(opening)
            await self.opened()

    async def opened(self) -> None:
        """Wait for the stores that are being opened: a thread can't be cancelled, and nobody else may open them."""
        for partition, opening in list(self._opening.items()):
            await asyncio.wait([opening])
            if self._opening.pop(partition, None) is opening:
                self._stores[partition] = opening.result()

    def active(self) -> list[Shard]:
        """Return the partitions whose states may be used."""
        return [shard for shard in self.shards.values() if shard.active]

    def deactivate(self) -> None:
        """Drop every cached and unflushed state."""
        for shard in self.shards.values():
            shard.deactivate()

    async def activate(self, shard: Shard) -> int | None:
        """Fence off former owners of a restored *shard*, mend what they spoilt, and open it.

        Return None, or up to where to restore first because others wrote meanwhile.
        """
        epoch = next_epoch(shard.epoch, self.kept.format)
        at = await self.changelog.append(shard.partition, [(FENCE_KEY, EPOCH.pack(epoch))])
        if at.first != shard.next_offset:
            return at.end
        shard.take_over(epoch, at.end)
        if shard.unflushed:  # at once: compaction keeps the last record of a key, here a former owner's
            flush = await self._encoded(shard)
            if flush is None or not await self._mended(flush):
                return at.end
        shard.active = True
        return None

    async def _mended(self, flush: Flush) -> bool:
        """Write what a former owner spoilt; False if somebody writes between: what he wrote is to be restored first."""
        try:
            await self.write(flush)
        except FencedError:
            flush.shard.deactivate()
            return False
        return True

    def close(self) -> None:
        """Release the stores; what is not flushed is dropped."""
        for shard in self._stores.values():
            shard.close()
        self._stores.clear()
        self.shards.clear()

    # -- what is written

    async def encode(self, partitions: Iterable[int]) -> list[Flush]:
        """Return the dirty states of each of *partitions* as they are now, a bite at a time."""
        flushes: list[Flush] = []
        for shard in [self.shards[partition] for partition in partitions]:
            if shard.active and shard.unflushed:
                flush = await self._encoded(shard)
                if flush is not None:
                    flushes.append(flush)
        if flushes and flushes[-1].items:
            self._sample(flushes[-1])
        return flushes

    async def _encoded(self, shard: Shard) -> Flush | None:
        """Return what is to be flushed of *shard*; None if it is deactivated meanwhile."""
        (keys, flush), states = shard.begin_flush(), shard.states
        for start in range(0, len(keys), BITE):
            shard.encode(self._encode, keys[start : start + BITE], flush)
            await asyncio.sleep(0)
            if shard.states is not states:
                return None
        return flush

    def _sample(self, flush: Flush) -> None:
        """Learn from one state of *flush* how much memory states take."""
        key, value = flush.items[-1]
        if flush.shard.active and (state := flush.shard.states.get(key)) is not None:
            self.usage.sample(state, len(value))

    async def write(self, flush: Flush) -> None:
        """Make *flush* durable; a FencedError says that another worker writes this partition."""
        ledger = None if flush.ledger is None else (LEDGER_KEY, flush.ledger)  # it must not be ahead of the states
        at = await self.changelog.append(flush.shard.partition, flush.items, ledger)
        async with self._persisting:
            flush.shard.flushed(flush, at)
            await asyncio.sleep(0)

    def _decode(self, raw: bytes | memoryview | None) -> State:
        if raw is None:
            new: State = self.folder.new()
            new.offsets = [-1] * self._offsets
            return new
        state: State = self._decoder.decode(raw)
        state.offsets.extend([-1] * (self._offsets - len(state.offsets)))
        return state
