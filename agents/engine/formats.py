"""The format of stored states: a number that each epoch tells, so that no version folds into what it can't read.

An epoch is four bytes.  The first is the format less one, the others count who had the partition.  So every record of a
changelog and every local store says its format, and a version that has never heard of formats writes the first one.
"""

import struct
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from agents.engine.errors import FormatError, StateError

EPOCH = struct.Struct(">I")
RESERVED = b"\xff"
"""How keys begin that are no keys of states: those are UTF-8."""
FENCE_KEY = RESERVED + b"__fence"
LEDGER_KEY = RESERVED + b"__ledger"

EPOCH_HEADER = "epoch"
"""Of a tombstone, which has no value that could begin with it."""

TOMBSTONES_LAST = timedelta(days=7)
"""How long a changelog keeps a tombstone (`delete.retention.ms`): whoever follows it less often may never see it."""

_COUNT_BITS = 24

Decode = Callable[[bytes | memoryview | None], Any]
"""A stored state without its epoch to a state; None to a new one."""


class Tombstone(bytes):
    """In the place of a state's bytes: the epoch under which its key leaves."""

    __slots__ = ()


class Kept(NamedTuple):
    """Where a processor keeps its states, and in which format."""

    changelog: str
    format: int

    def check(self, partition: int, epoch: int) -> None:
        """Raise a FormatError if *epoch* tells another format than this version keeps."""
        found = format_of(epoch)
        if found != self.format:
            able = f"that knows format {found}" if found > self.format else f"that keeps format {found}"
            message = (
                f"{self.changelog}-{partition}: its states are of format {found}, this version keeps format "
                f"{self.format}: run a version {able}, or let states be made anew from the topics: set VITRINE_APP_ID "
                "to another name and make its changelogs with `vitrine topics`"
            )
            raise FormatError(message)

    def epoch(
        self,
        partition: int,
        offset: int,
        key: bytes,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes | None]] = (),
    ) -> int:
        """Return the epoch of a changelog record; a StateError if it was not written by a worker.

        *headers* matter if it is a tombstone, without a value.
        """
        epoch = epoch_in(value, headers)
        if not key or epoch is None:
            what = "a tombstone without an epoch" if value is None else f"{len(value)} bytes"
            message = (
                f"{self.changelog}-{partition}: the record at offset {offset} is no state: key {key!r}, {what}; "
                f"find out who writes to this topic, {_CURE}"
            )
            raise StateError(message)
        return epoch

    def read(self, decode: Decode, partition: int, key: bytes, stored: bytes, end: int) -> Any:
        """Return the state in *stored*, read from the changelog before offset *end*; a StateError if it is none."""
        try:
            return decode(memoryview(stored)[EPOCH.size :])
        except (ValueError, RecursionError) as error:
            message = (
                f"{self.changelog}-{partition}: the state of {key.decode(errors='backslashreplace')!r}, written before "
                f"offset {end}, can't be read: {error}; find out who wrote it, {_CURE}"
            )
            raise StateError(message) from error


_CURE = "then set VITRINE_APP_ID to another name, so that states are made anew from the topics"


def epoch_in(value: bytes | None, headers: Iterable[tuple[str, bytes | None]] = ()) -> int | None:
    """Return the epoch that a changelog record tells, in its value or, if it is a tombstone, in its *headers*."""
    told = value if value is not None else dict(headers).get(EPOCH_HEADER)
    return None if told is None or len(told) < EPOCH.size else int(EPOCH.unpack_from(told)[0])


def format_of(epoch: int) -> int:
    """Return the format of what is written under *epoch*."""
    return (epoch >> _COUNT_BITS) + 1


def next_epoch(epoch: int, known: int) -> int:
    """Return the epoch of who follows the owner of *epoch*, 0 if there was none, and keeps format *known*."""
    return max(epoch, (known - 1) << _COUNT_BITS) + 1
