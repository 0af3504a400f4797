# ruff: noqa: RUF001  Chinese punctuation is what is tested
"""The live view fits its terminal."""

import io
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len
from rich.console import Console

from agents.shop.floor import Floor
from agents.shop.screen import Screen
from agents.shop.shop import Shop
from agents.topics import CATALOG
from schemas.copy import Copy
from schemas.recommendations import Reason, Recommendations, Slot
from schemas.requests import Request
from schemas.sentiments import Aspect, Sentiment

AT = datetime(2026, 1, 1, tzinfo=UTC)


def busy_floor() -> Floor:
    """Return a floor on which everything that the view shows has happened."""
    shop = Shop(shoppers=60, present=12, seed=7, opened=AT)
    floor = Floor(shop, patience=5)
    for number in range(2_000):
        for emission in floor.act(AT, number / 10, 0):
            record = emission.record
            if isinstance(record, Request):
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
        item="kitchen-01",
        placement="home",
        epoch=0,
        revision=number,
        at=AT,
        valid_until=AT,
        text={"en": "A board for good knives.", "zh": "厚实稳重，不伤刀刃，带导汁槽。" * 5},
        claims=(),
        writer="test",
    )


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


def drawn(floor: Floor, width: int, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    console.print(Screen(floor, "Vitrine demo", lambda: 1.0))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (140, 30), (100, 40), (60, 20)])
def test_the_view_fits(width: int, height: int) -> None:
    lines = drawn(busy_floor(), width, height)

    assert max(map(cell_len, lines)) <= width
    assert len(lines) <= height


@pytest.mark.parametrize("width", [20, 1])
def test_a_very_narrow_terminal_breaks_nothing(width: int) -> None:
    assert max(map(cell_len, drawn(busy_floor(), width, 10))) <= max(width, 2)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50)])
def test_the_view_shows_rates_groups_a_shopper_s_list_and_reviews(width: int, height: int) -> None:
    floor = busy_floor()

    text = "\n".join(drawn(floor, width, height))

    for word in (made(floor), "click to list p50", "personal", "popular", "shuffled", "shopper-0", "chopping board"):
        assert word in text
    for word in ("Because you looked", "interest", "A board for good knives", "quality -0.8", "Ctrl-C"):
        assert word in text


def test_an_empty_shop_can_be_drawn() -> None:
    floor = Floor(Shop(shoppers=5, present=2, seed=1, opened=AT), patience=5)

    assert "0 events" in "\n".join(drawn(floor, 80, 24))


def test_the_state_fits_one_line_for_what_is_no_terminal() -> None:
    floor = busy_floor()

    line = Screen(floor, "Vitrine demo", lambda: 1.0).line()

    assert line.startswith(made(floor))
    assert "\n" not in line
