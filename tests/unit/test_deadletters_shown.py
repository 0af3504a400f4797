"""Letters as text, and the JSON inside of them."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from agents.deadletters.cures import CURES, FOLDED, NOT_FOLDED
from agents.deadletters.document import MISSING, Document, known_part, parsed, written
from agents.deadletters.letter import Letter, Place
from agents.deadletters.showing import MARK, safe, shown
from agents.replay.log import Headers
from schemas.dead_letters import DeadLetter, Stage

AGENTS = Path(__file__).parents[2] / "agents"
AT = 1_767_000_000_000


def lines(value: Any, field: str = "", headers: Headers = (), *, everything: bool = False, **why: Any) -> list[str]:
    told: dict[str, Any] = {"stage": "validate", "reason": "invalid", "message": "m", "field": field}
    refusal = DeadLetter(topic="clicks.v1", partition=3, offset=41, timestamp=AT, **(told | why))
    body = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
    letter = Letter(Place("dlq.clicks.v1", 3, 7), AT, refusal, b"ada", body, headers)
    return shown(letter, None, folded=False, everything=everything)


def marked(found: list[str]) -> list[str]:
    return [line.strip().removesuffix(MARK) for line in found if line.endswith(MARK)]


@pytest.mark.parametrize(
    ("field", "said", "line"),
    [
        ("$.a", "$.a = 1", '"a": 1,'),
        ("$.b[1].c", "$.b[1].c = null", '"c": null'),
        ("$.d[...]", '$.d[...] = {"en":1}', '"d": {'),
        ("key` in `$.d", 'key` in `$.d = {"en":1}', '"d": {'),
    ],
)
def test_the_part_at_fault_is_told_and_marked(field: str, said: str, line: str) -> None:
    found = lines({"a": 1, "b": [0, {"c": None}], "d": {"en": 1}}, field)

    assert f"field    {said}" in found
    assert marked(found) == [line]


def test_a_field_that_is_missing_is_said_to_be() -> None:
    assert "field    $.a is missing" in lines({}, "$.a")


def test_a_field_in_an_envelope_or_behind_a_prefix_is_found() -> None:
    structured: Headers = (("content-type", b"application/cloudevents+json; charset=utf-8"),)

    assert marked(lines({"id": "e", "data": {"a": 1}}, "$.a", structured)) == ['"a": 1']
    assert marked(lines(b'\0\0\0\0\7{"a":1}', "$.a")) == ['"a": 1']


def test_a_header_at_fault_marks_nothing_and_is_to_be_left_out() -> None:
    found = lines({"ce_id": 1}, "ce_id")

    assert not marked(found)
    assert "--unset-header ce_id" in found[-2]


def test_the_part_at_fault_is_shown_however_far_behind_it_is() -> None:
    found = lines({"items": list(range(500))}, "$.items[417]")

    assert marked(found) == ["[417]: 417"]
    assert len(found) < 50
    assert len(lines({"items": list(range(500))}, everything=True)) > 500


def test_long_texts_and_many_fields_are_cut_and_said_to_be() -> None:
    found = lines({f"f{n}": "x" * 5_000 for n in range(30)} | {"deep": {str(n): [n] * 9 for n in range(30)}})

    assert max(map(len, found)) < 1_000
    assert any("(5,002 characters)" in line for line in found)


def test_a_huge_value_takes_a_bounded_number_of_lines() -> None:
    found = lines({f"f{n}": {f"g{m}": [1, 2, 3] for m in range(19)} for n in range(19)})

    assert len(found) < 150
    assert any("--full" in line for line in found)


def test_the_byte_where_json_ends_is_marked() -> None:
    found = lines(b'{"a": 1 "b": 2}', reason="undecodable", message="JSON is malformed: ... (byte 8)")

    at = found.index("  at byte 8:")
    assert found[at + 1][found[at + 2].index("^") :] == '"b": 2}'


@pytest.mark.parametrize("value", [b"", b"\xff\xfe", b"\0", b"\0\0\0\0\0{", b"[" * 100_000, b"\x1b[2J", None])
def test_any_value_can_be_shown(value: bytes | None) -> None:
    found = lines(value, "$.a")

    assert all(line.isprintable() for line in found)
    assert sum(map(len, found)) < 10_000


def test_nothing_in_a_record_reaches_the_terminal_as_a_command() -> None:
    found = lines({"a\x1b[2J": "\x9b2J\u202e"}, "$.a\x07", (("h\x1b", b"\x1b[31m"),), message="\x1b[0m")

    assert all(line.isprintable() for line in found)
    assert safe("好 é") == "好 é"


def test_the_cure_of_each_reason_that_is_given_is_known() -> None:
    given = {
        match[1]
        for path in AGENTS.rglob("*.py")
        for match in re.finditer(r'Rejection\(\s*"\w+",\s*"(\w+)"', path.read_text())
    }

    assert {"undecodable", "invalid", "unscored"} < given
    assert given == CURES.keys() - {"unknown"}
    assert get_args(Stage) == ("decode", "validate", "key", "score")


@pytest.mark.parametrize("reason", CURES)
def test_a_cure_names_the_letter_or_says_what_to_do_once_for_all(reason: str) -> None:
    found = lines({"a": 1}, "$.a", reason=reason)

    cure = next(line for line in found if line.startswith("cure "))
    assert "{" not in cure
    assert any(word in cure for word in ("replay", "Replay", "Drop it"))


def test_it_is_said_whether_the_event_is_folded() -> None:
    assert lines({})[-1].strip() == NOT_FOLDED
    letter = Letter(Place("dlq.clicks.v1", 3, 7), AT, None, None, None, ())
    assert FOLDED not in " ".join(shown(letter, None, folded=False))


# -- paths


@pytest.mark.parametrize(
    ("text", "path"),
    [("$.a", ("a",)), ("a", ("a",)), ("$.a[3].b", ("a", 3, "b")), ("a.b[0][1]", ("a", "b", 0, 1)), ("$", ())],
)
def test_a_path_is_read_with_or_without_its_dollar(text: str, path: tuple[str | int, ...]) -> None:
    assert parsed(text) == path
    assert parsed(written(path)) == path


@pytest.mark.parametrize("text", ["a[", "a[x]", "a..b", "a]", "[-1]"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a path"):
        parsed(text)


def test_a_field_that_names_a_header_is_no_path() -> None:
    assert known_part("ce_id") is None
    assert known_part("$.a[...][...]") == ("a",)


def test_parts_are_set_and_taken_away() -> None:
    document = Document(b'{"a":{"b":[1,2]},"z":0}', ())

    document.put(("a", "b", 1), "x")
    document.put(("new",), None)
    document.remove(("z",))
    document.remove(("never", "there"))

    assert json.loads(document.closed()) == {"a": {"b": [1, "x"]}, "new": None}
    assert document.part(("z",)) is MISSING


@pytest.mark.parametrize("path", [("a", 0), ("no", "where"), ("b", 7), ()])
def test_what_has_no_place_cannot_be_set(path: tuple[str | int, ...]) -> None:
    document = Document(b'{"a":{},"b":[1]}', ())

    with pytest.raises(ValueError, match=r"there is no|whole event"):
        document.put(path, 1)
