"""States of another format, or none at all, stop a worker before it writes anything."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from agents.engine.database import Memory
from agents.engine.errors import ConfigurationError, FormatError, StateError
from agents.engine.formats import EPOCH, FENCE_KEY, Kept, format_of, next_epoch
from agents.engine.store import Shard

KEPT = Kept("app-sums-changelog", 2)
MEMORY = Memory(4 << 20)
SECOND = 1 << 24
"""The first epoch of format 2, but for the count."""


@dataclass
class Logged:
    offset: int
    key: bytes
    value: bytes | None
    timestamp: int = 0
    headers: tuple[tuple[str, bytes | None], ...] = ()


def shard(folder: Path, kept: Kept = KEPT) -> Shard:
    def decode(raw: bytes | memoryview | None) -> list[int]:
        return [] if raw is None else msgspec.msgpack.decode(raw, type=list[int])

    return Shard(3, folder / "sums-3.db", MEMORY, kept, decode)


def test_an_epoch_tells_its_format_and_the_first_is_as_before_there_were_any() -> None:
    assert EPOCH.pack(next_epoch(0, 1)) == b"\0\0\0\1"
    assert EPOCH.pack(next_epoch(41, 1)) == b"\0\0\0\x2a"
    assert [format_of(epoch) for epoch in (0, 1, 41, SECOND - 1, SECOND, 0xFFFFFFFF)] == [1, 1, 1, 1, 2, 256]


@pytest.mark.parametrize("known", [1, 2, 7, 256])
def test_an_epoch_follows_in_its_own_format(known: int) -> None:
    first = next_epoch(0, known)

    assert format_of(first) == format_of(next_epoch(first, known)) == known
    assert next_epoch(first, known) == first + 1


@pytest.mark.parametrize(
    ("epoch", "cure"),
    [
        (9, "its states are of format 1, this version keeps format 2: run a version that keeps format 1, or"),
        (2 * SECOND + 9, "its states are of format 3, this version keeps format 2: run a version that knows format 3, or"),
    ],
)  # fmt: skip
def test_records_of_another_format_are_refused_whole(tmp_path: Path, epoch: int, cure: str) -> None:
    ours = shard(tmp_path)
    ours.apply([Logged(0, FENCE_KEY, EPOCH.pack(SECOND + 1))] if epoch > SECOND else [], 1)
    records = [Logged(1, b"ada", EPOCH.pack(max(SECOND + 1, epoch)) + b"\x90"), Logged(2, FENCE_KEY, EPOCH.pack(epoch))]
    records = records[:1] * (epoch > SECOND) + records[1:]

    with pytest.raises(FormatError) as refusal:
        ours.apply(records, 3)

    assert str(refusal.value).startswith(f"app-sums-changelog-3: {cure}")
    assert ours.next_offset == 1
    ours.close()
    again = shard(tmp_path)
    assert (again.next_offset, list(again.stored())) == (1, [])
    again.close()


def test_a_refusal_is_a_matter_of_configuration() -> None:
    assert issubclass(FormatError, ConfigurationError)


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        (b"", b"\1\0\0\1\x90", "the record at offset 7 is no state: key b'', 5 bytes"),
        (b"ada", b"\1\0\0", "the record at offset 7 is no state: key b'ada', 3 bytes"),
        (b"ada", b"", "the record at offset 7 is no state: key b'ada', 0 bytes"),
        (b"ada", None, "the record at offset 7 is no state: key b'ada', a tombstone without an epoch"),
    ],
)
def test_a_record_that_no_worker_writes_stops_the_restore(
    tmp_path: Path, key: bytes, value: bytes | None, why: str
) -> None:
    ours = shard(tmp_path)

    with pytest.raises(StateError, match=f"app-sums-changelog-3: {why}"):
        ours.apply([Logged(7, key, value)], 8)

    assert ours.next_offset == 0
    ours.close()


@pytest.mark.parametrize("stored", [b"\x93\1\2", b"\xc1", b"\x81\1\2", b"\xa2\xff\xff"])
def test_a_state_that_cannot_be_read_names_its_place(tmp_path: Path, stored: bytes) -> None:
    ours = shard(tmp_path)
    ours.apply([Logged(7, "阿达".encode(), EPOCH.pack(SECOND + 1) + stored)], 8)
    ours.take_over(SECOND + 2, 9)

    with pytest.raises(
        StateError, match="app-sums-changelog-3: the state of '阿达', written before offset 9, can't be"
    ):
        ours.states["阿达".encode()]

    assert ours.states == {}
    ours.close()


@pytest.mark.parametrize("other", [Kept("other-sums-changelog", 2), Kept("app-sums-changelog", 1)])
def test_a_store_of_another_changelog_or_format_is_foreign(tmp_path: Path, other: Kept) -> None:
    theirs = shard(tmp_path, other)
    assert not theirs.foreign
    theirs.take_over(next_epoch(0, other.format), 5)
    assert not theirs.foreign
    theirs.close()

    ours = shard(tmp_path)

    assert ours.foreign
    ours.wipe("foreign")
    assert not ours.foreign
    assert (ours.next_offset, ours.epoch) == (0, 0)
    ours.close()
