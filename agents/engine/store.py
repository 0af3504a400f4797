"""One partition of keyed state: a cache over RocksDB that follows a changelog partition.

What holds:

- Every changelog value begins with an epoch.  Who takes the partition over writes a fence with a higher one; what a
  former owner writes behind it is ignored.  An epoch of another format stops the worker before anything is written.
- States and the changelog offset that they reach are written to RocksDB in one step.
- A state leaves by a tombstone, whose epoch stands in a header; compaction removes it in the end.  A store that was not
  written for half of the time that tombstones last is made anew.
- Where a former owner's record is the last one of its key, the new owner writes the good state again behind its fence,
  before it opens the partition; `min.compaction.lag.ms` must cover the time until then, for compaction keeps that record.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
from rocksdict import WriteBatch

from agents.engine.changelog import Stretch
from agents.engine.database import Database, Memory
from agents.engine.errors import FencedError, StoreError
from agents.engine.formats import (
    EPOCH,
    FENCE_KEY,
    LEDGER_KEY,
    RESERVED,
    TOMBSTONES_LAST,
    Decode,
    Kept,
    Tombstone,
    format_of,
)
from agents.engine.gathered import Gathered
from agents.engine.ledger import Ledger
from agents.engine.lineage import Last, Wiped, checksum
from agents.engine.states import States, Usage

_META_KEY = RESERVED + b"__meta"
_STAY_SECONDS = 3_600.0
_TRUSTED_SECONDS = TOMBSTONES_LAST.total_seconds() / 2


class ChangelogRecord(Protocol):
    """What is read of a fetched record."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes | None

    @property
    def headers(self) -> Iterable[tuple[str, bytes | None]]:
        """Looked at if there is no value."""


class _Meta(msgspec.Struct, array_like=True):
    """What a store remembers beside its states."""

    next_offset: int = 0
    epoch: int = 0
    """The highest one seen."""
    stale: list[bytes] = []
    """Keys whose last changelog record is a fenced one."""
    changelog: str = ""
    """The topic that the states come from; empty if written by a version that did not say."""
    topic_id: str = ""
    """The broker's id of that topic; empty if it told none."""
    last: Last = Last()
    unclaimed: bool = False
    """Whether no fence was seen: every changelog that a worker ever used has one."""
    written: int = 0
    """When, by this machine's clock, in milliseconds since 1970; 0 if by a version that did not say."""
    newest: int = 0
    """How far its events have come, in milliseconds since 1970: see `sweep`."""
    swept: bytes = b""
    """The key from which on states are looked at next, to see whether they may leave."""


class Flush(NamedTuple):
    """States encoded at one moment, to be written."""

    shard: "Shard"
    items: list[tuple[bytes, bytes]]
    batch: Any
    """A RocksDB write batch of the same states."""
    ledger: bytes | None
    """What is to be written behind them, if anything."""


class Shard:
    """One partition of the states of a processor."""

    def __init__(  # noqa: PLR0917  all it needs to know
        self, partition: int, path: Path, memory: Memory, kept: Kept, decode: Decode, usage: Usage | None = None
    ) -> None:
        self.partition = partition
        self.active = False
        """Whether the states may be used."""
        self._usage = usage or Usage()
        self.states = States(_nothing, self._usage)
        self.dirty: set[bytes] = set()
        """Keys to be flushed."""
        self.floor = 0
        """The greatest revision of what left under this epoch; new states begin there, so that lists of a key that comes
        back are newer than those of before."""
        self._forgotten: set[bytes] = set()
        """Keys that leave with the next flush, unless they are dirty by then."""
        self._leaving: set[bytes] = set()
        """Keys of the flush that is under way, or was broken off."""
        self.ledger = Ledger()
        self._noted = False
        """Whether the ledger is in the flush that is under way, or was broken off."""
        self.fenced = 0
        """Records of former owners seen so far."""
        self._kept = kept
        self._decode = decode
        self._db = Database(path, memory)
        self._gathered = Gathered(self._db)
        self.emptied: Wiped | None = "damaged" if self._db.healed else None
        """Why the store had to be emptied; whoever tells it sets it back."""
        self._remember()

    def _remember(self) -> None:
        raw = self._db.get(_META_KEY)
        try:
            self._meta = msgspec.msgpack.decode(raw, type=_Meta) if raw is not None else _Meta(unclaimed=True)
        except msgspec.MsgspecError:
            self.wipe("damaged")
        self._stale = set(self._meta.stale)

    @property
    def next_offset(self) -> int:
        """Changelog offset to apply next."""
        return self._meta.next_offset

    @property
    def epoch(self) -> int:
        """Number of this ownership, higher than that of each former one."""
        return self._meta.epoch

    @property
    def foreign(self) -> bool:
        """Whether this store does not belong to its changelog: its states come from another, or are of another format."""
        meta, kept = self._meta, self._kept
        return meta.epoch > 0 and (meta.changelog not in {"", kept.changelog} or format_of(meta.epoch) != kept.format)

    def outdated(self, now: float) -> bool:
        """Whether, at *now* in seconds since 1970, this store may have missed a tombstone that is gone from the changelog."""
        return self.next_offset > 0 and abs(now - self._meta.written / 1000) > _TRUSTED_SECONDS

    # -- following the changelog

    @property
    def topic_id(self) -> str:
        """The broker's id of the changelog that the states come from; empty if it is not known."""
        return self._meta.topic_id

    @property
    def last(self) -> Last:
        """The record that was read or written last."""
        return self._meta.last

    @property
    def unclaimed(self) -> bool:
        """Whether nothing of the changelog that was read says that a worker ever used it."""
        return self._meta.unclaimed

    @property
    def detail(self) -> str:
        """What RocksDB said of files that were no good."""
        return self._db.healed

    def follow(self, topic_id: str) -> None:
        """Note which changelog the states come from; it is kept with the next write."""
        self._meta.topic_id = topic_id

    def apply(self, records: Sequence[ChangelogRecord], next_offset: int) -> None:
        """Take over restored records, without those of former owners, and where the changelog goes on.

        They are gathered; `settle` writes them.  A FormatError or a StateError says that they can't be used; none of
        them is taken over then.
        """
        meta, kept, stale, read = self._meta, self._kept, self._stale, dict[bytes, bytes | None]()
        highest, current, size, unclaimed = meta.epoch, EPOCH.pack(meta.epoch), 0, meta.unclaimed
        for record in records:
            key, value = record.key, record.value
            if value is None or not (key and value.startswith(current)):
                headers = record.headers if value is None else ()
                epoch = kept.epoch(self.partition, record.offset, key, value, headers)
                if epoch < highest:
                    self.fenced += 1
                    if key != FENCE_KEY:
                        stale.add(key)
                    continue
                kept.check(self.partition, epoch)
                highest, current = epoch, EPOCH.pack(epoch)
            if stale:
                stale.discard(key)
            if value and len(value) > EPOCH.size:
                read[key] = value
                size += len(value)
            elif key != FENCE_KEY:
                read[key] = None
            else:
                unclaimed = False
        self._gathered.add(read, size)
        meta.epoch, meta.unclaimed, meta.next_offset = highest, unclaimed, next_offset
        if records:
            meta.last = Last(records[-1].offset, checksum(records[-1].key, records[-1].value))

    @property
    def gathered(self) -> int:
        """Records that `settle` would write."""
        return self._gathered.records

    @property
    def full(self) -> bool:
        """Whether so much was gathered that it is to be written before more comes."""
        return self._gathered.full

    def settle(self) -> None:
        """Write what was gathered, and how far that is, in one step; takes long if it is much."""
        self._gathered.write(_META_KEY, self._describe(self.next_offset))

    def wipe(self, why: Wiped) -> None:
        """Start from an empty store."""
        self.deactivate()
        self.emptied = why
        self._gathered.drop()
        self._db.clear()
        self._remember()

    def take_over(self, epoch: int, next_offset: int) -> None:
        """Own the states: our fence of *epoch* is in the changelog, and nothing stands before it unread.

        Keys whose last record is a fenced one are to be written again, before the states are `active`.
        """
        if self._gathered.ahead:
            self.settle()
        self._meta.epoch, self._meta.unclaimed = epoch, False
        self._meta.last = Last(next_offset - 1, checksum(FENCE_KEY, EPOCH.pack(epoch)))
        self._persist(WriteBatch(raw_mode=True), next_offset)
        self._begin(States(self._find, self._usage), self._stale - {LEDGER_KEY})
        self.ledger, self._noted = self._read_ledger(), LEDGER_KEY in self._stale

    # -- following the events

    @property
    def unflushed(self) -> bool:
        """Whether something is to be flushed."""
        return bool(self.dirty or self._leaving or self._forgotten or self.ledger.changed or self._noted)

    def forget(self, key: bytes, revision: int) -> bool:
        """Let the state of *key*, which has *revision*, leave with the next flush; False if it is being changed.

        It has to be safe: nothing of what its offsets guard it from may be read again.
        """
        if key in self.dirty or key in self._leaving:
            return False
        self._forgotten.add(key)
        self.floor = max(self.floor, revision)
        return True

    def begin_flush(self) -> tuple[list[bytes], Flush]:
        """Return the keys to be flushed, and what they go into; what changes from now on is for the next flush."""
        self._forgotten -= self.dirty
        self._leaving |= self.dirty
        self._leaving |= self._forgotten
        self.dirty.clear()
        self._noted = self._noted or self.ledger.changed
        ledger = EPOCH.pack(self._meta.epoch) + self.ledger.encode() if self._noted else None
        return list(self._leaving), Flush(self, [], WriteBatch(raw_mode=True), ledger)

    def encode(self, encode: Callable[[Any], bytes], keys: Sequence[bytes], flush: Flush) -> None:
        """Add the present states of *keys* to *flush*."""
        epoch, put, append = EPOCH.pack(self._meta.epoch), flush.batch.put, flush.items.append
        states, stale, forgotten, used = self.states, self._stale, self._forgotten, self.states.used
        for key in keys:
            if (key in forgotten and key not in self.dirty) or (
                key in stale and key not in states and self._db.get(key) is None  # only a former owner ever wrote it
            ):
                flush.batch.delete(key)
                append((key, Tombstone(epoch)))
                continue
            value = epoch + encode(states[key])
            put(key, value)
            append((key, value))
            used(key, len(value))

    def flushed(self, flush: Flush, at: Stretch) -> None:
        """Take over what lies in the changelog *at*; a FencedError says that somebody else wrote before or between."""
        records = len(flush.items) + (flush.ledger is not None)
        if at.first != self.next_offset or at.end - at.first != records:
            message = f"partition {self.partition}: wrote {at.first} to {at.end}, expected {self.next_offset}"
            raise FencedError(message)
        if self._stale:
            self._stale.difference_update(key for key, _ in flush.items)
        if flush.ledger is not None:
            self._stale.discard(LEDGER_KEY)
            flush.batch.put(LEDGER_KEY, flush.ledger)
            self._noted = False
        if self._forgotten:
            self._drop_forgotten(flush)
        self._leaving.clear()
        key, value = flush.items[-1] if flush.ledger is None else (LEDGER_KEY, flush.ledger)
        self._meta.last = Last(at.end - 1, checksum(key, None if type(value) is Tombstone else value))
        self._persist(flush.batch, at.end)

    def _drop_forgotten(self, flush: Flush) -> None:
        for key, value in flush.items:
            if type(value) is Tombstone and key in self._forgotten:
                self._forgotten.discard(key)
                if key not in self.dirty:  # else something was folded into it, and it is written with the next flush
                    self.states.drop(key)

    def evict(self, key: bytes) -> bool:
        """Let go of a state in memory; False if it is not flushed yet."""
        if key in self.dirty or key in self._leaving:
            return False
        self.states.drop(key)
        self._usage.evicted += 1
        return True

    def stored(self) -> Iterator[tuple[bytes, Any]]:
        """Yield key and state of all that is written."""
        for key, raw in self._db.items():
            if isinstance(key, bytes) and not key.startswith(RESERVED):
                yield key, self._read(key, raw)

    def next_stored(self, count: int) -> list[tuple[bytes, Any]]:
        """Return key and state of the next *count* that are written; fewer are the last ones, and then it begins anew."""
        found: list[tuple[bytes, Any]] = []
        for key, raw in self._db.items(self._meta.swept):
            if key.startswith(RESERVED):
                break  # they are behind all others
            if len(found) == count:
                self._meta.swept = key
                return found
            found.append((key, self._read(key, raw)))
        self._meta.swept = b""
        return found

    @property
    def round_begins(self) -> bool:
        """Whether `next_stored` gives the first ones next."""
        return not self._meta.swept

    @property
    def newest(self) -> int:
        """How far the events of this partition have come, in milliseconds since 1970, as far as `come` was told."""
        return self._meta.newest

    def come(self, newest: int) -> None:
        """Note that events have come as far as *newest*; it is kept with the next write."""
        self._meta.newest = max(self._meta.newest, newest)

    def stay(self) -> None:
        """Note now and then that this store follows its changelog though nothing is written: else it would be outdated."""
        if time.time() - self._meta.written / 1000 > _STAY_SECONDS:
            self._persist(WriteBatch(raw_mode=True), self.next_offset)

    def deactivate(self) -> None:
        """Drop what is not flushed.  A late agent works on detached objects."""
        self.active = False
        self._begin(States(_nothing, self._usage), set())
        self.ledger, self._noted = Ledger(), False

    def close(self) -> None:
        """Release the files."""
        self.deactivate()
        if self._gathered.ahead:
            with suppress(StoreError):  # it comes back from the changelog
                self.settle()
        self._db.close()

    def _begin(self, states: States, dirty: set[bytes]) -> None:
        self.states, self.dirty = states, dirty
        self._leaving, self._forgotten, self.floor = set(), set(), 0

    def _find(self, key: bytes) -> tuple[Any, int]:
        raw = self._db.get(key)
        if raw is not None:
            return self._read(key, raw), len(raw)
        state = self._decode(None)
        if self.floor:
            state.revision = self.floor
        return state, 0

    def _read(self, key: bytes, raw: bytes) -> Any:
        return self._kept.read(self._decode, self.partition, key, raw, self.next_offset)

    def _read_ledger(self) -> Ledger:
        raw = self._db.get(LEDGER_KEY)
        if raw is None:
            return Ledger()
        found: Ledger = self._kept.read(Ledger, self.partition, LEDGER_KEY, raw, self.next_offset)
        return found

    def _persist(self, batch: WriteBatch, next_offset: int) -> None:
        batch.put(_META_KEY, self._describe(next_offset))
        self._db.write(batch)

    def _describe(self, next_offset: int) -> bytes:
        """Return what a store that has read up to *next_offset* remembers beside its states."""
        self._meta.next_offset, self._meta.stale = next_offset, list(self._stale)
        self._meta.changelog, self._meta.written = self._kept.changelog, int(time.time() * 1000)
        return msgspec.msgpack.encode(self._meta)


def _nothing(key: bytes) -> tuple[Any, int]:
    raise KeyError(key)
