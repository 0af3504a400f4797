import json
from typing import Any

import msgspec
import pytest
from aiokafka.partitioner import DefaultPartitioner

from agents.intake import Admitted, Intake, Misplaced, Rejection, partition_of
from agents.processor import Input
from agents.topics import CATALOG, CLICKS
from schemas.clicks import View

CLICK = {"kind": "view", "shopper": "ada", "item": "lamp", "at": "2026-01-01T00:00:00Z"}
VALUE = json.dumps(CLICK).encode()
INTAKE = Intake(Input(CLICKS, key=lambda event: event.shopper))
PARTITIONS = 16
HOME = partition_of(b"ada", PARTITIONS)


def changed(**fields: Any) -> bytes:
    return json.dumps(CLICK | fields).encode()


def rejected(value: bytes | None, headers: Any = ()) -> Rejection:
    found = INTAKE.admit(b"ada", value, headers, HOME, PARTITIONS)
    assert isinstance(found, Rejection)
    return found


def test_a_good_record_is_admitted_with_its_id() -> None:
    found = INTAKE.admit(b"ada", VALUE, [("ce_type", b"x"), ("ce_id", b"7")], HOME, PARTITIONS)

    assert isinstance(found, Admitted)
    assert isinstance(found.event, View)
    assert found.id == "7"


def test_bare_json_without_headers_is_admitted() -> None:
    found = INTAKE.admit(b"ada", VALUE, (), HOME, PARTITIONS)

    assert isinstance(found, Admitted)
    assert found.id is None


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"not json",
        b"\0\0\0\0\x07",
        b"\0\0\0\0\x07not json",
        VALUE.replace(b"ada", b"\xff"),
        VALUE.replace(b"ada", b"\\ud800"),
        b'{"x":' + b"[" * 100_000,
        b'{"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        VALUE + b"}",
    ],
)
def test_what_is_no_json_is_rejected_when_decoded(value: bytes) -> None:
    found = rejected(value)

    assert (found.stage, found.reason) == ("decode", "undecodable")


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (b"[]", "$"),
        (b"null", "$"),
        (changed(shopper=1), "$.shopper"),
        (changed(shopper=""), "$.shopper"),
        (changed(shopper="x" * 257), "$.shopper"),
        (changed(item=None), "$.item"),
        (changed(kind="stare"), "$.kind"),
        (changed(at="yesterday"), "$.at"),
        (changed(at="2026-01-01T00:00:00"), "$.at"),
        (changed(position=-1), "$.position"),
        (json.dumps({k: v for k, v in CLICK.items() if k != "shopper"}).encode(), "$.shopper"),
        (json.dumps({k: v for k, v in CLICK.items() if k != "kind"}).encode(), "$.kind"),
        (changed(kind="list_shown", items=["a", 1]), "$.items[1]"),
    ],
)
def test_a_wrong_field_is_rejected_by_its_path(value: bytes, field: str) -> None:
    found = rejected(value)

    assert (found.stage, found.reason, found.field) == ("validate", "invalid", field)


def test_a_message_does_not_repeat_long_data() -> None:
    found = rejected(changed(kind="z" * 10_000))

    assert len(found.message) < 400
    assert found.field == "$.kind"


def test_the_prefix_of_a_schema_registry_is_taken_off() -> None:
    assert isinstance(INTAKE.admit(b"ada", b"\0\0\0\0\x07" + VALUE, (), HOME, PARTITIONS), Admitted)


def test_a_structured_cloud_event_is_unwrapped() -> None:
    envelope = {"specversion": "1.0", "id": "7", "source": "/shop", "type": "click", "data": CLICK}
    headers = [("content-type", b"application/cloudevents+json; charset=utf-8")]

    found = INTAKE.admit(b"ada", json.dumps(envelope).encode(), headers, HOME, PARTITIONS)

    assert isinstance(found, Admitted)
    assert isinstance(found.event, View)
    assert found.id == "7"


@pytest.mark.parametrize(
    "value",
    [None, VALUE, b'{"id":"7"}', b'{"id":"","data":{}}', b'{"id":"' + b"x" * 300 + b'","data":{}}', b"{"],
)
def test_a_broken_structured_cloud_event_is_rejected(value: bytes | None) -> None:
    rejected(value, [("content-type", b"application/cloudevents+json")])


@pytest.mark.parametrize("event_id", [None, b"", b"\xff", b"x" * 257])
def test_an_id_that_is_no_short_text_is_rejected(event_id: bytes | None) -> None:
    assert rejected(VALUE, [("ce_id", event_id)]).field == "ce_id"


def test_a_tombstone_is_rejected_where_none_is_expected() -> None:
    assert rejected(None).reason == "tombstone"


def test_a_tombstone_is_admitted_where_it_is_expected() -> None:
    intake = Intake(Input(CATALOG, key=lambda event: event.item, tombstones=True))

    assert intake.admit(b"ada", None, (), HOME, PARTITIONS) == Admitted(None, None)
    for key, reason in ((None, "no_key"), (b"\xff", "key_mismatch")):
        found = intake.admit(key, None, (), HOME, PARTITIONS)
        assert isinstance(found, Rejection)
        assert found.reason == reason


@pytest.mark.parametrize(
    ("key", "partition"), [(None, HOME), (b"", HOME), (b"bob", HOME), (b"\xff", HOME), (b"ada", HOME ^ 1)]
)
def test_a_record_at_another_place_is_misplaced(key: bytes | None, partition: int) -> None:
    found = INTAKE.admit(key, VALUE, (), partition, PARTITIONS)

    assert isinstance(found, Misplaced)
    assert found.key == "ada"


def test_the_place_does_not_matter_for_an_input_without_key() -> None:
    assert isinstance(Intake(Input(CLICKS)).admit(None, VALUE, (), 3, PARTITIONS), Admitted)


@pytest.mark.parametrize("key", [b"a", b"ada", b"\xe6\x9d\x8e", b"shopper-123456789"])
def test_partitions_are_those_of_the_default_partitioner(key: bytes) -> None:
    partitions = list(range(7))

    assert partition_of(key, 7) == DefaultPartitioner()(key, partitions, partitions)


def test_an_own_decoder_is_used() -> None:
    intake = Intake(Input(CLICKS, decode=msgspec.json.Decoder(dict[str, str]).decode))

    assert intake.admit(None, b'{"a":"b"}', (), 0, 1) == Admitted({"a": "b"}, None)
