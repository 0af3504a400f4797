from datetime import UTC, datetime, timedelta, timezone

import pytest

from agents.headers import (
    DEAD_LETTER,
    FAILED,
    ONLY_OUTPUT,
    REKEY,
    cloud_event,
    dead_letter,
    failed,
    rekey,
    rekeyed,
    replay,
)
from agents.intake import Headers
from agents.processor import Origin, Output
from agents.topics import PAIRS, RECOMMENDATIONS, Topic
from schemas.dead_letters import DeadLetter

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
ORIGIN = Origin("clicks.v1", 3, 41, 1_767_000_000_000, "e-7")


def output(topic: Topic = RECOMMENDATIONS, at: datetime = AT) -> Output:
    return Output(topic, "ada", None, "id-1", at)


def letter(message: str = "Expected `str`", field: str = "$.shopper") -> DeadLetter:
    return DeadLetter(
        topic="clicks.v1",
        partition=3,
        offset=41,
        timestamp=1_767_000_000_000,
        stage="validate",
        reason="invalid",
        message=message,
        field=field,
    )


def test_an_output_is_a_cloud_event_in_binary_mode() -> None:
    headers = cloud_event(output(), "/vitrine/shoppers")

    assert dict(headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"id-1",
        "ce_source": b"/vitrine/shoppers",
        "ce_type": b"vitrine.recommendations.v1",
        "ce_time": b"2026-01-02T03:04:05.678000Z",
        "content-type": b"application/json",
    }
    assert len(headers) == 6


def test_the_type_follows_the_topic_and_the_source_the_agent() -> None:
    first = dict(cloud_event(output(), "/vitrine/shoppers"))
    second = dict(cloud_event(output(PAIRS), "/vitrine/items"))

    assert (first["ce_type"], second["ce_type"]) == (b"vitrine.recommendations.v1", b"vitrine.pairs.v1")
    assert (first["ce_source"], second["ce_source"]) == (b"/vitrine/shoppers", b"/vitrine/items")


def test_a_time_keeps_its_offset() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))

    assert dict(cloud_event(output(at=at), "/s"))["ce_time"] == b"2026-01-02T03:04:05+02:00"


def test_a_dead_letter_keeps_the_headers_as_they_came_and_adds_place_and_reason() -> None:
    original: Headers = [("ce_id", b"e-7"), ("trace", None), ("raw", b"\xff"), ("raw", b"again")]

    headers = dead_letter(letter(), original)

    assert headers[:4] == original
    assert dict(headers[4:]) == {
        "__dlq.errors.topic": b"clicks.v1",
        "__dlq.errors.partition": b"3",
        "__dlq.errors.offset": b"41",
        "__dlq.errors.timestamp": b"1767000000000",
        "__dlq.errors.stage": b"validate",
        "__dlq.errors.reason": b"invalid",
        "__dlq.errors.message": b"Expected `str`",
        "__dlq.errors.field": b"$.shopper",
        "__dlq.errors.delivery.count": b"1",
    }


def test_a_second_refusal_takes_the_place_of_the_first() -> None:
    once = dead_letter(letter("first"), [("ce_id", b"e-7")])

    twice = dead_letter(letter("second", field=""), once)

    assert [value for name, value in twice if name == f"{DEAD_LETTER}message"] == [b"second"]
    assert f"{DEAD_LETTER}field" not in dict(twice)
    assert twice[0] == ("ce_id", b"e-7")


def test_half_a_surrogate_pair_in_a_message_does_not_stop_a_dead_letter() -> None:
    assert dict(dead_letter(letter("\ud800!"), ()))["__dlq.errors.message"] == b"?!"


def test_a_misplaced_record_tells_where_it_was_read() -> None:
    original: Headers = [("ce_id", b"e-7"), ("trace", None)]

    headers = rekey(ORIGIN, original)

    assert headers[:2] == original
    assert rekeyed(headers, "e-7") == ORIGIN


def test_a_place_that_a_producer_made_up_gives_way() -> None:
    headers = rekey(ORIGIN, [(f"{REKEY}offset", b"0")])

    assert [value for name, value in headers if name == f"{REKEY}offset"] == [b"41"]


@pytest.mark.parametrize(
    "changed",
    [
        {f"{REKEY}offset": None},
        {f"{REKEY}offset": b"forty"},
        {f"{REKEY}partition": b"\xff"},
        {f"{REKEY}topic": b""},
    ],
)
def test_a_record_without_its_place_has_none(changed: dict[str, bytes | None]) -> None:
    headers: Headers = list((dict(rekey(ORIGIN, ())) | changed).items())

    assert rekeyed(headers) is None


def test_a_replayed_dead_letter_tells_its_place_and_how_often_it_failed() -> None:
    refused = dead_letter(letter(), [("ce_id", b"e-7"), ("trace", None)])

    headers = replay(ORIGIN, refused, failed=3, only_output=True)

    assert headers[:2] == [("ce_id", b"e-7"), ("trace", None)]
    assert rekeyed(headers, "e-7") == ORIGIN
    assert failed(headers) == 3
    assert dict(headers)[ONLY_OUTPUT] == b"1"
    assert not [name for name, _ in headers if name.startswith(DEAD_LETTER)]


@pytest.mark.parametrize("made_up", [None, b"", b"-1", b"two", b"9" * 50, b"\xff", "٣".encode()])
def test_what_a_producer_makes_up_of_failures_is_none(made_up: bytes | None) -> None:
    assert failed([(FAILED, made_up)]) == 0


def test_a_producer_cannot_ask_that_a_misplaced_record_is_not_folded() -> None:
    assert ONLY_OUTPUT not in dict(rekey(ORIGIN, [(ONLY_OUTPUT, b"1"), (FAILED, b"7")]))


def test_a_record_that_was_never_misplaced_has_no_other_place() -> None:
    assert rekeyed([("ce_id", b"e-7")]) is None
