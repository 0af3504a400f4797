"""Good and bad records as the shop sends them."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from agents.intake import Admitted, Intake, Misplaced, Rejection, partition_of
from agents.processor import Input
from agents.shop.rubbish import Rubbish
from agents.shop.shop import Emission
from agents.shop.wire import message
from agents.topics import CLICKS, Topic
from schemas.clicks import View

AT = datetime(2026, 1, 1, 12, 0, 0, 123_000, tzinfo=UTC)
PARTITIONS = 16


def read(topic: Topic, key: bytes | None, value: bytes | None, headers: object, partition: int) -> object:
    source = Intake(Input(topic=topic, key=lambda record: str(record.shopper)))
    return source.admit(key, value, headers, partition, PARTITIONS)  # type: ignore[arg-type]


def test_an_event_arrives_as_it_was_with_the_id_of_its_number() -> None:
    view = View(shopper="ann", at=AT, item="kitchen-01")

    sent = message(Emission(CLICKS, "ann", AT, view), seed=7, number=12)

    arrived = read(CLICKS, sent.key, sent.value, sent.headers, partition_of(b"ann", PARTITIONS))
    assert arrived == Admitted(view, "shop-7-12")
    assert dict(sent.headers)["ce_time"] == b"2026-01-01T12:00:00.123+00:00"


def test_bad_records_are_refused_or_sent_on_or_taken_as_they_say() -> None:
    rubbish = Rubbish(seed=1, partitions=PARTITIONS)
    refused = misplaced = taken = 0
    for number in range(300):
        bad = rubbish.one(AT + timedelta(milliseconds=number))
        partition = bad.partition if bad.partition is not None else partition_of(bad.key or b"", PARTITIONS)
        match read(bad.topic, bad.key, bad.value, bad.headers, partition):
            case Rejection():
                refused += 1
            case Misplaced():
                misplaced += 1
            case _:
                taken += 1

    assert refused == rubbish.refusable
    assert misplaced > 0
    assert taken > 0
    assert refused + misplaced + taken == rubbish.sent == 300


def test_the_same_seed_makes_the_same_bad_records() -> None:
    one, other = Rubbish(3, PARTITIONS), Rubbish(3, PARTITIONS)

    assert [one.one(AT) for _ in range(50)] == [other.one(AT) for _ in range(50)]


@pytest.mark.parametrize("number", [1, 2])
def test_ids_differ_by_number_only(number: int) -> None:
    emission = Emission(CLICKS, "ann", AT, View(shopper="ann", at=AT, item="kitchen-01"))

    ids = {dict(message(emission, 7, n).headers)["ce_id"] for n in (number, number, number + 1)}

    assert len(ids) == 2
    assert msgspec.json.decode(message(emission, 7, number).value or b"")["item"] == "kitchen-01"
