"""What the changelog of a partition says: of one key, and how much of all."""

import msgspec

from agents.engine.formats import EPOCH, EPOCH_HEADER, FENCE_KEY
from agents.inspect.states import Big, Numbers, last_of, lines, named, numbers, total
from agents.replay.log import LogRecord
from agents.shoppers.profile import Profile, Touched


def log(*records: tuple[int, bytes, bytes | None]) -> list[LogRecord]:
    """Return a partition of (epoch, key, state); None is a tombstone."""
    return [
        LogRecord("c", 3, offset, 1_000 + offset, key, None, ((EPOCH_HEADER, EPOCH.pack(epoch)),))
        if state is None
        else LogRecord("c", 3, offset, 1_000 + offset, key, EPOCH.pack(epoch) + state)
        for offset, (epoch, key, state) in enumerate(records)
    ]


def test_the_last_record_of_the_highest_epoch_counts() -> None:
    records = log(
        (1, FENCE_KEY, b""), (1, b"ada", b"one"), (2, FENCE_KEY, b""), (2, b"bob", b"b"), (2, b"ada", b"two"), (1, b"ada", b"old")
    )  # fmt: skip

    found = last_of(records, b"ada")

    assert found is not None
    assert (found.offset, found.timestamp, found.epoch, found.value) == (4, 1_004, 2, b"two")
    assert (found.records, found.fenced) == (3, 1)


def test_a_record_behind_a_fence_of_others_is_a_former_owners_though_its_own_key_has_no_higher_epoch() -> None:
    records = log((1, b"ada", b"one"), (2, FENCE_KEY, b""), (1, b"ada", b"late"))

    found = last_of(records, b"ada")

    assert found is not None
    assert (found.offset, found.value, found.fenced) == (0, b"one", 1)


def test_a_state_that_left_is_known_to_have_left_and_one_that_never_came_is_not() -> None:
    records = log((1, b"ada", b"one"), (1, b"ada", None), (1, b"bob", b""))

    left, empty = last_of(records, b"ada"), last_of(records, b"bob")

    assert left is not None
    assert (left.offset, left.value) == (1, None)
    assert empty is not None
    assert empty.value is None
    assert last_of(records, b"cem") is None


def test_a_former_owners_tombstone_takes_nothing_away() -> None:
    found = last_of(log((2, b"ada", b"one"), (1, b"ada", None)), b"ada")

    assert found is not None
    assert (found.value, found.fenced) == (b"one", 1)


def test_numbers_count_each_record_once() -> None:
    records = log(
        (1, FENCE_KEY, b""), (1, b"ada", b"1"), (1, b"ada", b"22"), (1, b"bob", b"333"), (1, b"cem", b"4"), (1, b"cem", None),
        (2, FENCE_KEY, b""), (1, b"ada", b"old"), (2, b"dot", b"55555"),
    )  # fmt: skip
    records += [LogRecord("c", 3, 9, 900, b"eva", None), LogRecord("c", 3, 10, 900, None, b"\0\0\0\2")]

    found = numbers(records, 3)

    assert found == Numbers(
        partition=3, keys=3, bytes=10, records=11, epoch=2, written=1_008, fences=2, tombstones=1, fenced=1, unreadable=2,
        biggest=[Big("dot", 5), Big("bob", 3), Big("ada", 2)],
    )  # fmt: skip
    assert found.records_per_key == 11 / 3


def test_an_empty_partition_has_no_records_per_state() -> None:
    found = numbers([], 0)

    assert (found.keys, found.records_per_key, found.written, found.biggest) == (0, 0.0, None, [])


def test_a_total_is_the_sum_and_the_biggest_of_all() -> None:
    one, two = numbers(log((7, b"ada", b"1"), (7, b"bob", b"22")), 0), numbers(log((9, b"cem", b"333")), 1)

    whole = total([one, two])

    assert (whole.keys, whole.bytes, whole.records, whole.epoch) == (3, 6, 3, 0)
    assert [it.key for it in whole.biggest] == ["cem", "bob", "ada"]


def test_a_state_is_told_with_the_names_of_its_fields() -> None:
    profile = Profile(offsets=[1, 2], newest=5, touches=[Touched(4, 9, "lamp", 1)], bought={"lamp": 4})

    plain = named(msgspec.msgpack.decode(msgspec.msgpack.encode(profile), type=Profile))

    assert plain["touches"] == [{"at": 4, "order": 9, "item": "lamp", "kind": 1}]
    told = dict(lines(plain))
    assert told["touches (1)"] == ["at 4, order 9, item lamp, kind 1"]
    assert told["bought (1)"] == ["lamp: 4"]
    assert told["language"] == told["queries"] == ["nothing"]
