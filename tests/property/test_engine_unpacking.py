"""What is read of an answer batch by batch is what aiokafka reads record by record, and so are the positions."""

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from hypothesis import given
from hypothesis import strategies as st

from agents.engine.unpacking import Fetched, WholeBatches

PLACE = TopicPartition("t", 0)
_CRC, _ATTRIBUTES, _LAST_DELTA, _EPOCH = 17, 21, 23, 43
"""Where they stand in a batch of the second version."""
_CONTROL = 0x20
_CHECKED = True
"""Whether checksums are looked at."""


class Plan(NamedTuple):
    """A batch to be made."""

    deltas: Sequence[int]
    """Of the records that compaction left, counted from the batch's first offset."""
    size: int
    """Offsets that the batch takes; at least one more than the greatest of *deltas*."""
    producer: int
    """Its transaction; -1: none."""
    control: str
    """`abort`, `commit`, or nothing: records of a shop."""
    compression: int
    damaged: bool


class Assignment:
    """A consumer's partition, always assigned."""

    active = True

    def __init__(self, position: int) -> None:
        self.paused, self.position = False, position

    def state_value(self, place: TopicPartition) -> "Assignment":
        assert place == PLACE
        return self

    def consumed_to(self, position: int) -> None:
        self.position = position


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    size = draw(st.integers(1, 6))
    producer = draw(st.sampled_from([-1, -1, 1, 2]))
    control = draw(st.sampled_from(["", "", "abort", "commit"])) if producer > 0 else ""
    deltas = [0] if control else sorted(draw(st.sets(st.integers(0, size - 1), max_size=size)))
    damaged = draw(st.integers(0, 15)) == 0
    return Plan(deltas, size, producer, control, 0 if control else draw(st.sampled_from([0, 1])), damaged)


def written(plan: Plan, base: int) -> bytes:
    """Return the bytes of a batch that begins at *base*."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=plan.compression,
        is_transactional=plan.producer > 0,
        producer_id=plan.producer,
        producer_epoch=0,
        base_sequence=0,
        batch_size=1 << 16,
    )
    for delta in plan.deltas:
        key = struct.pack(">hh", 0, plan.control == "commit") if plan.control else b"k%d" % delta
        builder.append(delta, 1_700_000_000_000 + delta, key, b"v%d" % base, [("h", b"x")])
    batch = bytearray(builder.build())
    struct.pack_into(">q", batch, 0, base)
    struct.pack_into(">i", batch, _LAST_DELTA, plan.size - 1)
    if plan.control:
        (attributes,) = struct.unpack_from(">h", batch, _ATTRIBUTES)
        struct.pack_into(">h", batch, _ATTRIBUTES, attributes | _CONTROL)
    struct.pack_into(">I", batch, _CRC, calc_crc32c(bytes(batch[_ATTRIBUTES:])))
    if plan.damaged:
        batch[_EPOCH] ^= 1
    return bytes(batch)


def log_of(made: Sequence[Plan]) -> tuple[bytes, list[int]]:
    """Return the log, and where its batches begin."""
    log, bases, base = b"", [], 100
    for plan in made:
        log += written(plan, base)
        bases.append(base)
        base += plan.size
    return log, bases


def read(  # noqa: PLR0917  all that an answer is
    records: Any, result: Any, log: bytes, first: int, aborted: list[tuple[int, int]], isolation: int, limits: list[int]
) -> list[Any]:
    """Take the answer with *limits* in turn; return what each call gave, and the position behind it."""
    assignment = Assignment(first)
    unpacked = records(PLACE, MemoryRecords(log), aborted, first, None, None, _CHECKED, isolation)
    answer = result(PLACE, assignment=assignment, partition_records=unpacked, backoff=0)
    seen: list[Any] = []
    for turn in range(200):
        if not answer.has_more():
            return seen
        try:
            limit = limits[turn % len(limits)]
            found = [answer.getone()] if limit == 0 else answer.getall(limit if limit < 9 else None)
        except CorruptRecordException:
            seen.append("corrupt")
            continue
        facts = [(it.offset, it.key, it.value, tuple(it.headers), it.timestamp) for it in found if it is not None]
        seen.append((facts, assignment.position))
    pytest.fail("the answer has no end")


@given(
    st.lists(plans(), max_size=6),
    st.integers(0, 8),
    st.lists(st.tuples(st.sampled_from([1, 2]), st.integers(0, 5)), max_size=3),
    st.sampled_from([READ_COMMITTED, READ_UNCOMMITTED]),
    st.lists(st.integers(0, 9), min_size=1, max_size=4),
)
def test_a_batch_at_a_time_is_the_same_as_a_record_at_a_time(
    made: list[Plan], skipped: int, aborts: list[tuple[int, int]], isolation: int, limits: list[int]
) -> None:
    log, bases = log_of(made)
    aborted = [(producer, bases[number % len(bases)]) for producer, number in aborts] if bases else []

    theirs = read(PartitionRecords, FetchResult, log, 100 + skipped, aborted, isolation, limits)
    ours = read(WholeBatches, Fetched, log, 100 + skipped, aborted, isolation, limits)

    assert ours == theirs


def test_an_answer_whose_consumer_moved_on_gives_nothing() -> None:
    log, _ = log_of([Plan([0, 1, 2], 3, -1, "", 0, damaged=False)])
    assignment = Assignment(100)
    unpacked = WholeBatches(PLACE, MemoryRecords(log), [], 100, None, None, _CHECKED, READ_COMMITTED)
    answer = Fetched(PLACE, assignment=assignment, partition_records=unpacked, backoff=0)

    assert [it.offset for it in answer.getall(2)] == [100, 101]
    assignment.position = 100

    assert answer.getall(2) == []
    assert not answer.has_more()
