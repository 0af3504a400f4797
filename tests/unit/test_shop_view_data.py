"""What the live view is drawn from: the last minute, the worker's metrics, one shopper's tale, and keys."""

import os
import pty
import termios
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from agents.shop import keys
from agents.shop.floor import Floor
from agents.shop.meter import Batches, Meter, reading, totals
from agents.shop.parts import parts_of
from agents.shop.pulse import SECONDS, Pulse, quantile, rate
from agents.shop.shop import Emission, Shop
from agents.topics import CLICKS, REQUESTS
from agents.weights import VERSION, WEIGHTS
from schemas.clicks import View
from schemas.copy import Copy
from schemas.recommendations import Candidate, Decision, Reason, Recommendations, Slot
from schemas.requests import Request

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_minute_has_a_value_for_each_second_that_has_passed() -> None:
    pulse = Pulse()
    for now in (10.1, 10.9, 12.0):
        pulse.event(now)
    pulse.answer(12.5, [0.1, 0.3])

    minute = pulse.minute(13.0)

    assert (minute.events, minute.lists) == ([2, 0, 1], [0, 0, 1])
    assert minute.p50 == [None, None, 0.3]
    assert pulse.waits(2) == [0.1, 0.3]
    assert pulse.waits(1) == []


def test_a_minute_forgets_what_is_older() -> None:
    pulse = Pulse()
    pulse.event(1.0)

    assert pulse.minute(1_000.0).events == [0] * SECONDS


def test_rates_and_quantiles_of_nothing() -> None:
    assert rate([]) == 0.0
    assert rate([100, 1, 1, 1, 1, 6]) == 2.0
    assert quantile([], 0.5) is None
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([3.0], 0.95) == 3.0


METRICS = """\
# TYPE vitrine_batch_size histogram
vitrine_batch_size_bucket{agent="shoppers",le="1.0"} 7.0
vitrine_batch_size_count{agent="shoppers"} %d
vitrine_batch_size_sum{agent="shoppers"} %d
vitrine_batch_wait_seconds_count{agent="shoppers"} %d
vitrine_batch_wait_seconds_sum{agent="shoppers"} %d
vitrine_lag_records{partition="1",topic="clicks.v1"} 3.0
vitrine_lag_records{partition="2",topic="clicks.v1"} 4.0
vitrine_owed{agent="shoppers"} 2.0
vitrine_owed{agent="items"} 1.0
vitrine_shed_total{agent="shoppers"} 5.0
python_info{version="3"} 1.0
"""


def test_a_reading_is_what_happened_between_two_looks() -> None:
    before, after = totals(METRICS % (10, 10, 10, 1)), totals(METRICS % (14, 20, 14, 3))

    found = reading(before, after, 2.0)

    assert found.batches == {"shoppers": Batches(2.0, 2.5, 0.5, 0.0)}
    assert (found.lag, found.owed, found.shed) == (7, 3, 5)
    assert reading(after, after, 1.0).batches == {}


def test_a_worker_that_does_not_answer_leaves_the_readings_before() -> None:
    texts: Iterator[str | None] = iter([METRICS % (0, 0, 0, 0), METRICS % (1, 3, 1, 1), None])
    meter = Meter(lambda: next(texts), clock=iter((1.0, 2.0)).__next__)

    for _ in range(3):
        meter.look()

    assert [it.batches["shoppers"].jobs for it in meter.readings()] == [3.0]


def decision(shopper: str, name: str) -> Decision:
    features = {"interest": 0.5, "category": 1.0, "touched": 1.0, "of the future": 9.0}
    return Decision(
        recommendation_id=name,
        shopper=shopper,
        placement="home",
        epoch=1,
        revision=1,
        at=AT,
        models={"score": VERSION},
        view=0,
        candidates=(
            Candidate(item="kitchen-01", source="x", score=1, features=features, slot=0),
            Candidate(item="kitchen-02", source="x", score=1, features=features),
        ),
    )


def test_parts_are_features_times_weights_the_strongest_first() -> None:
    (item, parts), *rest = parts_of(decision("ann", "1")).items()

    assert (item, rest) == ("kitchen-01", [])
    assert [part.name for part in parts] == ["category", "similar", "seen"]
    assert [part.value for part in parts] == [WEIGHTS["category"], WEIGHTS["interest"] / 2, WEIGHTS["touched"]]


def a_list(shopper: str, revision: int, items: list[str], at: datetime = AT) -> Recommendations:
    reason = Reason(code="x", text={"en": "because"})
    return Recommendations(
        recommendation_id=f"{shopper}/{revision}",
        shopper=shopper,
        placement="home",
        epoch=1,
        revision=revision,
        at=at,
        valid_until=at,
        slots=tuple(Slot(item=item, score=1, source="new", propensity=1, reason=reason) for item in items),
        models={},
        view=0,
    )


def a_copy(shopper: str, revision: int) -> Copy:
    return Copy(
        copy_id=f"{shopper}/{revision}",
        shopper=shopper,
        item="kitchen-01",
        placement="home",
        epoch=1,
        revision=revision,
        at=AT,
        valid_until=AT,
        text={"en": "words"},
        claims=(),
        writer="test",
    )


@pytest.fixture
def floor() -> Floor:
    """A floor on which a shopper who gets lists of their own has come in, a second after the clock began."""
    shop = Shop(shoppers=60, present=60, seed=7, opened=AT)
    floor = Floor(shop, patience=5, reading=2.0)
    name = next(name for name, it in shop.shoppers.items() if it.group == "personal")
    floor.tale.acted(Emission(REQUESTS, name, AT, Request(shopper=name, at=AT, request_id="r")), 1.0)
    return floor


def test_an_act_is_answered_by_the_list_that_covers_it(floor: Floor) -> None:
    name = floor.tale.shopper or ""
    floor.receive(a_list(name, 1, ["kitchen-01", "kitchen-02"]), 1.25)
    later = AT + timedelta(seconds=3)
    floor.tale.acted(Emission(CLICKS, name, later, View(shopper=name, at=later, item="kitchen-03")), 4.0)
    floor.receive(a_list(name, 2, ["kitchen-02", "kitchen-01"]), 4.1)
    assert [(it.seconds, it.change) for it in floor.tale.deeds] == [(0.25, "the first list"), (None, "")]

    floor.receive(a_list(name, 3, ["kitchen-03", "kitchen-01"], later), 4.5)

    came, looked = floor.tale.deeds
    assert came.text == "came in"
    assert looked.text.startswith("looked at ")
    assert (looked.seconds, looked.change) == (0.5, "1 new")
    assert [it.move for it in floor.tale.rows()] == [None, 0]


def test_an_older_list_changes_nothing(floor: Floor) -> None:
    name = floor.tale.shopper or ""
    floor.receive(a_list(name, 2, ["kitchen-01"]), 1.5)
    floor.receive(a_list(name, 1, ["kitchen-02"]), 1.6)

    assert floor.tale.newest is not None
    assert floor.tale.newest.revision == 2


@pytest.mark.parametrize("first", ["decision", "list"])
def test_a_list_gets_its_parts_whichever_comes_first(floor: Floor, first: str) -> None:
    name = floor.tale.shopper or ""
    if first == "decision":
        floor.explain(decision(name, f"{name}/1"))
    floor.receive(a_list(name, 1, ["kitchen-01"]), 1.5)
    if first == "list":
        floor.explain(decision(name, f"{name}/1"))
    assert floor.tale.rows()[0].parts

    floor.receive(a_list(name, 2, ["kitchen-01"]), 1.6)
    assert not floor.tale.rows()[0].parts


def test_only_words_of_the_list_s_revision_are_told(floor: Floor) -> None:
    name = floor.tale.shopper or ""
    floor.receive(a_list(name, 2, ["kitchen-01"]), 1.5)
    floor.receive(a_copy(name, 1), 1.5)
    assert floor.tale.copies() == []

    floor.receive(a_copy(name, 2), 1.5)
    assert [it.copy_id for _, it in floor.tale.copies()] == [f"{name}/2"]


def test_who_is_followed_takes_time_to_read_and_others_go_on(floor: Floor) -> None:
    name = floor.tale.shopper or ""
    assert floor.tale.reads(2.9) == name
    assert floor.tale.reads(3.1) is None

    floor.receive(a_list(name, 1, ["kitchen-01"]), 3.5)
    assert floor.tale.reads(5.4) == name
    acted = {it.key for _ in range(50) for it in floor.act(AT, 4.0, 0) if it.topic.key == "shopper"}
    assert acted
    assert name not in acted


def test_without_time_to_read_nobody_is_held_back() -> None:
    floor = Floor(Shop(shoppers=60, present=12, seed=7, opened=AT), patience=5)
    for number in range(200):
        floor.act(AT, number / 10, 0)
        assert floor.tale.reads(number / 10) is None


def test_records_of_strangers_are_no_error_and_no_shopper_of_ours(floor: Floor) -> None:
    before = dict(floor.produced)

    floor.receive(a_list("ada", 1, ["kitchen-01", "not-in-the-catalogue"]), 2.0)
    floor.receive(a_copy("ada", 1), 2.0)
    floor.receive(a_list("stranger", 1, ["kitchen-01"]), 2.0)

    assert list(floor.visitors) == ["ada"]
    assert (floor.received.recommendations, list(floor.latencies)) == (2, [])
    assert dict(floor.produced) == before


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal that is standard input; its other end."""
    outer, inner = pty.openpty()
    with os.fdopen(inner) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield outer
    os.close(outer)


def test_keys_call_their_actions_and_leave_the_terminal_as_it_was(terminal: int) -> None:
    with open(os.dup(terminal)) as it:  # noqa: PTH123  a descriptor
        before = termios.tcgetattr(it)
        pressed, other = Event(), Event()

        def crash() -> None:
            with keys.pressed({"n": pressed.set, "q": other.set}):
                assert not termios.tcgetattr(it)[3] & termios.ICANON
                assert termios.tcgetattr(it)[3] & termios.ISIG
                os.write(terminal, b"x\xffn")
                assert pressed.wait(60)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            crash()
        assert termios.tcgetattr(it) == before
    assert not other.is_set()


def test_a_pipe_has_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert not keys.available()
    os.close(writer)
