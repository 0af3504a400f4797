"""Letters read, marked, chosen and made into records again, without a broker."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from agents import headers as wire
from agents.__main__ import main
from agents.deadletters.letter import Identity, Letter, Place, letter_of
from agents.deadletters.marks import Marks, Register
from agents.deadletters.resend import Mending, Parcel, Unfit, is_folded, resend, routes
from agents.deadletters.selection import OTHERS, Filters, Summary, columns, kind_of_field, moment_of
from agents.processor import Origin
from agents.replay.log import Headers, LogRecord
from agents.topics import BY_NAME, DEAD_LETTERS, INPUTS, INTERNAL, REKEYS
from agents.wiring import KINDS
from schemas.dead_letters import DeadLetter, Handled

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
AT = 1_767_000_000_000
ROUTES = routes(KINDS)
VIEW = {"kind": "view", "shopper": "ada", "item": "lamp", "at": "2026-01-01T12:00:00Z"}


def letter(topic: str = "clicks.v1", value: Any = VIEW, at: int = AT, headers: Headers = (), **why: Any) -> Letter:
    """Return a letter at offset 7 whose record was read at `topic`/3/41."""
    told: dict[str, Any] = {"stage": "validate", "reason": "invalid", "message": "", "field": "$.item"}
    refusal = DeadLetter(topic=topic, partition=3, offset=41, timestamp=AT - 5, **(told | why))
    body = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
    return Letter(Place(f"dlq.{topic}", 3, 7), at, refusal, b"ada", body, headers)


def sent(it: Letter, mending: Mending | None = None, **options: bool) -> Parcel:
    parcel = resend(it, ROUTES, mending or Mending(), **options)
    assert isinstance(parcel, Parcel), parcel
    return parcel


def unfit(it: Letter, mending: Mending | None = None) -> Unfit:
    found = resend(it, ROUTES, mending or Mending())
    assert isinstance(found, Unfit), found
    return found


# -- what lies there


def test_a_letter_tells_what_the_worker_wrote() -> None:
    why = letter(field="$.item", delivery_count=2).why
    assert why is not None
    headers = wire.dead_letter(msgspec.structs.replace(why, topic="eu.clicks.v1"), [("ce_id", b"e1"), ("trace", None)])

    read = letter_of(LogRecord("eu.dlq.clicks.v1", 1, 7, AT, b"k", b"v", tuple(headers)), "eu.")

    assert read.place == Place("dlq.clicks.v1", 1, 7)
    assert read.why == why
    assert (read.key, read.value, read.headers) == (b"k", b"v", (("ce_id", b"e1"), ("trace", None)))
    assert read.identity == Identity(Place("clicks.v1", 3, 41), 2)


@pytest.mark.parametrize(
    "changed",
    [
        {"topic": None},
        {"topic": b"searches.v1"},
        {"partition": b"three"},
        {"offset": b"\xff"},
        {"stage": b"boredom"},
    ],
)
def test_what_someone_else_wrote_is_a_letter_of_unknown_origin(changed: dict[str, bytes | None]) -> None:
    why = letter().why
    assert why is not None
    headers = dict(wire.dead_letter(why, [])) | {wire.DEAD_LETTER + name: value for name, value in changed.items()}

    read = letter_of(LogRecord("dlq.clicks.v1", 1, 7, AT, None, None, tuple(headers.items())), "")

    assert (read.why, read.stage, read.reason, read.field) == (None, "unknown", "unknown", "")
    assert read.identity == Identity(Place("dlq.clicks.v1", 1, 7), 0)


def test_a_letter_of_before_there_was_a_count_was_refused_once() -> None:
    why = letter().why
    assert why is not None
    headers = [it for it in wire.dead_letter(why, []) if it[0] != "__dlq.errors.delivery.count"]

    assert letter_of(LogRecord("dlq.clicks.v1", 1, 7, AT, None, None, tuple(headers)), "").identity.failed == 1


def test_a_place_is_read_as_it_is_written() -> None:
    place = Place("dlq.clicks.v1", 3, 7)

    assert Place.of_letter(str(place)) == place


@pytest.mark.parametrize(
    "text",
    ["", "clicks.v1/3/42", "dlq.clicks.v1", "dlq.clicks.v1/3", "dlq.clicks.v1/3/7/1", "dlq.clicks.v1/-1/7",
     "dlq.clicks.v1/3/x", "dlq.clicks.v1/3/²", f"dlq.clicks.v1/3/{'9' * 30}", "dlq.unheard.of/3/7"],
)  # fmt: skip
def test_what_is_no_place_of_a_letter_is_told_what_one_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"dlq\.TOPIC/PARTITION/OFFSET"):
        Place.of_letter(text)


# -- which are done with


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), st.integers(0, 2_000), st.integers(1, 2))))
def test_marks_are_a_set(steps: list[tuple[bool, str, int, int]]) -> None:
    marks, model = Marks(), set[Identity]()
    for adds, topic, offset, failed in steps:
        identity = Identity(Place(topic, 0, offset), failed)
        (marks.add if adds else marks.discard)(identity)
        (model.add if adds else model.discard)(identity)

    assert len(marks) == len(model)
    assert all((Identity(Place(topic, 0, n), f) in marks) == (Identity(Place(topic, 0, n), f) in model)
               for _, topic, n, f in steps)  # fmt: skip


def handled(action: Any, count: int = 1) -> Handled:
    place = Place("clicks.v1", 3, 41)
    return Handled(action=action, at=NOW, letter="dlq.clicks.v1/3/7", **place._asdict(), delivery_count=count)


def test_what_was_done_last_holds_and_a_later_failure_is_open() -> None:
    register = Register()
    register.note(handled("dropped"))
    register.note(handled("replayed"))

    assert register.state(letter().identity) == "replayed"
    assert register.state(letter(delivery_count=2).identity) == "open"
    register.note(handled("dropped", 2))
    assert register.state(letter(delivery_count=2).identity) == "dropped"


# -- which are meant


@pytest.mark.parametrize(
    ("filters", "taken"),
    [
        (Filters(), True),
        (Filters(topics=frozenset(["clicks.v1"]), stages=frozenset(["validate"])), True),
        (Filters(topics=frozenset(["searches.v1"])), False),
        (Filters(stages=frozenset(["score"])), False),
        (Filters(reasons=frozenset(["invalid", "tombstone"])), True),
        (Filters(reasons=frozenset(["tombstone"])), False),
        (Filters(fields=frozenset(["$.items[]"])), True),
        (Filters(fields=frozenset(["$.items"])), False),
        (Filters(since=AT, until=AT + 1), True),
        (Filters(since=AT + 1), False),
        (Filters(until=AT), False),
    ],
)
def test_filters_take_what_they_say(filters: Filters, *, taken: bool) -> None:
    assert filters.take(letter(field="$.items[17]")) == taken


def test_letters_are_counted_by_what_is_wrong_with_them() -> None:
    summary = Summary()
    for it in (letter(field="$.items[1]", at=5), letter(field="$.items[2]", at=9), letter(topic="searches.v1")):
        summary.add(it)

    first, second = summary.groups()
    assert (first.topic, first.field, first.letters, first.first, first.last) == ("clicks.v1", "$.items[]", 2, 5, 9)
    assert (second.topic, second.example) == ("searches.v1", "dlq.searches.v1/3/7")
    assert summary.letters == 3


def test_a_summary_is_bounded_however_many_fields_there_are() -> None:
    summary = Summary()
    for n in range(2_000):
        summary.add(letter(field=f"$.f{n}"))

    groups = summary.groups()
    assert len(groups) <= 501
    assert (groups[0].field, sum(it.letters for it in groups)) == (OTHERS, 2_000)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("30m", "2026-01-31T11:30:00+00:00"),
        ("7d", "2026-01-24T12:00:00+00:00"),
        ("2026-01-30", "2026-01-30T00:00:00+00:00"),
        ("2026-01-30T12:00+02:00", "2026-01-30T10:00:00+00:00"),
    ],
)
def test_a_time_may_be_so_long_ago_or_a_date(text: str, at: str) -> None:
    assert moment_of(text, NOW) == datetime.fromisoformat(at).timestamp() * 1000


@pytest.mark.parametrize("text", ["", "yesterday", "5", "5w", "-1h", "999999d", "2026-13-01"])
def test_what_is_no_time_is_told_what_one_is(text: str) -> None:
    with pytest.raises(ValueError, match="expected 30m"):
        moment_of(text, NOW)


def test_elements_of_an_array_are_one_kind_of_field() -> None:
    assert kind_of_field("$.a[1].b[22]") == "$.a[].b[]"


def test_cells_stand_below_one_another() -> None:
    assert columns([("a", "bb", "c"), ("aaa", "b", "")]) == ["a    bb  c", "aaa  b"]


# -- what is sent again


def test_every_topic_of_letters_is_routed_or_is_a_rekey_topic() -> None:
    assert {*ROUTES, *(it.name for it in REKEYS)} == {it.name.removeprefix("dlq.") for it in DEAD_LETTERS}


@pytest.mark.parametrize("topic", [it.name for it in (*INPUTS, *INTERNAL[:4])])
def test_what_a_folder_reads_goes_through_its_rekey_topic_and_the_rest_to_its_own(topic: str) -> None:
    rekey = "rekey.items.v1" if BY_NAME[topic].key == "item" else "rekey.shoppers.v1"
    rekey = "rekey.outcomes.v1" if topic == "responses.v1" else rekey
    parcel = sent(letter(topic=topic, value=b"{}"), anyway=True)

    assert parcel.topic.name == ("reviews.v1" if topic == "reviews.v1" else rekey)


def test_a_record_that_can_be_read_by_now_is_sent_as_it_came_from_its_first_place() -> None:
    given: Headers = (("ce_id", b"e1"), ("trace", None))

    parcel = sent(letter(headers=given, delivery_count=3))

    assert (parcel.key, json.loads(parcel.value or b""), parcel.only_output) == (b"ada", VIEW, False)
    assert parcel.headers[:2] == given
    assert wire.rekeyed(parcel.headers) == Origin("clicks.v1", 3, 41, AT - 5)
    assert wire.failed(parcel.headers) == 3
    assert wire.ONLY_OUTPUT not in dict(parcel.headers)


def test_a_record_goes_under_the_key_of_its_shopper() -> None:
    assert sent(letter(value=VIEW | {"shopper": "bob"})).key == b"bob"


def test_an_event_that_is_folded_only_asks_for_its_output() -> None:
    folded = letter(value=b"\xff", stage="score", reason="unscored")

    parcel = sent(folded)

    assert is_folded(folded, ROUTES)
    assert (parcel.key, parcel.value, parcel.only_output) == (b"ada", b"\xff", True)
    assert dict(parcel.headers)[wire.ONLY_OUTPUT] == b"1"


@pytest.mark.parametrize(
    "mending", [Mending(value=b"{}"), Mending(key=b"k"), Mending(put=((("a",), 1),)), Mending(remove=(("a",),))]
)
def test_an_event_that_is_folded_cannot_be_changed(mending: Mending) -> None:
    assert unfit(letter(stage="score", reason="unscored"), mending).kind == "folded already"


def test_a_review_that_no_model_could_judge_is_judged_again() -> None:
    review = {"review_id": "r", "shopper": "ada", "item": "lamp", "text": "", "at": VIEW["at"]}
    unscored = letter(topic="reviews.v1", value=review, stage="score", reason="unscored")

    assert not is_folded(unscored, ROUTES)
    assert sent(unscored).topic.name == "reviews.v1"


@pytest.mark.parametrize(
    ("bad", "mending"),
    [
        (VIEW | {"item": 7}, Mending(put=((("item",), "lamp"),))),
        (VIEW | {"language": 7}, Mending(remove=(("language",),))),
        (b"{", Mending(value=json.dumps(VIEW).encode())),
        (None, Mending(value=json.dumps(VIEW).encode())),
        (b"\0\0\0\0\7" + json.dumps(VIEW | {"item": 7}).encode(), Mending(put=((("item",), "lamp"),))),
    ],
)
def test_a_record_that_is_mended_is_sent(bad: Any, mending: Mending) -> None:
    assert unfit(letter(value=bad)).kind.startswith("still ")

    parcel = sent(letter(value=bad), mending)

    assert json.loads((parcel.value or b"").lstrip(b"\0\7")) == VIEW


def test_an_event_in_an_envelope_is_mended_inside_it() -> None:
    headers: Headers = (("content-type", b"application/cloudevents+json"),)
    bad = letter(value={"id": "e1", "data": VIEW | {"item": 7}}, headers=headers)

    parcel = sent(bad, Mending(put=((("item",), "lamp"),)))

    assert json.loads(parcel.value or b"") == {"id": "e1", "data": VIEW}


def test_a_header_at_fault_is_left_out() -> None:
    bad = letter(headers=(("ce_id", b"x" * 300), ("a", b"b")), field="ce_id")
    assert unfit(bad).kind == "still invalid"

    parcel = sent(bad, Mending(headers=frozenset(["ce_id"])))

    assert parcel.headers[0] == ("a", b"b")


def test_a_tombstone_of_no_item_gets_a_key() -> None:
    tombstone = msgspec.structs.replace(letter(topic="catalog.v1", value=None), key=None)
    assert unfit(tombstone).kind == "still no_key"

    assert sent(tombstone, Mending(key=b"lamp")).key == b"lamp"


@pytest.mark.parametrize("mending", [Mending(put=((("a",), 1),)), Mending(remove=(("a",),))])
def test_what_holds_no_json_cannot_be_mended_by_field(mending: Mending) -> None:
    assert unfit(letter(value=b"{"), mending).kind == "not to be mended so"


def test_what_is_still_bad_is_told_where_and_may_be_sent_anyway() -> None:
    bad = letter(value=VIEW | {"item": 7})

    assert unfit(bad).detail == "Expected `str`, got `int` - at `$.item`"
    assert sent(bad, anyway=True).key == b"ada"


def test_what_nobody_reads_or_nobody_knows_is_not_sent() -> None:
    assert unfit(letter(topic="rekey.shoppers.v1")).kind == "of nobody's topic"
    assert unfit(msgspec.structs.replace(letter(), why=None)).kind == "of unknown origin"


# -- the command line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "clicks.v1/0/0"], "dlq.TOPIC/PARTITION/OFFSET"),
        (["list", "--topic", "clicks"], "expected one of clicks.v1"),
        (["list", "--since", "soon"], "expected 30m"),
        (["replay"], "say which letters"),
        (["replay", "--open", "--reason", "invalid"], "say which letters"),
        (["replay", "--open", "--key", "k"], "give its PLACE"),
        (["replay", "--open", "--set", "item=lamp"], "--set 'item=\"lamp\"'"),
        (["replay", "--open", "--set", "item"], "FIELD=JSON"),
        (["replay", "--open", "--unset", "a["], "expected a path"),
        (["drop", "--yes"], "say which letters"),
    ],
)
def test_what_cannot_be_meant_is_told_before_a_broker_is_asked(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, ["dlq", *arguments])

    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
