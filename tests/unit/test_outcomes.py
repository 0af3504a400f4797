"""What was done, joined to what was shown."""

import msgspec
import pytest

from agents.headers import cloud_event
from agents.outcomes.fold import FOUND
from agents.outcomes.state import LISTS, SHOWN, WAITING, Memory
from agents.processor import REQUESTED, Effects, Life, Origin, fact_id
from agents.topics import OUTCOMES, RESPONSES
from schemas.clicks import AddToCart, Click, CopyShown, ListShown, Purchase, View
from schemas.copy import Copy
from schemas.outcomes import Outcome
from schemas.recommendations import Recommendations
from tests.outcomes import MILLISECONDS, Told, after, copy_of, listing
from tests.shoppers import LONG_AFTER, World, facts

SEEN = ListShown(shopper="ann", at=after(1), items=("b", "x", "a"), recommendation_id="l1")
CLICKED = Click(shopper="ann", at=after(2), item="b", recommendation_id="l1", position=4)


def test_a_click_is_told_with_what_its_list_said() -> None:
    told = Told()
    told.read(listing("l1", "a", "b", "c", at=-3, revision=5))

    told.read(CLICKED, ce_id="e1")

    assert told.facts == {
        "e1": Outcome(
            shopper="ann",
            kind="click",
            at=after(2),
            recommendation_id="l1",
            item="b",
            position=4,
            listed_at=after(-3),
            placement="home",
            epoch=2,
            revision=5,
            models={"score": "points@1", "words": "phrases@1"},
            view=7,
            slot=1,
            score=8.5,
            source="interest",
            propensity=0.9,
        )
    }


def test_slots_seen_and_clicked_are_counted_by_what_brought_their_items_in() -> None:
    told = Told()
    told.read(listing("l1", "a", "b", "c"))

    seen, clicked = told.read(SEEN), told.read(CLICKED)
    elsewhere = told.read(msgspec.structs.replace(CLICKED, item="x"))
    looked = told.read(View(shopper="ann", at=after(3), item="b", recommendation_id="l1"))

    assert [it.tallies for it in (seen, clicked, elsewhere, looked)] == [
        [("shown", "interest", 2)], [("clicked", "interest", 1)], [], []
    ]  # fmt: skip


def test_an_event_that_waited_is_counted_when_it_is_told() -> None:
    told = Told()

    waits = told.read(CLICKED)
    settled = told.read(listing("l1", "a", "b"))

    assert (list(waits.tallies), settled.tallies) == ([], [("clicked", "interest", 1)])


def test_a_list_that_was_seen_is_told_slot_by_slot_and_what_follows_knows_when() -> None:
    told = Told()
    told.read(listing("l1", "a", "b", "c"))

    told.read(SEEN)
    told.read(CLICKED)
    told.read(msgspec.structs.replace(SEEN, at=after(9)))
    told.read(Purchase(shopper="ann", at=after(12), item="a", recommendation_id="l1", price=3.5, quantity=2))

    seen, clicked, again, bought = told.facts.values()
    assert (seen.kind, seen.slots, seen.item, seen.shown_at) == ("list_shown", (1, -1, 0), None, None)
    assert clicked.shown_at == again.shown_at == bought.shown_at == after(1)
    assert (bought.kind, bought.slot, bought.price, bought.quantity) == ("purchase", 0, 3.5, 2)


@pytest.mark.parametrize("suffix", ["", REQUESTED])
def test_a_copy_leads_to_its_list(suffix: str) -> None:
    told = Told()
    listed = listing("l1", "a", "b")
    told.read(listed)
    told.read(listing("l2", "b", "a", revision=2))
    name = copy_of(listed, "b", suffix)

    told.read(CopyShown(shopper="ann", at=after(1), copy_id=name, item="b"))
    told.read(AddToCart(shopper="ann", at=after(2), item="a", copy_id=name))

    shown, carted = told.facts.values()
    assert (shown.kind, shown.recommendation_id, shown.slot, shown.writer) == ("copy_shown", "l1", 1, "phrases@1")
    assert (carted.kind, carted.copy_item, carted.slot, carted.quantity) == ("add_to_cart", "b", 0, 1)


def test_a_copy_may_come_from_another_list_than_the_one_that_is_named() -> None:
    told = Told()
    first, second = listing("l1", "a", "b"), listing("l2", "b", revision=2)
    told.read(first)
    told.read(second)

    told.read(View(shopper="ann", at=after(1), item="b", recommendation_id="l2", copy_id=copy_of(first, "b")))

    assert (told.last.recommendation_id, told.last.slot, told.last.copy_item) == ("l2", 0, "b")
    assert told.last.missing == ()


@pytest.mark.parametrize("ask", [{}, {"request_id": "r1", "limit": 3}])
def test_real_lists_and_their_copy_are_joined(ask: dict[str, object]) -> None:
    world, told = World(), Told()
    world.stock(*(facts(f"i{n}", category="c", price=5.0) for n in range(6)), views=3, heat=2.0)
    world.feed(View(shopper="ann", at=after(0), item="i1"))
    records = [output.value for output in world.outputs("ann", **ask)]
    [listed] = [it for it in records if isinstance(it, Recommendations)]
    copies = [it for it in records if isinstance(it, Copy)]
    assert copies

    told.read(listed)
    for it in copies:
        told.read(CopyShown(shopper="ann", at=after(1), copy_id=it.copy_id, item=it.item))

    assert [(fact.recommendation_id, fact.copy_item, fact.writer, fact.missing) for fact in told.facts.values()] == [
        (listed.recommendation_id, it.item, it.writer, ()) for it in copies
    ]


def test_an_item_that_is_not_in_its_list_has_no_slot() -> None:
    told = Told()
    told.read(listing("l1", "a"))

    told.read(CLICKED)

    assert told.last.missing == ()
    assert (told.last.placement, told.last.slot, told.last.propensity) == ("home", None, None)


def test_an_event_waits_for_its_list() -> None:
    told = Told()

    waits = told.read(CLICKED, ce_id="e1")
    assert waits == Effects(outcome="waiting")
    told.read(listing("l0", "b"))
    assert not told.facts
    told.read(listing("l1", "a", "b"))

    assert told.facts["e1"].slot == 1
    assert told.memory.waiting == []


def test_an_event_waits_for_the_list_that_its_copy_came_with() -> None:
    told = Told()
    listed = listing("l1", "b")

    told.read(CopyShown(shopper="ann", at=after(1), copy_id=copy_of(listed, "b"), item="b"))
    told.read(listing("l0", "b", revision=0))
    assert not told.facts
    told.read(listed)

    assert (told.last.recommendation_id, told.last.slot) == ("l1", 0)


@pytest.mark.parametrize("first", [True, False])
def test_an_event_is_told_without_its_list_when_lists_from_well_after_it_are_there(*, first: bool) -> None:
    told = Told()
    if first:
        told.read(CLICKED, seconds=10)
    told.read(listing("l7", "b"), seconds=70)
    assert not told.facts
    told.read(listing("l8", "b"), seconds=70.001)
    if not first:
        told.read(CLICKED, seconds=10)

    assert told.last.missing == ("list",)
    assert (told.last.recommendation_id, told.last.placement, told.last.slot) == ("l1", None, None)


def test_an_event_with_an_unknown_copy_still_has_its_list() -> None:
    told = Told()
    told.read(listing("l1", "b"))
    told.read(msgspec.structs.replace(CLICKED, copy_id="nobody's"))
    assert not told.facts

    told.read(listing("l9", "b"), seconds=61)

    assert (told.last.missing, told.last.slot, told.last.copy_id) == (("copy",), 0, "nobody's")


def test_what_waits_is_bounded_and_the_oldest_is_told_as_it_is() -> None:
    told = Told()
    for n in range(WAITING + 2):
        told.read(View(shopper="ann", at=after(n), item="b", recommendation_id=f"l{n}"), ce_id=f"e{n}")

    assert list(told.facts) == ["e0", "e1"]
    assert told.last.missing == ("list",)
    assert len(told.memory.waiting) == WAITING


def test_what_is_remembered_is_bounded() -> None:
    told = Told()
    for n in range(100):
        told.read(listing(f"l{n}", "a"))
        told.read(msgspec.structs.replace(SEEN, recommendation_id=f"l{n}"))

    memory = told.memory
    assert (len(memory.listed), len(memory.shown)) == (LISTS, SHOWN)
    assert (memory.listed[-1].id, memory.shown[-1][0]) == ("l99", "l99")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(memory), type=Memory) == memory


def test_what_comes_twice_is_told_once() -> None:
    told = Told()
    told.read(listing("l1", "b"))
    told.read(CLICKED, offset=5, ce_id="e1")

    assert told.read(CLICKED, offset=5, ce_id="e1") == "redelivered"
    assert told.read(CLICKED, offset=6, ce_id="e1") == "duplicate"
    assert list(told.facts) == ["e1"]


# -- what the agent for shoppers hands on


def responses(event: object, timestamp: int = LONG_AFTER) -> list[tuple[str, object]]:
    effects = World().fold(event, offset=3, timestamp=timestamp)
    return [(fact.id, fact.value) for fact in effects.facts if fact.topic is RESPONSES]


@pytest.mark.parametrize(
    "event",
    [
        CLICKED,
        SEEN,
        View(shopper="ann", at=after(1), item="a", copy_id="c1"),
        CopyShown(shopper="ann", at=after(1), copy_id="c1", item="b"),
    ],
)
def test_an_event_that_names_a_list_or_a_copy_is_handed_on_as_it_is(event: object) -> None:
    assert responses(event) == [(fact_id(Origin("clicks.v1", 0, 3, 0), "outcome"), event)]


@pytest.mark.parametrize(
    "event",
    [
        View(shopper="ann", at=after(1), item="a"),
        ListShown(shopper="ann", at=after(1), items=("a",)),
        ListShown(shopper="ann", at=after(1), items=(), recommendation_id="l1"),
    ],
)
def test_an_event_that_names_none_or_shows_nothing_is_not(event: object) -> None:
    assert responses(event) == []


def test_a_time_from_the_future_is_handed_on_as_it_was_folded() -> None:
    [(_, event)] = responses(CLICKED, timestamp=int(after(-10).timestamp() * 1000))

    assert event == msgspec.structs.replace(CLICKED, at=after(-5))


def test_the_outcome_has_the_id_of_its_event_and_its_shopper_as_key() -> None:
    told = Told()
    told.read(listing("l1", "b"))
    [fact] = told.read(CLICKED, ce_id="e1").facts

    assert (fact.topic, fact.key, fact.at) == (OUTCOMES, "ann", after(2))
    assert dict(cloud_event(fact, "/vitrine/outcomes"))["ce_id"] == b"e1"


def test_a_list_is_found_for_a_week_whether_it_is_still_remembered_or_not() -> None:
    week = FOUND / 1000
    told = Told()
    told.read(listing("l1", "a"))
    told.read(Click(shopper="ann", item="a", at=after(week), recommendation_id="l1"))
    told.read(Click(shopper="ann", item="a", at=after(week + 1), recommendation_id="l1"))

    assert [it.listed_at for it in told.facts.values()] == [after(0)]
    assert len(told.memory.waiting) == 1
    assert told.folder.life(told.memory).ends is None


def test_lists_are_of_use_for_a_week_and_a_day() -> None:
    told = Told()
    told.read(listing("l1", "a"))

    assert told.folder.life(told.memory) == Life(MILLISECONDS, MILLISECONDS + FOUND + 24 * 3_600_000)
