"""Laws of outcomes: however their topics interleave and whatever is read again, the same facts are told."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.outcomes.fold import PATIENCE
from agents.outcomes.state import COPIES, LISTS, WAITING
from schemas.clicks import AddToCart, Click, CopyShown, ListShown, Purchase, View
from tests.outcomes import Told, after, copy, listing

ITEMS = ("a", "b", "c", "d")
HOUR = 3600
SKEW = PATIENCE / 1000

Timed = tuple[float, Any]
"""Seconds after the start at which a record is written, and the record."""


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Timed], list[Timed], list[Timed]]:
    """Lists, copies and what was done with them, within the bounds; ids that nobody wrote among them.

    Clocks of writers differ, so an event may seem to be written before what it names.
    """
    seconds = st.floats(0, HOUR, allow_nan=False)
    lists = [
        (at, listing(f"l{n}", *draw(st.lists(st.sampled_from(ITEMS), unique=True)), at=at, revision=n))
        for n, at in enumerate(sorted(draw(st.lists(seconds, max_size=LISTS))))
    ]
    names = [it.recommendation_id for _, it in lists]
    of = st.sampled_from([None, "nobody's", *names])
    copies = [
        (at, copy(f"c{n}", draw(st.sampled_from(ITEMS)), of=draw(of)))
        for n, at in enumerate(sorted(draw(st.lists(seconds, max_size=COPIES // 4))))
    ]
    written = {it.recommendation_id: at for at, it in lists} | {it.copy_id: at for at, it in copies}
    events = []
    for _ in range(draw(st.integers(0, WAITING // 2))):
        event = draw(_events(names, [it.copy_id for _, it in copies]))
        copied = next((it for _, it in copies if it.copy_id == getattr(event, "copy_id", None)), None)
        needs = [getattr(event, "recommendation_id", None), getattr(event, "copy_id", None)]
        needs.append(copied.recommendation_id if copied else None)
        earliest = max((written.get(name or "", 0.0) for name in needs), default=0.0) - SKEW + 1
        events.append((max(0.0, earliest) + draw(st.floats(0, HOUR, allow_nan=False)), event))
    return lists, copies, sorted(events, key=lambda it: it[0])


def _events(lists: list[str], copies: list[str]) -> st.SearchStrategy[Any]:
    fixed = {"shopper": st.just("ann"), "at": st.integers(0, HOUR).map(after)}
    named = st.sampled_from([None, "made-up", *lists])
    copied = st.sampled_from([None, "made-up", *copies])
    item = st.sampled_from(ITEMS)
    interactions = [
        st.builds(kind, **fixed, item=item, recommendation_id=named, copy_id=copied)
        for kind in (View, Click, AddToCart, Purchase)
    ]
    seen = st.builds(ListShown, **fixed, items=st.lists(item, min_size=1).map(tuple), recommendation_id=named)
    words = st.builds(CopyShown, **fixed, item=item, copy_id=st.sampled_from(["made-up", *copies]))
    return st.one_of(*interactions, seen, words)


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
    lists, copies, events = topics
    told = run(data, topics)
    assert len(told.facts) + len(told.memory.waiting) == len(events)

    told.read(listing("end", "a"), seconds=HOUR * 9, offset=10_000)
    told.read(copy("end", "a"), seconds=HOUR * 9, offset=10_000)

    assert told.memory.waiting == []
    assert len(told.facts) == len(events)
    known = {it.recommendation_id for _, it in lists}, {it.copy_id for _, it in copies}
    for fact in told.facts.values():
        assert ("list" in fact.missing) == (fact.recommendation_id not in {None, *known[0]})
        assert ("copy" in fact.missing) == (fact.copy_id not in {None, *known[1]})
