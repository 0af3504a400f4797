# ruff: noqa: RUF001  Chinese punctuation is what is tested
"""The live view fits its terminal."""

import io
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len
from rich.console import Console

from agents.shop.feed import Address
from agents.shop.floor import Floor
from agents.shop.meter import Batches, Reading
from agents.shop.panels.worth import worth
from agents.shop.screen import Screen
from agents.shop.shop import Shop
from agents.topics import CATALOG
from schemas.copy import Claim, Copy
from schemas.recommendations import Candidate, Decision, Reason, Recommendations, Slot
from schemas.requests import Request
from schemas.sentiments import Aspect, Sentiment

AT = datetime(2026, 1, 1, tzinfo=UTC)
SIZES = [(80, 24), (100, 30), (120, 40), (200, 50), (140, 30), (160, 36), (100, 60), (60, 20), (300, 24)]
NOW = 200.0
ADDRESS = Address("127.0.0.1:9092", "", 4)


def busy_floor() -> Floor:
    """Return a floor on which everything that the view shows has happened."""
    shop = Shop(shoppers=60, present=12, seed=7, opened=AT)
    floor = Floor(shop, patience=5)
    for number in range(2_000):
        for emission in floor.act(AT, number / 10, 0):
            record = emission.record
            if isinstance(record, Request):
                floor.explain(some_decision(emission.key, number))
                floor.receive(some_list(emission.key, number), number / 10)
                floor.receive(some_copy(emission.key, number), number / 10)
    for number in range(10):
        floor.receive(some_sentiment(number), 1)
    return floor


def made(floor: Floor) -> str:
    """Return what the view says of the events made: shoppers who wait make none."""
    events = sum(number for topic, number in floor.produced.items() if topic != CATALOG.name)
    assert events > 500
    return f"{events:,} events"


def some_list(shopper: str, number: int) -> Recommendations:
    slots = [
        Slot(
            item=f"kitchen-{1 + (number + place) % 12:02d}",
            score=1,
            source="interest",
            propensity=1,
            reason=Reason(code="x", text={"en": "Because you looked at a chopping board", "zh": "因为你看过砧板"}),
        )
        for place in range(10)
    ]
    return Recommendations(
        recommendation_id=str(number),
        shopper=shopper,
        placement="home",
        epoch=0,
        revision=number,
        at=AT.replace(year=2027),
        valid_until=AT,
        slots=tuple(slots),
        models={},
        view=0,
    )


def some_copy(shopper: str, number: int) -> Copy:
    return Copy(
        copy_id=str(number),
        shopper=shopper,
        item=f"kitchen-{1 + number % 12:02d}",
        placement="home",
        epoch=0,
        revision=number,
        at=AT,
        valid_until=AT,
        text={"en": "A board for good knives.", "zh": "厚实稳重，不伤刀刃，带导汁槽。" * 5},
        claims=(Claim(text={"en": "for good knives", "zh": "不伤刀刃"}, fact="item.use", value="knives"),),
        writer="test",
    )


def some_decision(shopper: str, number: int) -> Decision:
    made = some_list(shopper, number)
    return Decision(
        recommendation_id=str(number),
        shopper=shopper,
        placement="home",
        epoch=0,
        revision=number,
        at=AT,
        models={},
        view=0,
        candidates=tuple(
            Candidate(
                item=slot.item,
                source="interest",
                score=1,
                features={"interest": 1.0, "category": 0.2, "touched": 2.0},
                slot=place,
            )
            for place, slot in enumerate(made.slots)
        ),
    )


def some_readings() -> list[Reading]:
    return [Reading({"shoppers": Batches(20, 1 + n / 10, 0.012, 0.034)}, n, 2, 0) for n in range(70)]


def some_sentiment(number: int) -> Sentiment:
    return Sentiment(
        shopper="ann",
        item="audio-01",
        review_id=str(number),
        at=AT,
        polarity=-0.7,
        label="negative",
        probability=0.9,
        language="zh",
        model="none@1",
        aspects=(Aspect(name="quality", polarity=-0.8, quote="质量很差，感觉很廉价。" * 4),),
    )


def drawn(floor: Floor, width: int, height: int, *, keys: bool = False) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    screen = Screen(floor, ADDRESS, readings=some_readings, keys=keys, clock=lambda: NOW)
    console.print(screen, end="")
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue().splitlines()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_view_fills_its_terminal_exactly(width: int, height: int) -> None:
    lines = drawn(busy_floor(), width, height)

    assert set(map(cell_len, lines)) == {width}
    assert len(lines) == height


@pytest.mark.parametrize(("width", "height"), [(40, 12), (20, 10), (20, 3), (5, 40), (1, 10), (1, 1), (200, 2)])
def test_a_tiny_terminal_breaks_nothing(width: int, height: int) -> None:
    lines = drawn(busy_floor(), width, height)

    assert max(map(cell_len, lines)) <= max(width, 2)
    assert len(lines) <= height


@pytest.mark.parametrize(("width", "height"), SIZES[:4])
def test_the_view_shows_rates_the_worker_groups_and_a_shopper_s_list_with_reasons(width: int, height: int) -> None:
    floor = busy_floor()

    text = "\n".join(drawn(floor, width, height))

    for word in (made(floor), "click→list p50", "their own list", "most popular", "another's list", "shopper-0"):
        assert word in text
    for word in ("VITRINE_BROKER=127.0.0.1:9092", "chopping board", "Because you", "similar ██████", "came in"):
        assert word in text
    for word in ("A board for good knives", "item.use = knives", "lag 69", "12 ms", "34 ms", "Ctrl-C stops"):
        assert word in text


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 50)])
def test_reviews_are_shown_where_there_is_room(width: int, height: int) -> None:
    assert "quality -0.8" in "\n".join(drawn(busy_floor(), width, height))


@pytest.mark.parametrize(("width", "height"), [*SIZES, (40, 12)])
def test_an_empty_shop_can_be_drawn(width: int, height: int) -> None:
    floor = Floor(Shop(shoppers=5, present=2, seed=1, opened=AT), patience=5)

    text = "\n".join(drawn(floor, width, height))

    assert "events      0/s" in text
    assert "Waiting for the first shopper" in text


def test_what_a_control_lacks_is_said_in_words() -> None:
    floor = busy_floor()
    floor.shop.tallies["personal"].slots, floor.shop.tallies["personal"].clicks = 10_000, 1_700
    floor.shop.tallies["popular"].slots, floor.shop.tallies["popular"].clicks = 10_000, 1_000
    floor.shop.tallies["shuffled"].slots, floor.shop.tallies["shuffled"].clicks = 10_000, 1_690

    text = " ".join(line.plain for line in worth(floor.shop.tallies, 200, 9))

    assert "Own lists are clicked 1.7 times as often as the most popular items, not by chance (z +14.5)." in text
    assert "Own lists are clicked 1.0 times as often as somebody else's list, perhaps by chance (z +0.2)." in text


def test_the_prefix_of_topics_is_named_where_there_is_one() -> None:
    console = Console(file=io.StringIO(), width=120, height=40, force_terminal=True, color_system=None)
    floor = Floor(Shop(shoppers=5, present=2, seed=1, opened=AT), patience=5)
    with console.capture() as capture:
        console.print(Screen(floor, Address("b:1", "p.", 4), clock=lambda: NOW), end="")

    assert "VITRINE_BROKER=b:1 VITRINE_TOPIC_PREFIX=p." in capture.get()
    assert "kcat -C -b b:1 -t p.recommendations.v1 -o end" in capture.get()


def test_nobody_s_id_can_tell_the_terminal_what_to_do() -> None:
    floor = busy_floor()
    name = "ada\x1b[2J\r\n\u202eeve"
    floor.receive(some_list(name, 3), NOW)
    while floor.tale.shopper != name:
        floor.follow_next()

    for width, height in SIZES:
        lines = drawn(floor, width, height)
        assert len(lines) == height
        assert set(map(cell_len, lines)) == {width}
        assert not [sign for sign in ("\x1b[2J", "\r", "\u202e") if sign in "".join(lines)]


def test_keys_are_named_where_they_work() -> None:
    assert "n another shopper" in drawn(busy_floor(), 80, 24, keys=True)[-1]
    assert "n another shopper" not in drawn(busy_floor(), 80, 24)[-1]


def test_a_shopper_from_outside_is_named_and_can_be_followed() -> None:
    floor = busy_floor()
    floor.receive(some_list("ada", 3), NOW)
    assert "from outside: ada" in drawn(floor, 80, 24)[-1]

    while floor.tale.shopper != "ada":
        floor.follow_next()
    floor.receive(some_list("ada", 4), NOW)

    text = "\n".join(drawn(floor, 100, 30))
    assert "ada, from outside" in text
    assert "event 4, from outside" in text
    assert "chopping board" in text


def test_nothing_is_said_by_colour_alone() -> None:
    """Colours may be off (NO_COLOR); marks, words and numbers stay."""
    text = "\n".join(drawn(busy_floor(), 120, 40))

    assert "\x1b[3" not in text
    assert "-0.7" in text


def test_the_state_fits_one_line_for_what_is_no_terminal() -> None:
    floor = busy_floor()

    line = Screen(floor, ADDRESS, clock=lambda: 1.0).line()

    assert line.startswith(made(floor))
    assert "\n" not in line
