from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agents.inspect.safe import safe, shortened, shown
from agents.inspect.starts import Start, start_of
from agents.inspect.summaries import summary
from agents.replay.log import LogRecord
from agents.topics import ALL

GOLDEN = Path(__file__).parent.parent / "golden"
LINES = [
    (topic.name, line)
    for topic in ALL
    if topic.record is not None
    for line in (GOLDEN / f"{topic.name}.jsonl").read_bytes().splitlines()
]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def said(topic: str, value: bytes | None, headers: Any = ()) -> str:
    return summary(topic, LogRecord(topic, 0, 0, 0, b"ann", value, headers))


@pytest.mark.parametrize(("topic", "line"), LINES)
def test_every_record_has_its_line(topic: str, line: bytes) -> None:
    text = said(topic, line)

    assert text
    assert not text.startswith(("(", "{"))
    assert safe(text) == text


@pytest.mark.parametrize(
    ("topic", "value", "text"),
    [
        ("clicks.v1", b'{"kind":"purchase","shopper":"a","at":"2026-01-01T00:00:00Z","item":"x","quantity":2,"price":9.5}',
         "purchase x x2 at 9.5"),
        ("clicks.v1", b'{"kind":"click","shopper":"a","at":"2026-01-01T00:00:00Z","item":"x","recommendation_id":"0123456789","position":0}',
         "click x from list 01234567 place 1"),
        ("searches.v1", b'{"shopper":"a","at":"2026-01-01T00:00:00Z","query":"\\u001b[31mred\\u202e"}',
         "searched for “\\x1b[31mred\\u202e”"),
        ("catalog.v1", None, "(tombstone)"),
        ("policies.v1", b'{"kind":"pin","policy":"p","at":"2026-01-01T00:00:00Z","items":["x","y"],"slot":0,"placements":["home"]}',
         "pin at place 1: items x, y in home"),
        ("policies.v1", b'{"kind":"boost","policy":"p","at":"2026-01-01T00:00:00Z","points":0.5,"brands":["Lux"],"price_to":9.5,"ends":"2026-02-01T00:00:00Z"}',
         "boost by +0.5: brands Lux, price to 9.5 until 2026-02-01 00:00+0000"),
        ("policies.v1", b'{"kind":"cap","policy":"p","at":"2026-01-01T00:00:00Z","most":2}', "cap at 2: any item"),
        ("clicks.v1", b'{"event":"Product Clicked","userId":"a","timestamp":"2026-01-01T00:00:00Z","properties":{"product_id":"x"}}',
         "click x"),
        ("clicks.v1", b'{"event":"Cart Viewed","userId":"a","timestamp":"2026-01-01T00:00:00Z","properties":{}}',
         "cart_viewed, which means nothing here"),
        ("clicks.v1", b"\xff\xfe{", "(JSON is malformed: invalid character (byte 0)) \\xff\\xfe{"),
        ("clicks.v1", b'{"kind":"stare"}', "(Invalid value 'stare' at $.kind) {\"kind\":\"stare\"}"),
        ("vitrine-shoppers-changelog", b"\x00\x01", "\\x00\\x01"),
    ],
)  # fmt: skip
def test_a_record_is_said_in_words_that_no_terminal_obeys(topic: str, value: bytes | None, text: str) -> None:
    assert said(topic, value) == text


def test_a_dead_letter_says_reason_field_and_place() -> None:
    errors = {
        "reason": b"invalid",
        "field": b"$.item",
        "message": b"Expected `str`",
        "topic": b"clicks.v1",
        "partition": b"1",
        "offset": b"7",
    }
    headers = [(f"__dlq.errors.{name}", value) for name, value in errors.items()]

    assert (
        said("dlq.clicks.v1", b"\x1b[2J", headers) == "invalid at $.item: Expected `str`; from clicks.v1/1/7: \\x1b[2J"
    )
    assert said("dlq.clicks.v1", None) == "no reason given: ; from //: (no value)"


def test_a_misplaced_record_says_where_it_was_and_what_it_is() -> None:
    headers = [("__rekey.topic", b"searches.v1"), ("__rekey.partition", b"1"), ("__rekey.offset", b"7")]
    value = b'{"shopper":"a","at":"2026-01-01T00:00:00Z","query":"lamp"}'

    assert said("rekey.shoppers.v1", value, headers) == "from searches.v1/1/7: searched for “lamp”"


def test_text_is_kept_as_it_is_if_it_can_be_shown() -> None:
    assert safe("胡桃木 “board” …") == "胡桃木 “board” …"
    assert safe("a\tb\r\n\x7f\u200b\ud800") == "a\\tb\\r\\n\\x7f\\u200b\\ud800"
    assert shortened("abcdef", 4) == "abc…"
    assert shown(None) == ""
    assert shown("好".encode() * 100, 5) == "好好好好…"


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("end", Start()),
        ("beginning", Start(beginning=True)),
        ("-10", Start(last=10)),
        ("90s", Start(since=NOW - timedelta(seconds=90))),
        ("10m", Start(since=NOW - timedelta(minutes=10))),
        ("2h", Start(since=NOW - timedelta(hours=2))),
        ("2026-03-01T08:00:00Z", Start(since=NOW - timedelta(hours=4))),
        ("2026-03-01T08:00", Start(since=NOW - timedelta(hours=4))),
    ],
)
def test_a_start_is_read(text: str, start: Start) -> None:
    assert start_of(text, NOW) == start


@pytest.mark.parametrize("text", ["yesterday", "10", "-", "--5", "99999999999999d", ""])
def test_what_is_no_start_is_refused_with_the_cure(text: str) -> None:
    with pytest.raises(ValueError, match="expected end, beginning, -N"):
        start_of(text, NOW)
