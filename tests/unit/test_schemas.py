import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import fields

from agents.topics import ALL, CATALOG, CLICKS, PAIRS, REQUESTS, REVIEWS, SEARCHES, SENTIMENTS, Topic
from schemas.clicks import ClickEvent
from schemas.dead_letters import DeadLetter

GOLDEN = Path(__file__).parent.parent / "golden"
RECORDS = {topic.name: topic.record for topic in ALL if topic.record is not None} | {"dead-letters.v1": DeadLetter}
LINES = [(name, line) for name in RECORDS for line in (GOLDEN / f"{name}.jsonl").read_bytes().splitlines()]
"""Each record as it was first written, which can be read for ever: lines are added and never changed."""


def example(topic: Topic, **changed: Any) -> bytes:
    """Return the first recorded value of *topic* with other fields; ... leaves one out."""
    [line, *_] = (GOLDEN / f"{topic.name}.jsonl").read_bytes().splitlines()
    return json.dumps(
        {name: value for name, value in (json.loads(line) | changed).items() if value is not ...}
    ).encode()


@pytest.mark.parametrize(("name", "line"), LINES)
def test_what_was_recorded_is_read_and_written_with_the_same_bytes(name: str, line: bytes) -> None:
    record = msgspec.json.decode(line, type=RECORDS[name])

    assert msgspec.json.encode(record) == line


@pytest.mark.parametrize("name", RECORDS)
def test_every_field_is_recorded_once_and_every_optional_one_is_left_out_once(name: str) -> None:
    with_it: dict[type, set[str]] = {}
    without: dict[type, set[str]] = {}
    for line in (line for of, line in LINES if of == name):
        kind = type(msgspec.json.decode(line, type=RECORDS[name]))
        names = {field.name for field in fields(kind)}
        with_it.setdefault(kind, set()).update(names & json.loads(line).keys())
        without.setdefault(kind, set()).update(names - json.loads(line).keys())

    assert with_it == {kind: {field.name for field in fields(kind)} for kind in with_it}
    assert without == {kind: {field.name for field in fields(kind) if not field.required} for kind in without}


def test_every_kind_of_click_is_recorded() -> None:
    recorded = {type(msgspec.json.decode(line, type=ClickEvent)) for name, line in LINES if name == CLICKS.name}

    assert recorded == set(ClickEvent.__args__)


def test_a_click_says_its_kind() -> None:
    kinds = {kind.__struct_config__.tag: kind.__name__ for kind in ClickEvent.__args__}

    assert kinds == {
        "view": "View",
        "click": "Click",
        "add_to_cart": "AddToCart",
        "purchase": "Purchase",
        "basket": "Basket",
        "order": "Order",
        "list_shown": "ListShown",
        "copy_shown": "CopyShown",
    }


@pytest.mark.parametrize(("name", "line"), LINES)
def test_unknown_fields_are_ignored(name: str, line: bytes) -> None:
    later = json.dumps(json.loads(line) | {"from_a_later_version": [1, {"x": None}]}).encode()

    assert msgspec.json.decode(later, type=RECORDS[name]) == msgspec.json.decode(line, type=RECORDS[name])


@pytest.mark.parametrize(
    ("topic", "changed", "where"),
    [
        (CLICKS, {"shopper": ""}, "length >= 1 - at `$.shopper`"),
        (CLICKS, {"shopper": "x" * 10_000}, "length <= 256 - at `$.shopper`"),
        (CLICKS, {"shopper": ...}, "missing required field `shopper`"),
        (CLICKS, {"item": 7}, "Expected `str`, got `int` - at `$.item`"),
        (CLICKS, {"at": "2026-01-05T12:30:15"}, "timezone component - at `$.at`"),
        (CLICKS, {"at": "2026-13-05T12:30:15Z"}, "Invalid RFC3339 encoded datetime - at `$.at`"),
        (CLICKS, {"at": 1_767_616_215}, "Expected `datetime`, got `int` - at `$.at`"),
        (CLICKS, {"kind": "stare"}, "Invalid value 'stare' - at `$.kind`"),
        (CLICKS, {"kind": ...}, "missing required field `kind`"),
        (CLICKS, {"language": "x" * 65}, "length <= 64 - at `$.language`"),
        (CLICKS, {"kind": "order", "lines": []}, "length >= 1 - at `$.lines`"),
        (CLICKS, {"kind": "order", "lines": [{"item": "a"}] * 201}, "length <= 200 - at `$.lines`"),
        (CLICKS, {"kind": "order", "lines": [{"item": "a"}, {"quantity": 2}]}, "missing required field `item` - at `$.lines[1]`"),
        (CLICKS, {"position": -1}, "`int` >= 0 - at `$.position`"),
        (CLICKS, {"kind": "purchase", "quantity": 0}, "`int` >= 1 - at `$.quantity`"),
        (CLICKS, {"kind": "purchase", "quantity": 1.5}, "Expected `int`, got `float` - at `$.quantity`"),
        (CLICKS, {"kind": "purchase", "price": -0.01}, "`float` >= 0.0 - at `$.price`"),
        (CLICKS, {"kind": "list_shown", "items": ["a"] * 501}, "length <= 500 - at `$.items`"),
        (CLICKS, {"kind": "list_shown", "items": ["a", ""]}, "length >= 1 - at `$.items[1]`"),
        (SEARCHES, {"query": "x" * 2_001}, "length <= 2000 - at `$.query`"),
        (REQUESTS, {"limit": 101}, "`int` <= 100 - at `$.limit`"),
        (REQUESTS, {"candidates": ["a"] * 1_001}, "length <= 1000 - at `$.candidates`"),
        (REVIEWS, {"stars": 0}, "`float` >= 1.0 - at `$.stars`"),
        (REVIEWS, {"stars": 5.5}, "`float` <= 5.0 - at `$.stars`"),
        (REVIEWS, {"text": "x" * 200_001}, "length <= 200000 - at `$.text`"),
        (CATALOG, {"title": {"x" * 65: "Lampe"}}, "length <= 64 - at `key` in `$.title`"),
        (CATALOG, {"title": {"en": 1}}, "Expected `str`, got `int` - at `$.title[...]`"),
        (CATALOG, {"attributes": {"size": {"en": None}}}, "Expected `str`, got `null` - at `$.attributes[...][...]`"),
        (CATALOG, {"price": -1}, "`float` >= 0.0 - at `$.price`"),
        (CATALOG, {"stock": -1}, "`int` >= 0 - at `$.stock`"),
        (CATALOG, {"currency": "EURO"}, "length <= 3 - at `$.currency`"),
        (PAIRS, {"kind": "search"}, "Invalid enum value 'search' - at `$.kind`"),
        (SENTIMENTS, {"polarity": 1.01}, "`float` <= 1.0 - at `$.polarity`"),
        (SENTIMENTS, {"probability": -0.1}, "`float` >= 0.0 - at `$.probability`"),
        (SENTIMENTS, {"aspects": [{"name": "fit", "polarity": -2, "quote": ""}]}, "`float` >= -1.0 - at `$.aspects[0].polarity`"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_its_place(topic: Topic, changed: dict[str, Any], where: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refusal:
        msgspec.json.decode(example(topic, **changed), type=topic.record)

    assert where in str(refusal.value)


def test_a_review_of_100_kb_is_accepted() -> None:
    assert len(msgspec.json.decode(example(REVIEWS, text="好" * 100_000), type=REVIEWS.record).text) == 100_000


def test_a_record_cannot_be_changed() -> None:
    record = msgspec.json.decode(example(REVIEWS), type=REVIEWS.record)

    with pytest.raises(AttributeError):
        record.text = "other"
