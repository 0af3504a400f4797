"""Laws of outcomes: however their topics interleave and whatever is read again, the same facts are told."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.outcomes.fold import PATIENCE
from agents.outcomes.state import LISTS, WAITING
from agents.processor import REQUESTED
from schemas.clicks import AddToCart, Click, CopyShown, ListShown, Purchase, View
from schemas.recommendations import Recommendations
from tests.outcomes import Told, after, copy_of, listing

ITEMS = ("a", "b", "c", "d")
HOUR = 3600
SKEW = PATIENCE / 1000

Timed = tuple[float, Any]
"""Seconds after the start at which a record is written, and the record."""


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Timed], list[Timed]]:
    """Lists and what was done with them, within the bounds; ids that nobody wrote among them.

    Clocks of writers differ, so an event may seem to be written before what it names.
    """
    seconds = st.floats(0, HOUR, allow_nan=False)
    lists = [
        (at, listing(f"l{n}", *draw(st.lists(st.sampled_from(ITEMS), unique=True)), at=at, revision=n))
        for n, at in enumerate(sorted(draw(st.lists(seconds, max_size=LISTS))))
    ]
    written = {it.recommendation_id: at for at, it in lists} | {name: at for at, it in lists for name in copies(it)}
    events = []
    for _ in range(draw(st.integers(0, WAITING // 2))):
        event = draw(
            _events([it.recommendation_id for _, it in lists], [name for _, it in lists for name in copies(it)])
        )
        needs = [written.get(getattr(event, name, None) or "", 0.0) for name in ("recommendation_id", "copy_id")]
        events.append((max(0.0, max(needs) - SKEW + 1) + draw(st.floats(0, HOUR, allow_nan=False)), event))
    return lists, sorted(events, key=lambda it: it[0])


def copies(listed: Recommendations) -> list[str]:
    return [copy_of(listed, slot.item, suffix) for slot in listed.slots for suffix in ("", REQUESTED)]


def _events(lists: list[str], words: list[str]) -> st.SearchStrategy[Any]:
    fixed = {"shopper": st.just("ann"), "at": st.integers(0, HOUR).map(after)}
    named = st.sampled_from([None, "made-up", *lists])
    copied = st.sampled_from([None, "made-up", *words])
    item = st.sampled_from(ITEMS)
    interactions = [
        st.builds(kind, **fixed, item=item, recommendation_id=named, copy_id=copied)
        for kind in (View, Click, AddToCart, Purchase)
    ]
    seen = st.builds(ListShown, **fixed, items=st.lists(item, min_size=1).map(tuple), recommendation_id=named)
    shown = st.builds(CopyShown, **fixed, item=item, copy_id=st.sampled_from(["made-up", *words]))
    return st.one_of(*interactions, seen, shown)


def run(data: st.DataObject, topics: tuple[list[Timed], ...], *, again: bool = False) -> Told:
    told = Told()
    waiting = [list(enumerate(topic)) for topic in topics if topic]
    while waiting:
        topic = data.draw(st.sampled_from(waiting))
        offset, (seconds, record) = topic.pop(0)
        for _ in range(1 + (again and data.draw(st.booleans()))):
            told.read(record, seconds=seconds, offset=offset, ce_id=f"{type(record).__name__}-{offset}")
        waiting = [topic for topic in waiting if topic]
    return told


@settings(max_examples=150, deadline=None)
@given(st.data(), histories())
def test_the_facts_are_the_same_however_topics_interleave(data: st.DataObject, topics: Any) -> None:
    one, other = run(data, topics), run(data, topics, again=True)

    assert one.facts == other.facts
    assert sorted(it.id for it in one.memory.waiting) == sorted(it.id for it in other.memory.waiting)


@settings(max_examples=100, deadline=None)
@given(st.data(), histories())
def test_each_event_is_told_once_or_waits_and_a_list_from_much_later_ends_the_waiting(
    data: st.DataObject, topics: Any
) -> None:
    lists, events = topics
    told = run(data, topics)
    assert len(told.facts) + len(told.memory.waiting) == len(events)

    told.read(listing("end", "a"), seconds=HOUR * 9, offset=10_000)

    assert told.memory.waiting == []
    assert len(told.facts) == len(events)
    known = {it.recommendation_id for _, it in lists}, {name for _, it in lists for name in copies(it)}
    for fact in told.facts.values():
        assert ("list" in fact.missing) == (fact.recommendation_id not in {None, *known[0]})
        assert ("copy" in fact.missing) == (fact.copy_id not in {None, *known[1]})
