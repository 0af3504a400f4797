"""States leave: by a tombstone that tells its epoch, from memory, store and changelog."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agents.engine.changelog import Changelog, Stretch
from agents.engine.database import Memory
from agents.engine.errors import FormatError
from agents.engine.formats import EPOCH, EPOCH_HEADER, TOMBSTONES_LAST, Tombstone
from agents.engine.keyspace import Keyspace
from agents.engine.store import Shard
from tests.engine_worker import Sums

STORES = Memory(1 << 20)


@dataclass
class Logged:
    offset: int
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: int = 0


class Log(Changelog):
    """A changelog partition in memory; it can fail."""

    def __init__(self) -> None:
        super().__init__("sums-changelog")
        self.records: list[Logged] = []
        self.down = False

    async def append(self, partition: int, items: Any, last: Any = None) -> Stretch:
        assert last is None
        del partition
        if self.down:
            raise TimeoutError
        first = len(self.records)
        for offset, (key, value) in enumerate(items, first):
            grave = type(value) is Tombstone
            headers = ((EPOCH_HEADER, bytes(value)),) if grave else ()
            self.records.append(Logged(offset, key, None if grave else value, headers))
        return Stretch(first, len(self.records))


async def opened(folder: Path, log: Log) -> tuple[Keyspace, Shard]:
    keyspace = Keyspace(Sums(), log, folder, STORES)
    [shard] = await keyspace.assign([0])
    shard.apply(log.records[shard.next_offset :], len(log.records))
    assert await keyspace.activate(shard) is None
    return keyspace, shard


async def flush(keyspace: Keyspace) -> None:
    for it in await keyspace.encode(keyspace.shards):
        await keyspace.write(it)


def fold(shard: Shard, key: bytes) -> int:
    """Fold something, and return the revision."""
    state = shard.states[key]
    state.revision += 1
    state.n += 1
    shard.dirty.add(key)
    revision: int = state.revision
    return revision


async def test_a_state_that_left_is_nowhere_and_comes_back_as_a_newer_one(tmp_path: Path) -> None:
    log = Log()
    keyspace, shard = await opened(tmp_path, log)
    for key in (b"ada", b"ada", b"ada", b"bob"):
        fold(shard, key)
    await flush(keyspace)

    assert shard.forget(b"ada", 3)
    await flush(keyspace)

    assert (log.records[-1].key, log.records[-1].value) == (b"ada", None)
    assert log.records[-1].headers == ((EPOCH_HEADER, EPOCH.pack(shard.epoch)),)
    assert set(shard.states) == set(dict(shard.stored())) == {b"bob"}
    assert not shard.unflushed
    assert (fold(shard, b"ada"), shard.states[b"ada"].n) == (4, 1)
    keyspace.close()


async def test_who_follows_the_changelog_sees_a_state_leave(tmp_path: Path) -> None:
    log = Log()
    keyspace, shard = await opened(tmp_path / "a", log)
    fold(shard, b"ada")
    await flush(keyspace)
    keyspace.close()
    keyspace, shard = await opened(tmp_path / "b", log)
    keyspace.close()
    keyspace, shard = await opened(tmp_path / "a", log)
    shard.forget(b"ada", 1)
    await flush(keyspace)
    keyspace.close()

    for disk in ("b", "new"):
        keyspace, shard = await opened(tmp_path / disk, log)
        assert dict(shard.stored()) == {}
        assert fold(shard, b"ada") == 1  # under a higher epoch, so lists of it are newer
        keyspace.close()


async def test_what_is_being_changed_does_not_leave(tmp_path: Path) -> None:
    keyspace, shard = await opened(tmp_path, Log())
    fold(shard, b"ada")

    assert not shard.forget(b"ada", 1)
    [encoded] = await keyspace.encode(keyspace.shards)
    assert not shard.forget(b"ada", 1)
    await keyspace.write(encoded)
    assert shard.forget(b"ada", 1)
    fold(shard, b"ada")
    await flush(keyspace)

    assert dict(shard.stored())[b"ada"].n == 2
    keyspace.close()


async def test_what_is_folded_while_a_state_leaves_goes_on_with_it(tmp_path: Path) -> None:
    log = Log()
    keyspace, shard = await opened(tmp_path, log)
    fold(shard, b"ada")
    await flush(keyspace)
    shard.forget(b"ada", 1)
    [encoded] = await keyspace.encode(keyspace.shards)

    fold(shard, b"ada")
    await keyspace.write(encoded)
    await flush(keyspace)

    assert [it.value is None for it in log.records if it.key == b"ada"] == [False, True, False]
    assert dict(shard.stored())[b"ada"].n == 2
    keyspace.close()


async def test_a_state_leaves_later_if_the_changelog_can_not_be_written(tmp_path: Path) -> None:
    log = Log()
    keyspace, shard = await opened(tmp_path, log)
    fold(shard, b"ada")
    await flush(keyspace)
    shard.forget(b"ada", 1)
    log.down = True
    with pytest.raises(TimeoutError):
        await flush(keyspace)
    assert dict(shard.stored())[b"ada"].n == 1

    log.down = False
    await flush(keyspace)

    assert dict(shard.stored()) == {}
    keyspace.close()


async def test_a_tombstone_of_a_former_owner_is_ignored_and_the_state_written_again(tmp_path: Path) -> None:
    log = Log()
    keyspace, shard = await opened(tmp_path / "a", log)
    fold(shard, b"ada")
    await flush(keyspace)
    former = EPOCH.pack(shard.epoch)
    keyspace.close()
    keyspace, shard = await opened(tmp_path / "b", log)
    log.records.append(Logged(len(log.records), b"ada", None, ((EPOCH_HEADER, former),)))
    keyspace.close()

    keyspace, shard = await opened(tmp_path / "b", log)
    assert shard.fenced == 1
    await flush(keyspace)

    assert (log.records[-1].key, log.records[-1].value is None) == (b"ada", False)
    assert dict(shard.stored())[b"ada"].n == 1
    keyspace.close()


async def test_a_tombstone_of_another_format_is_refused(tmp_path: Path) -> None:
    log = Log()
    keyspace, shard = await opened(tmp_path, log)
    other = EPOCH.pack((7 << 24) + 1)

    with pytest.raises(FormatError, match="its states are of format 8"):
        shard.apply([Logged(shard.next_offset, b"ada", None, ((EPOCH_HEADER, other),))], shard.next_offset + 1)

    keyspace.close()


async def test_a_store_that_was_not_written_for_long_may_have_missed_a_tombstone(tmp_path: Path) -> None:
    keyspace, shard = await opened(tmp_path, Log())
    half, now = TOMBSTONES_LAST.total_seconds() / 2, time.time()

    assert [shard.outdated(now + seconds) for seconds in (0, half - 60, half + 60, -half - 60)] == [
        False,
        False,
        True,
        True,
    ]
    shard.wipe("outdated")
    assert not shard.outdated(now + 2 * half)
    keyspace.close()
