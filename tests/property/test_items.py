"""Laws of an item's state: what the order of topics, repeats and restarts may not change."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agents.items.agent import Items
from agents.items.decay import UNIT, Heat
from agents.items.neighbours import CAPACITY, KEPT, Neighbours
from agents.items.state import Item
from agents.processor import Origin, Owed, fold_once, sources
from schemas.catalog import CatalogItem
from schemas.pairs import Pair
from schemas.sentiments import Aspect, Feedback
from tests.doubles import MODELS
from tests.records import values

START = datetime(2026, 1, 1, tzinfo=UTC)
FOLDER = Items(MODELS)
SOURCES = sources(FOLDER)
DAY = 86_400_000

moments = st.integers(0, 60 * 24).map(lambda hours: START + timedelta(hours=hours))
polarities = st.sampled_from([-1.0, -0.3, 0.1, 0.2999, 1.0])
facts = st.builds(
    CatalogItem,
    item=st.just("lamp"),
    at=moments,
    title=st.fixed_dictionaries({"en": st.sampled_from(["Lamp", "Red lamp"])}),
    price=st.sampled_from([1.0, 2.0]),
)
pairs = st.builds(
    Pair,
    item=st.just("lamp"),
    at=moments,
    kind=st.sampled_from([None, "view", "click", "add_to_cart", "purchase"]),
    others=st.lists(st.sampled_from("abcdef"), max_size=3).map(tuple),
)
feedbacks = st.builds(
    Feedback,
    item=st.just("lamp"),
    review_id=st.sampled_from(["r1", "r2"]),
    at=moments,
    polarity=polarities,
    label=st.just("neutral"),
    probability=st.just(0.5),
    language=st.just("en"),
    model=st.just("words@1"),
    aspects=st.lists(
        st.builds(
            Aspect, name=st.sampled_from(["fit", "looks"]), polarity=polarities, quote=st.sampled_from(["x", "y"])
        ),
        max_size=2,
    ).map(tuple),
)
logs: st.SearchStrategy[tuple[list[Any], ...]] = st.tuples(
    st.lists(facts | st.none(), max_size=6), st.lists(pairs, max_size=12), st.lists(feedbacks, max_size=6)
)
"""What stands on each input, in its order."""


def fresh() -> Item:
    state: Item = FOLDER.new()
    state.offsets = [-1] * len(SOURCES)
    return state


def fold(state: Item, topic: int, offset: int, event: Any) -> None:
    """Fold what stands at *offset* of the input *topic*; some facts stand before a tombstone, some times in the future."""
    days = 9 * offset if event is None else 30
    origin = Origin(SOURCES[topic + 1].name, 0, offset, int((START + timedelta(days=days)).timestamp() * 1000))
    fold_once(FOLDER, state, topic + 1, offset, event, origin)


def live(log: tuple[list[Any], ...], order: list[int]) -> Item:
    """Fold the inputs in an order of topics."""
    state = fresh()
    for topic in order:
        offset = state.offsets[topic + 1] + 1
        fold(state, topic, offset, log[topic][offset])
    return state


@st.composite
def logs_in_two_orders(draw: st.DrawFn) -> tuple[tuple[list[Any], ...], list[int], list[int]]:
    log = draw(logs)
    order = [topic for topic, events in enumerate(log) for _ in events]
    return log, draw(st.permutations(order)), draw(st.permutations(order))


@given(logs_in_two_orders())
def test_the_order_of_topics_changes_nothing(given_: tuple[tuple[list[Any], ...], list[int], list[int]]) -> None:
    log, first, second = given_

    assert msgspec.msgpack.encode(live(log, first)) == msgspec.msgpack.encode(live(log, second))


@given(logs_in_two_orders(), st.data())
def test_reading_again_from_any_earlier_place_changes_nothing(given_: Any, data: st.DataObject) -> None:
    log, order, _ = given_
    expected = live(log, order)
    state = fresh()
    for topic in order:
        last = state.offsets[topic + 1] + 1
        for offset in range(data.draw(st.integers(0, last)), last + 1):
            fold(state, topic, offset, log[topic][offset])

    assert state == expected


@given(logs_in_two_orders(), st.integers(0, 24))
def test_a_restart_in_the_middle_changes_nothing(given_: Any, cut: int) -> None:
    log, order, _ = given_
    state = live(log, order[:cut])

    state = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=Item)
    for topic in order[cut:]:
        offset = state.offsets[topic + 1] + 1
        fold(state, topic, offset, log[topic][offset])

    assert state == live(log, order)
    assert FOLDER.plan(state, Owed("card"), 1) == FOLDER.plan(live(log, order), Owed("card"), 1)


@given(
    st.lists(st.one_of(values(CatalogItem), values(Pair), values(Feedback), st.none()), max_size=6),
    st.integers(0, 2**41),
)
def test_whatever_decodes_can_be_folded_and_leads_to_outputs(events: list[Any], timestamp: int) -> None:
    state = fresh()
    for offset, event in enumerate(events):
        origin = Origin("any", 0, offset, timestamp)
        fold_once(FOLDER, state, 1, offset, event, origin)

        jobs = [job for owed in FOLDER.owes(state, event, origin) if (job := FOLDER.plan(state, owed, 1)) is not None]

        outputs = [FOLDER.finish(*each) for each in zip(jobs, FOLDER.score(jobs), strict=True)]
        assert all(msgspec.json.encode(output.value) for made in outputs for output in made)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=Item) == state


@given(st.lists(st.tuples(st.integers(0, 40 * DAY), st.integers(1, 6)), min_size=1, max_size=30), st.randoms())
def test_heat_does_not_depend_on_the_order_of_events(events: list[tuple[int, int]], random: Any) -> None:
    def heated(order: list[tuple[int, int]]) -> Heat:
        heat = Heat()
        for at, weight in order:
            heat.add(at, DAY, weight)
        return heat

    expected = heated(events)
    random.shuffle(events)

    assert heated(events) == expected


@given(st.lists(st.tuples(st.integers(0, 40 * DAY), st.integers(1, 6)), min_size=1, max_size=30))
def test_heat_is_the_sum_of_weights_that_halve_each_half_life(events: list[tuple[int, int]]) -> None:
    heat = Heat()
    for at, weight in events:
        heat.add(at, DAY, weight)
    newest = max(at for at, _ in events)
    exact = sum(weight * 2.0 ** ((at - newest) / DAY) for at, weight in events)

    assert abs(heat.value(newest, DAY) - exact) < 30 * 6 * 2**-14


@given(st.lists(st.lists(st.integers(0, 300), max_size=5, unique=True), max_size=400), st.integers(0, 10**12))
def test_neighbours_are_never_too_light_and_too_heavy_by_a_64th_of_all_at_most(
    meetings: list[list[int]], at: int
) -> None:
    exact: defaultdict[str, float] = defaultdict(float)
    found = Neighbours()
    for others in meetings:
        names = [str(other) for other in others]
        for place, name in enumerate(names):
            exact[name] += 0.5**place
        found.add(names, at // DAY * DAY, DAY)
    slack = sum(exact.values()) / KEPT

    weights = {other: weight / UNIT for other, weight in found.weights.items()}
    assert len(weights) <= CAPACITY
    assert all(exact[other] <= weight <= exact[other] + slack for other, weight in weights.items())
    assert all(other in weights for other, count in exact.items() if count > slack)
