"""Which stores and changelogs belong together, and what a store keeps to know it."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from aiokafka import TopicPartition
from rocksdict import WriteBatch

from agents.engine.changelog import Stretch
from agents.engine.database import Memory
from agents.engine.formats import EPOCH, FENCE_KEY, LEDGER_KEY, Kept
from agents.engine.lineage import Gap, Last, Log, another, checksum, excused, gap, gone, loss
from agents.engine.restore import nearest
from agents.engine.store import Flush, Shard

MEMORY = Memory(4 << 20)
KEPT = Kept("app-sums-changelog", 1)


@dataclass
class Logged:
    offset: int
    key: bytes
    value: bytes | None
    timestamp: int = 0
    headers: tuple[tuple[str, bytes | None], ...] = ()


def shard(folder: Path) -> Shard:
    def decode(raw: bytes | memoryview | None) -> list[int]:
        return [] if raw is None else msgspec.msgpack.decode(raw, type=list[int])

    return Shard(3, folder / "sums-3.db", MEMORY, KEPT, decode)


@pytest.mark.parametrize(
    ("next_offset", "start", "end", "found"),
    [
        (0, 0, 0, None), (0, 0, 9, None), (4, 0, 9, None), (9, 0, 9, None), (4, 4, 9, None), (9, 9, 9, None),
        (0, 1, 9, "deleted"), (3, 4, 9, "deleted"), (8, 9, 9, "deleted"),
        (10, 0, 9, "cut"), (1, 0, 0, "cut"), (10, 9, 9, "cut"),
    ],
)  # fmt: skip
def test_a_log_completes_a_store_that_ends_within_it(next_offset: int, start: int, end: int, found: Gap | None) -> None:
    assert gap(next_offset, Log("", start, end)) == found


@pytest.mark.parametrize("found", ["unclaimed", "cut", "forked"])
def test_nothing_is_lost_where_all_events_will_be_folded_again(found: Gap) -> None:
    assert excused(found, folded=False)
    assert not excused(found, folded=True)


def test_a_log_without_its_first_records_is_never_whole_again() -> None:
    assert not excused("deleted", folded=False)
    assert not excused("deleted", folded=True)


def test_an_id_that_is_not_known_says_nothing() -> None:
    assert another("a", "b")
    assert not any(another(*pair) for pair in (("a", "a"), ("", "b"), ("a", ""), ("", "")))


@pytest.mark.parametrize("found", ["unclaimed", "cut", "deleted", "forked"])
def test_a_loss_is_one_line_with_place_and_cure(found: Gap) -> None:
    line = loss("app-sums-changelog-3", found, 7, Log("", 5, 6))

    assert line.startswith("app-sums-changelog-3: states are missing: ")
    assert "\n" not in line
    assert "--reset-offsets --to-earliest" in line
    assert line.endswith("or set VITRINE_APP_ID to another name")
    assert ("vitrine topics apply" in line) == (found == "deleted")
    assert "vitrine topics apply" in gone("app-sums-changelog")


def test_a_store_remembers_the_record_that_it_read_or_wrote_last(tmp_path: Path) -> None:
    ours = shard(tmp_path)
    assert (ours.last, ours.unclaimed) == (Last(-1), True)
    value = EPOCH.pack(1) + b"\x90"
    ours.follow("an id")
    ours.apply([Logged(3, b"ada", value), Logged(5, b"bob", value)], 7)
    assert (ours.last, ours.unclaimed) == (Last(5, checksum(b"bob", value)), True)
    ours.close()

    ours = shard(tmp_path)
    assert (ours.last, ours.topic_id, ours.next_offset) == (Last(5, checksum(b"bob", value)), "an id", 7)
    ours.apply([], 9)
    assert ours.last.offset == 5
    ours.take_over(2, 10)
    assert (ours.last, ours.unclaimed) == (Last(9, checksum(FENCE_KEY, EPOCH.pack(2))), False)
    states = [(b"ada", value), (b"cem", value)]
    ours.flushed(Flush(ours, states, WriteBatch(raw_mode=True), None), Stretch(10, 12))
    assert ours.last == Last(11, checksum(b"cem", value))
    ours.flushed(Flush(ours, [], WriteBatch(raw_mode=True), value), Stretch(12, 13))
    assert ours.last == Last(12, checksum(LEDGER_KEY, value))
    ours.close()


def test_a_fence_says_that_a_worker_used_the_changelog(tmp_path: Path) -> None:
    ours = shard(tmp_path)

    ours.apply([Logged(0, FENCE_KEY, EPOCH.pack(1))], 1)

    assert not ours.unclaimed
    ours.wipe("recreated")
    assert (ours.unclaimed, ours.emptied, ours.next_offset, ours.last) == (True, "recreated", 0, Last(-1))
    ours.close()


@pytest.mark.parametrize("raw", [b"", b"\xc1", b"\x01", msgspec.msgpack.encode(["no offset"]), b"\x94\x01\x02\x91\x03"])
def test_what_a_store_can_not_remember_empties_it(tmp_path: Path, raw: bytes) -> None:
    ours = shard(tmp_path)
    ours.apply([Logged(0, FENCE_KEY, EPOCH.pack(1)), Logged(1, b"ada", EPOCH.pack(1) + b"\x90")], 2)
    ours.settle()
    batch = WriteBatch(raw_mode=True)
    batch.put(b"\xff__meta", raw)
    ours._db.write(batch)
    ours.close()

    ours = shard(tmp_path)

    assert (ours.emptied, ours.next_offset, list(ours.stored())) == ("damaged", 0, [])
    ours.close()


def test_a_store_of_the_version_before_is_taken_as_it_is(tmp_path: Path) -> None:
    ours = shard(tmp_path)
    batch = WriteBatch(raw_mode=True)
    batch.put(b"\xff__meta", msgspec.msgpack.encode([7, 2, [b"bob"], KEPT.changelog]))
    ours._db.write(batch)
    ours.close()

    ours = shard(tmp_path)

    assert (ours.next_offset, ours.epoch, ours.topic_id, ours.last, ours.unclaimed) == (7, 2, "", Last(-1), False)
    assert ours.emptied is None
    ours.close()


@pytest.mark.parametrize("count", [3, 5_000])
def test_what_is_gathered_is_written_in_one_step_with_how_far_it_is(tmp_path: Path, count: int) -> None:
    """Few records go through memory, many into a file of their own; the last one of a key counts, a deleted one is gone."""
    value = EPOCH.pack(1) + b"\x91"
    ours = shard(tmp_path)
    ours.apply([Logged(0, FENCE_KEY, EPOCH.pack(1)), Logged(1, b"gone", value + b"\x01")], 2)
    ours.settle()
    ours.apply([Logged(2 + n, b"k%05d" % n, value + b"\x02") for n in range(count)], 2 + count)
    ours.apply(
        [
            Logged(2 + count, b"k00001", value + b"\x03"),
            Logged(3 + count, b"gone", None, headers=(("epoch", EPOCH.pack(1)),)),
        ],
        4 + count,
    )
    assert dict(ours.stored()) == {b"gone": [1]}
    assert ours.gathered == count + 1

    ours.settle()

    expected = {b"k%05d" % n: [2 + (n == 1)] for n in range(count)}
    assert (dict(ours.stored()), ours.gathered) == (expected, 0)
    ours.apply([Logged(4 + count, b"k00000", EPOCH.pack(1))], 5 + count)
    ours.close()
    ours = shard(tmp_path)
    del expected[b"k00000"]
    assert (dict(ours.stored()), ours.next_offset, ours.last.offset) == (expected, 5 + count, 4 + count)
    ours.close()


def test_much_is_not_gathered_without_end(tmp_path: Path) -> None:
    ours = shard(tmp_path)
    few = [Logged(n, b"%d" % n, EPOCH.pack(1) + b"\x90") for n in range(1_000)]

    ours.apply([*few, Logged(1_000, b"large", EPOCH.pack(1) + bytes(17 << 20))], 1_001)

    assert ours.full
    ours.settle()
    assert not ours.full
    ours.close()


def test_the_nearest_partitions_are_restored_first() -> None:
    places = [TopicPartition("t", n) for n in range(9)]

    assert nearest(dict(zip(places, [9_000, 0, 8_000, 7_000, 9_000, 2_000, 9_000, 9_000, 6_000], strict=True))) == [
        places[n] for n in (1, 5, 8, 3, 2, 0)
    ]
    assert nearest({}) == []
