"""What the harness says of lists: those of a replay are right, and each way to spoil them is seen."""

import time
from collections.abc import Iterable

import msgspec
import pytest

from agents.replay.driver import Replayer
from agents.replay.log import LogRecord
from agents.settings import load
from agents.topics import DECISIONS, RECOMMENDATIONS
from agents.wiring import stages
from schemas.recommendations import Recommendations
from tests.chaos.input import Source
from tests.chaos.lists import Reader
from tests.doubles import MODELS

PARTITIONS = 4
NOW = int(time.time() * 1000)


@pytest.fixture(scope="module")
def told() -> dict[str, list[LogRecord]]:
    """Return the lists and decisions of a replay, by topic."""
    wanted = (RECOMMENDATIONS.name, DECISIONS.name)
    found: dict[str, list[LogRecord]] = {name: [] for name in wanted}
    replayer = Replayer(
        stages(load({"VITRINE_LIST_SIZE": "4"}), MODELS),
        partitions=PARTITIONS,
        emit=lambda record: found[record.topic].append(record),
        wanted=wanted,
    )
    source = Source(7, PARTITIONS, {})
    for n, sent in enumerate([*source.catalogue(NOW), *(source.one(NOW + n) for n in range(150))]):
        replayer.feed(LogRecord(sent.topic, sent.partition, n, NOW + n, sent.key, sent.value, tuple(sent.headers)))
    return found


def reader(told: dict[str, list[LogRecord]], lists: Iterable[LogRecord] | None = None) -> Reader:
    return Reader(told[RECOMMENDATIONS.name] if lists is None else lists, told[DECISIONS.name])


def spoilt(record: LogRecord) -> LogRecord:
    it = msgspec.json.decode(record.value or b"", type=Recommendations)
    slots = (msgspec.structs.replace(it.slots[0], score=it.slots[0].score + 1), *it.slots[1:])
    return msgspec.structs.replace(record, value=msgspec.json.encode(msgspec.structs.replace(it, slots=slots)))


def test_lists_of_a_replay_are_what_their_records_give(told: dict[str, list[LogRecord]]) -> None:
    result = reader(told).result

    assert result.made == len(told[RECOMMENDATIONS.name]) > 50
    assert (result.retold, result.undecided, result.unsound) == (0, 0, 0)


def test_a_list_that_its_record_does_not_give_is_unsound(told: dict[str, list[LogRecord]]) -> None:
    first, *others = told[RECOMMENDATIONS.name]

    result = reader(told, [spoilt(first), *others]).result

    assert result.unsound == 1
    assert result.examples


def test_another_list_under_a_known_id_is_counted(told: dict[str, list[LogRecord]]) -> None:
    lists = told[RECOMMENDATIONS.name]

    assert reader(told, [*lists, spoilt(lists[0])]).result.retold == 1


def test_the_newest_list_of_each_shopper_needs_a_record(told: dict[str, list[LogRecord]]) -> None:
    result = Reader(told[RECOMMENDATIONS.name], []).result

    newest = {(it.shopper, it.placement) for it in _decoded(told)}
    assert result.undecided == result.made
    assert result.unsound == len(newest)


def test_a_shopper_or_a_request_without_a_list_is_named(told: dict[str, list[LogRecord]]) -> None:
    found = reader(told)
    newest = max(_decoded(told), key=lambda it: (it.at, it.revision))
    at = round(newest.at.timestamp() * 1000)
    asked = next(it for it in _decoded(told) if it.request_id)

    assert found.check_covers({newest.shopper: at}, {(asked.shopper, asked.placement): asked.request_id or ""}) == []
    assert found.check_covers({newest.shopper: at + 1}, {("ann", "home"): "r0"}) == [newest.shopper, "r0"]
    assert found.check_covers({"nobody": at}, {}) == ["nobody"]


def _decoded(told: dict[str, list[LogRecord]]) -> list[Recommendations]:
    return [msgspec.json.decode(it.value or b"", type=Recommendations) for it in told[RECOMMENDATIONS.name]]
