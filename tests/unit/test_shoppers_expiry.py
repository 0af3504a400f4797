"""Profiles, items and lists that nothing was heard of for long are as good as new."""

from datetime import timedelta
from typing import Any

import pytest

from agents.items.agent import Items
from agents.items.fold import GONE
from agents.items.state import Item
from agents.outcomes.fold import FOUND
from agents.processor import Origin
from agents.shoppers.expiry import DAY, LATE, life, limit
from agents.shoppers.options import Options
from agents.topics import CATALOG, ITEM_CARDS, PAIRS
from schemas.clicks import Click, ListShown, Purchase
from schemas.identifies import Identify
from schemas.pairs import Pair
from schemas.searches import Search
from tests.doubles import MODELS
from tests.shoppers import START, World, facts, sentiment

SPAN = timedelta(days=50)
LIFETIME = SPAN // timedelta(milliseconds=1)
LONG = SPAN + timedelta(days=2)


def click(item: str, later: timedelta = timedelta(0), **more: Any) -> Click:
    return Click(shopper="ann", item=item, at=START + later, **more)


def busy(world: World) -> None:
    for event in (
        click("lamp", language="en"),
        Purchase(shopper="ann", item="vase", at=START),
        Search(shopper="ann", query="lamp", at=START),
        ListShown(shopper="ann", items=("lamp",), at=START),
        sentiment("ann", "vase", 0.7),
        Identify(anonymous="ann", shopper="bea", at=START - timedelta(days=1)),
    ):
        world.feed(event)


def left(world: World) -> dict[str, Any]:
    profile = world.profile("ann")
    names = ("language", "touches", "queries", "shown", "bought", "opinions", "likes", "merged", "became")
    return {name: value for name in names if (value := getattr(profile, name))}


def test_an_event_after_a_lifetime_finds_a_new_profile() -> None:
    world, fresh = World(Options(explore=0, lifetime=SPAN)), World(Options(explore=0, lifetime=SPAN))
    busy(world)
    before = world.profile("ann").revision

    world.feed(click("chair", LONG))
    fresh.feed(click("chair", LONG))

    kept = left(world)
    assert [touch.item for touch in kept.pop("touches")] == ["chair"]
    assert kept == {}
    assert world.profile("ann").newest == fresh.profile("ann").newest
    assert world.profile("ann").revision == before + 1


def test_within_a_lifetime_all_is_kept() -> None:
    world = World(Options(explore=0, lifetime=SPAN))
    busy(world)
    before = left(world)

    world.feed(click("chair", timedelta(milliseconds=LIFETIME - DAY)))

    after = left(world)
    assert [touch.item for touch in after.pop("touches")] == ["lamp", "vase", "chair"]
    before.pop("touches")
    assert after == before


def test_what_is_too_old_goes_though_the_shopper_never_stopped() -> None:
    world = World(Options(explore=0, lifetime=SPAN))
    busy(world)
    for days in range(10, 61, 10):
        world.feed(click(f"i{days}", timedelta(days=days)))

    kept = left(world)

    assert [touch.item for touch in kept["touches"]] == [f"i{days}" for days in range(10, 61, 10)]
    assert "bought" not in kept


def test_an_event_that_comes_a_lifetime_late_is_not_remembered() -> None:
    world = World(Options(explore=0, lifetime=SPAN))
    world.feed(click("chair", LONG))

    world.feed(click("lamp"))

    assert [touch.item for touch in world.profile("ann").touches] == ["chair"]


def test_the_lifetime_is_a_setting() -> None:
    world = World(Options(explore=0, lifetime=timedelta(days=10)))
    busy(world)

    world.feed(click("chair", timedelta(days=12)))

    assert [touch.item for touch in world.profile("ann").touches] == ["chair"]
    assert world.folder.life(world.profile("ann")).ends == world.profile("ann").newest + 11 * DAY + LATE


def test_a_profile_leaves_only_when_the_next_event_would_find_nothing() -> None:
    world = World(Options(explore=0, lifetime=SPAN))
    busy(world)
    profile = world.profile("ann")

    newest, ends = life(profile, LIFETIME)

    assert newest == profile.newest
    assert ends is not None
    assert limit(ends - LATE, LIFETIME) > newest


def origin(topic: str, offset: int, at: int) -> Origin:
    return Origin(topic, 0, offset, at)


def stamp(later: timedelta) -> int:
    return int((START + later).timestamp() * 1000)


@pytest.fixture
def item() -> tuple[Items, Item]:
    """Return an item that was seen once, in the catalogue."""
    folder = Items(MODELS)
    state = folder.new()
    state.offsets = [-1] * 4
    folder.fold(state, facts("lamp"), origin(CATALOG.name, 0, stamp(timedelta(0))))
    folder.fold(state, Pair(item="lamp", at=START, kind="click"), origin(PAIRS.name, 0, stamp(timedelta(0))))
    return folder, state


def test_an_item_in_the_catalogue_has_no_end(item: tuple[Items, Item]) -> None:
    folder, state = item
    late = timedelta(days=3_000)

    assert folder.life(state).ends is None
    folder.fold(state, Pair(item="lamp", at=START + late, kind="click"), origin(PAIRS.name, 1, stamp(late)))
    assert state.clicks == 2


def test_an_item_that_was_gone_for_long_begins_anew(item: tuple[Items, Item]) -> None:
    folder, state = item
    gone, late = timedelta(days=1), timedelta(days=2, milliseconds=GONE)
    folder.fold(state, None, origin(CATALOG.name, 1, stamp(gone)))
    state.revision = 7

    assert folder.life(state).ends == stamp(gone) + GONE + LATE
    folder.fold(state, Pair(item="lamp", at=START + late, kind="click"), origin(PAIRS.name, 1, stamp(late)))

    assert (state.clicks, state.revision, state.item, state.written) == (1, 7, "lamp", None)


def test_an_item_that_leaves_takes_its_card_along(item: tuple[Items, Item]) -> None:
    folder, state = item
    folder.fold(state, None, origin(CATALOG.name, 1, stamp(timedelta(days=1))))

    [output] = folder.farewell(state, 3)

    assert (output.topic, output.key, output.value) == (ITEM_CARDS, "lamp", None)
    assert folder.farewell(folder.new(), 3) == ()
    assert FOUND > DAY
