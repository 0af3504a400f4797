import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.processor import MAX_SKEW
from agents.replay.errors import LogError
from agents.replay.log import LogRecord, created, encode
from agents.replay.sequence import merge, merged

NOON = int(datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp() * 1000)


def event(second: int, topic: str = "clicks.v1", partition: int = 0, offset: int = 0, **fields: Any) -> LogRecord:
    at = datetime.fromtimestamp(NOON / 1000 + second, UTC).isoformat()
    given: dict[str, Any] = {"timestamp": NOON + second * 1000, "key": b"k", "value": json.dumps({"at": at}).encode()}
    return LogRecord(topic, partition, offset, **(given | fields))


def places(records: list[LogRecord]) -> list[tuple[str, int, int]]:
    return [(it.topic, it.partition, it.offset) for it in records]


def test_records_are_ordered_by_the_time_of_their_event_whatever_the_broker_says() -> None:
    late, early = event(9, partition=0, timestamp=NOON + 20_000), event(3, partition=1, timestamp=NOON + 30_000)

    assert merge([late, early]).records == [early, late]


def test_events_of_one_time_are_ordered_by_topic_partition_and_offset() -> None:
    given = [event(1, "b", 0, 0), event(1, "a", 1, 0), event(1, "a", 0, 1), event(1, "a", 0, 0)]

    assert places(merge(given).records) == [("a", 0, 0), ("a", 0, 1), ("a", 1, 0), ("b", 0, 0)]


def test_a_late_event_keeps_its_place_behind_the_newer_one_of_its_partition() -> None:
    given = [event(9, offset=0), event(2, offset=1), event(5, partition=1)]

    result = merge(given)

    assert places(result.records) == [("clicks.v1", 1, 0), ("clicks.v1", 0, 0), ("clicks.v1", 0, 1)]
    assert result.times == [NOON + 5_000, NOON + 9_000, NOON + 9_000]


def test_a_clock_in_the_future_is_cut_back_to_the_broker_s_time() -> None:
    ahead = event(10_000_000, timestamp=NOON)

    assert merge([ahead]).times == [NOON + MAX_SKEW.seconds * 1000]


@pytest.mark.parametrize(
    "value", [None, b"", b"\xff", b"[]", b"{", b"{}", b'{"at":"noon"}', b'{"at":7}', b'{"x":' + b"[" * 100_000]
)
def test_a_record_that_tells_no_time_takes_the_broker_s(value: bytes | None) -> None:
    assert merge([event(0, timestamp=77, value=value)]).times == [77]


def test_a_record_in_two_logs_is_taken_once() -> None:
    result = merge([event(1), event(2, offset=1), event(1)])

    assert places(result.records) == [("clicks.v1", 0, 0), ("clicks.v1", 0, 1)]
    assert result.repeated == 1


def test_two_records_in_one_place_are_refused() -> None:
    with pytest.raises(LogError, match=r"clicks\.v1\[0\] has two different records at offset 0"):
        merge([event(1), event(2)])


@given(st.permutations([event(i % 3, "ab"[i % 2], i % 2, i) for i in range(9)]))
def test_the_order_of_the_lines_does_not_matter(given: list[LogRecord]) -> None:
    assert merge(given) == merge(sorted(given, key=lambda it: it.offset))


@given(st.lists(st.integers(0, 50), max_size=30))
def test_a_partition_is_never_reordered(seconds: list[int]) -> None:
    result = merge(event(second, offset=offset) for offset, second in enumerate(seconds))

    assert [it.offset for it in result.records] == list(range(len(seconds)))
    assert result.times == sorted(result.times)


def test_logs_are_merged_and_lose_the_prefix_of_their_topics(tmp_path: Path) -> None:
    for name, record in (("a", event(2, "shop.clicks.v1")), ("b", event(1, "searches.v1"))):
        with created(tmp_path / name) as file:
            file.write(encode(record))

    result = merged([tmp_path / "a", tmp_path / "b"], "shop.")

    assert [it.topic for it in result.records] == ["searches.v1", "clicks.v1"]


def test_no_log_is_no_sequence() -> None:
    assert merge([]).records == []
