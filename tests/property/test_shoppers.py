"""Laws of profiles and lists."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.shoppers.options import Options
from agents.shoppers.profile import Profile
from schemas.clicks import AddToCart, Basket, Click, ClickEvent, Line, ListShown, Order, Purchase, View
from schemas.identifies import Identify, Merge
from schemas.requests import Request
from schemas.searches import Search
from schemas.sentiments import Sentiment
from tests.records import values
from tests.shoppers import World, after, facts, sentiment

ITEMS = st.sampled_from([f"i{n}" for n in range(12)])
TIMES = st.integers(0, 40).map(after)
LANGUAGES = st.sampled_from([None, "en", "zh", "zh-TW", "fr"])


def clicks(shopper: str) -> st.SearchStrategy[Any]:
    kind = st.sampled_from([View, Click, AddToCart, Purchase])
    touch = st.builds(
        lambda make, item, at, tongue: make(shopper=shopper, item=item, at=at, language=tongue),
        kind,
        ITEMS,
        TIMES,
        LANGUAGES,
    )
    shown = st.builds(ListShown, shopper=st.just(shopper), items=st.lists(ITEMS, max_size=4).map(tuple), at=TIMES)
    lines = st.lists(st.builds(Line, item=ITEMS), min_size=1, max_size=3).map(tuple)
    several = st.builds(
        lambda make, lines, at: make(shopper=shopper, lines=lines, at=at),
        st.sampled_from([Basket, Order]),
        lines,
        TIMES,
    )
    return st.lists(touch | shown | several, max_size=14)


def searches(shopper: str) -> st.SearchStrategy[Any]:
    query = st.sampled_from(["thing i1", "thing", "砧板", ""])
    return st.lists(st.builds(Search, shopper=st.just(shopper), query=query, at=TIMES, language=LANGUAGES), max_size=6)


def sentiments(shopper: str) -> st.SearchStrategy[Any]:
    return st.lists(
        st.builds(sentiment, st.just(shopper), ITEMS, st.sampled_from([-0.9, -0.2, 0.1, 0.7]), TIMES), max_size=6
    )


def requests(shopper: str) -> st.SearchStrategy[Any]:
    return st.lists(st.builds(Request, shopper=st.just(shopper), at=TIMES, language=LANGUAGES), max_size=3)


def histories(shopper: str = "ann") -> st.SearchStrategy[Any]:
    return st.tuples(clicks(shopper), searches(shopper), sentiments(shopper), requests(shopper))


Located = tuple[int, Any]


def interleaved(data: st.DataObject, topics: Sequence[Sequence[Any]]) -> list[Located]:
    """Events with their offsets: the order of each topic is kept."""
    waiting = [list(enumerate(topic)) for topic in topics if topic]
    found = []
    while waiting:
        topic = data.draw(st.sampled_from(waiting))
        found.append(topic.pop(0))
        waiting = [topic for topic in waiting if topic]
    return found


def said(profile: Profile) -> dict[str, Any]:
    """All of a profile but the bookkeeping of what was read when."""
    names = [name for name in Profile.__struct_fields__ if name not in {"offsets", "recent", "merged", "revision"}]
    return {name: getattr(profile, name) for name in names}


@settings(max_examples=60, deadline=None)
@given(st.data(), histories())
def test_a_profile_is_the_same_however_topics_interleave(data: st.DataObject, topics: Any) -> None:
    one, other = World(), World()

    for world in (one, other):
        for offset, event in interleaved(data, topics):
            world.fold(event, offset=offset)

    assert one.profile("ann") == other.profile("ann")


@settings(max_examples=60, deadline=None)
@given(st.data(), st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60)), max_size=14))
def test_a_profile_forgets_the_same_however_topics_interleave(data: st.DataObject, made: list[tuple[int, int]]) -> None:
    """Days lie between the events, and ten are a lifetime."""
    topics: list[list[Any]] = [[], [], []]
    for n, (kind, day) in enumerate(made):
        at = after(day * 86_400)
        topics[kind].append(
            (
                Purchase(shopper="ann", item=f"i{n % 5}", at=at, language="en"),
                Search(shopper="ann", query=f"thing {n}", at=at),
                sentiment("ann", f"i{n % 3}", 0.5, at),
            )[kind]
        )
    worlds = [World(Options(explore=0, lifetime=timedelta(days=10))) for _ in range(2)]

    for world in worlds:
        for offset, event in interleaved(data, topics):
            world.fold(event, offset=offset)

    one, other = (world.profile("ann") for world in worlds)
    assert said(one) == said(other)
    oldest = one.newest - 11 * 86_400_000
    times = [touch.at for touch in one.touches] + [query.at for query in one.queries]
    times += [*one.bought.values(), *(opinion.at for opinion in one.opinions.values())]
    assert all(at >= oldest for at in times)


@settings(max_examples=60, deadline=None)
@given(st.data(), histories("x"), st.integers(0, 40), st.integers(0, 40))
def test_a_shopper_has_all_that_the_visitor_did_before_however_topics_interleave(
    data: st.DataObject, topics: Any, first: int, second: int
) -> None:
    identifies = [Identify(anonymous="x", shopper="ann", at=after(at)) for at in sorted((first, second))]
    when: dict[str, list[bool]] = {}
    reviews = [
        event
        for event in topics[2]
        if when.setdefault(event.item, sides := [event.at <= it.at for it in identifies]) == sides
    ]
    topics = (topics[0], topics[1], reviews, topics[3])
    spoken = [
        [
            msgspec.structs.replace(e, language=None) if hasattr(e, "language") and not isinstance(e, Sentiment) else e
            for e in topic
        ]
        for topic in topics
    ]
    one, other = World(), World()

    for world in (one, other):
        world.feed(*(event for _, event in interleaved(data, (*spoken, identifies))))

    assert contents(one.profile("x")) == contents(other.profile("x"))
    assert contents(one.profile("ann")) == contents(other.profile("ann"))


def contents(profile: Profile) -> dict[str, Any]:
    """What is said, but for the offsets, which `feed` gives in the order of arrival, and the time of what was handed over."""
    found = said(profile)
    found["touches"] = sorted((touch.at, touch.item, touch.kind) for touch in profile.touches)
    found["queries"] = sorted({(query.at, query.text) for query in profile.queries})
    found["shown"] = sorted((shown.at, shown.items) for shown in profile.shown)
    del found["newest"]
    return found


@settings(max_examples=60, deadline=None)
@given(histories(), st.data())
def test_what_is_delivered_again_changes_nothing_but_owes_the_same(topics: Any, data: st.DataObject) -> None:
    world = World()
    events = interleaved(data, topics)
    owed = [world.fold(event, offset=offset).owed for offset, event in events]
    before = msgspec.msgpack.encode(world.profile("ann"))

    again = [world.fold(event, offset=offset) for offset, event in events]

    assert set(again) <= {"redelivered"}
    assert msgspec.msgpack.encode(world.profile("ann")) == before
    assert owed == [tuple(world.folder.owes(world.profile("ann"), event, None)) for _, event in events]  # type: ignore[arg-type]


EVENTS = st.one_of(*map(values, (ClickEvent, Search, Request, Sentiment, Merge, Identify)))


@settings(max_examples=100, deadline=None)
@given(st.lists(EVENTS, max_size=6))
def test_no_event_that_can_be_read_fails_and_every_profile_can_be_stored(events: list[Any]) -> None:
    world = World()
    world.stock(facts("i1"))

    world.feed(*events)

    for shopper, profile in world.profiles.items():
        stored = msgspec.msgpack.encode(profile)
        assert msgspec.msgpack.decode(stored, type=Profile) == profile
        assert [slot.item for slot in world.recommend(shopper).slots] in (["i1"], [])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=12, max_size=12), histories(), st.floats(0, 1))
def test_lists_obey_the_rules_and_propensities_add_up(shelf: Any, topics: Any, explore: float) -> None:
    world = World(Options(explore=explore, list_size=5))
    for n, (stock, rebuy) in enumerate(shelf):
        world.stock(facts(f"i{n}", stock=stock, rebuy=rebuy, category=f"c{n % 3}"), views=n, heat=float(n))
    world.feed(*(event for topic in topics for event in topic))

    decision, listed = world.decision("ann", limit=5), world.recommend("ann", limit=5)

    items = [slot.item for slot in listed.slots]
    bought = world.profile("ann").bought
    assert len(items) == len(set(items)) <= 5
    for item in items:
        stock, rebuy = shelf[int(item[1:])]
        assert stock > 0
        assert rebuy or item not in bought
    assert all(slot.propensity == 1 for slot in listed.slots[:-1])
    pool = len(decision.candidates) - max(0, len(items) - 1)
    greedy, drawn = 1 - explore + explore / max(1, pool), explore / max(1, pool)
    if len(items) > 1 and pool > 1:
        assert abs(greedy + (pool - 1) * drawn - 1) < 1e-9
        assert min(abs(listed.slots[-1].propensity - chance) for chance in (greedy, drawn)) < 1e-5


@settings(max_examples=30, deadline=None)
@given(st.data(), st.lists(histories(), min_size=2, max_size=5))
def test_a_batch_equals_its_rows_in_any_order(data: st.DataObject, all_topics: list[Any]) -> None:
    world = World()
    world.stock(*(facts(f"i{n}", category=f"c{n % 3}") for n in range(12)), views=3, heat=2.0)
    jobs = []
    for number, topics in enumerate(all_topics):
        shopper = f"s{number}"
        world.feed(*(msgspec.structs.replace(event, shopper=shopper) for topic in topics for event in topic))
        owed = world.folder.owes(None, Request(shopper=shopper, at=after(0)), None)[0]  # type: ignore[arg-type]
        jobs.append(world.folder.plan(world.profile(shopper), owed, 0))
    alone = [world.folder.score([job])[0] for job in jobs]
    order = data.draw(st.permutations(range(len(jobs))))

    together = world.folder.score([jobs[n] for n in order])

    assert together == [alone[n] for n in order]


@settings(max_examples=30, deadline=None)
@given(histories(), st.data())
def test_the_revision_of_the_last_list_only_grows_and_its_time_is_the_newest_event(
    topics: Any, data: st.DataObject
) -> None:
    world = World()
    world.stock(facts("i1"))
    last = -1
    newest = after(-1)

    for offset, event in interleaved(data, topics):
        world.fold(event, offset=offset)
        listed = world.recommend("ann")
        newest = max(newest, event.at)

        assert listed.revision > last
        assert listed.at == newest
        last = listed.revision
