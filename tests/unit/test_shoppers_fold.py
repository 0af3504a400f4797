"""What events make of a profile, and which facts they lead to."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.shoppers.profile import QUERIES, SHOWINGS, TOUCHES
from agents.topics import PAIRS
from schemas.clicks import AddToCart, Basket, Click, CopyShown, Line, ListShown, Order, Purchase, View
from schemas.identifies import Identify
from schemas.pairs import Pair
from schemas.requests import Request
from schemas.searches import Search
from tests.shoppers import START, World, after, sentiment


def pairs(world: World, *events: object) -> list[Pair]:
    return [fact.value for fact in world.feed(*events).facts if fact.topic is PAIRS]  # type: ignore[misc]


def test_a_first_click_tells_its_item_alone() -> None:
    world = World()

    found = pairs(world, Click(shopper="ann", item="a", at=START))

    assert found == [Pair(item="a", at=START, kind="click")]


def test_a_click_tells_both_sides_what_was_seen_before_nearest_first() -> None:
    world = World()
    world.feed(*(View(shopper="ann", item=item, at=after(n)) for n, item in enumerate("abcab")))

    found = pairs(world, AddToCart(shopper="ann", item="d", at=after(9)))

    assert found == [
        Pair(item="d", at=after(9), kind="add_to_cart", others=("b", "a", "c")),
        *(Pair(item=other, at=after(9), others=("d",)) for other in "bac"),
    ]


def test_no_more_than_five_others_are_told() -> None:
    world = World()
    world.feed(*(View(shopper="ann", item=item, at=after(n)) for n, item in enumerate("abcdefgh")))

    found = pairs(world, View(shopper="ann", item="z", at=after(20)))

    assert found[0].others == tuple("hgfed")


def test_what_was_seen_more_than_an_hour_before_is_not_told() -> None:
    world = World()
    world.feed(View(shopper="ann", item="a", at=START))

    found = pairs(world, View(shopper="ann", item="b", at=START + timedelta(hours=1, seconds=1)))

    assert found == [Pair(item="b", at=START + timedelta(hours=1, seconds=1), kind="view")]


def test_a_page_that_is_loaded_again_pairs_nothing() -> None:
    world = World()
    world.feed(View(shopper="ann", item="a", at=START), View(shopper="ann", item="b", at=after(1)))

    found = pairs(world, View(shopper="ann", item="b", at=after(2)))

    assert found == [Pair(item="b", at=after(2), kind="view")]


def test_buying_what_was_just_seen_pairs_it_again_but_never_with_itself() -> None:
    world = World()
    world.feed(View(shopper="ann", item="a", at=START), View(shopper="ann", item="b", at=after(1)))

    found = pairs(world, Purchase(shopper="ann", item="b", at=after(2)))

    assert found[0] == Pair(item="b", at=after(2), kind="purchase", others=("a",))


def test_facts_have_ids_of_their_own_that_the_place_of_the_event_decides() -> None:
    first, second = World(), World()
    events = [View(shopper="ann", item=item, at=after(n)) for n, item in enumerate("abc")]

    one, other = first.feed(*events), second.feed(*events)

    assert [fact.id for fact in one.facts] == [fact.id for fact in other.facts]
    assert len({fact.id for fact in one.facts}) == 3


def test_an_event_from_the_future_counts_as_of_the_broker() -> None:
    world = World()
    broker = int(START.timestamp() * 1000)

    effects = world.fold(View(shopper="ann", item="a", at=datetime(2100, 1, 1, tzinfo=UTC)), offset=0, timestamp=broker)

    assert effects.outcome == "clamped"
    assert world.profile("ann").newest == broker + 5_000


def test_an_event_long_behind_the_newest_is_folded_as_late() -> None:
    world = World()
    world.feed(View(shopper="ann", item="b", at=START))

    effects = world.feed(View(shopper="ann", item="a", at=START - timedelta(hours=2)))

    assert effects.outcome == "late"
    assert [touch.item for touch in world.profile("ann").touches] == ["a", "b"]


def test_an_event_before_1970_counts_as_of_1970() -> None:
    world = World()

    effects = world.feed(View(shopper="ann", item="a", at=datetime(1, 1, 1, tzinfo=UTC)))

    assert effects.outcome == "folded"
    assert world.profile("ann").touches[0].at == 0


def test_histories_keep_the_newest() -> None:
    world = World()
    world.feed(*(View(shopper="ann", item=f"i{n}", at=after(n)) for n in range(100)))
    world.feed(*(Search(shopper="ann", query=f"q{n}", at=after(n)) for n in range(100)))
    world.feed(*(ListShown(shopper="ann", items=(f"i{n}",), at=after(n)) for n in range(100)))

    profile = world.profile("ann")

    assert [touch.item for touch in profile.touches] == [f"i{n}" for n in range(100 - TOUCHES, 100)]
    assert [query.text for query in profile.queries] == [f"q{n}" for n in range(100 - QUERIES, 100)]
    assert [shown.items for shown in profile.shown] == [(f"i{n}",) for n in range(100 - SHOWINGS, 100)]


def test_the_language_seen_last_counts() -> None:
    world = World()

    world.feed(
        View(shopper="ann", item="a", at=after(2), language="zh"),
        Search(shopper="ann", query="tea", at=after(1), language="en"),
        View(shopper="ann", item="a", at=after(3)),
    )

    assert world.profile("ann").language == (int(after(2).timestamp() * 1000), "zh")


def test_a_blank_query_is_no_search_but_owes_a_list() -> None:
    world = World()

    effects = world.feed(Search(shopper="ann", query=" \n ", at=START))

    assert (effects.outcome, [owed.slot for owed in effects.owed]) == ("empty", ["home"])
    assert world.profile("ann").queries == []


def test_the_newest_review_of_an_item_is_the_opinion() -> None:
    world = World()

    world.feed(sentiment("ann", "a", -0.5, after(5)), sentiment("ann", "a", 0.9, after(1)))

    assert world.profile("ann").opinions["a"].polarity == -500


@pytest.mark.parametrize(
    ("event", "slots"),
    [
        (View(shopper="ann", item="a", at=START), ["home"]),
        (Search(shopper="ann", query="tea", at=START), ["home"]),
        (sentiment("ann", "a", 1), ["home"]),
        (Request(shopper="ann", at=START), ["request/home"]),
        (Request(shopper="ann", at=START, placement="cart"), ["request/cart"]),
        (ListShown(shopper="ann", items=("a",), at=START), []),
        (CopyShown(shopper="ann", copy_id="c", item="a", at=START), []),
        (Identify(anonymous="ann", shopper="bob", at=START), []),
    ],
)
def test_an_event_owes_the_same_lists_when_it_comes_again(event: object, slots: list[str]) -> None:
    world = World()

    effects = world.feed(event)

    assert [owed.slot for owed in effects.owed] == slots
    assert list(world.folder.owes(world.profile("ann"), event, None)) == list(effects.owed)  # type: ignore[arg-type]


def test_a_repeat_by_its_id_and_a_redelivery_change_nothing() -> None:
    world = World()
    event = View(shopper="ann", item="a", at=START)
    world.fold(event, offset=0, ce_id="e1")

    again = [world.fold(event, offset=0, ce_id="e1"), world.fold(event, offset=1, ce_id="e1")]

    assert again == ["redelivered", "duplicate"]
    assert (world.profile("ann").revision, len(world.profile("ann").touches)) == (1, 1)


def lines(*items: str) -> tuple[Line, ...]:
    return tuple(Line(item=item) for item in items)


def test_an_order_is_folded_line_by_line_each_item_once() -> None:
    world = World()

    effects = world.feed(Order(shopper="ann", at=START, lines=lines("lamp", "sofa", "lamp", "rug")))
    profile = world.profile("ann")

    assert [(touch.item, touch.kind) for touch in profile.touches] == [("lamp", 3), ("rug", 3), ("sofa", 3)]
    assert set(profile.bought) == {"lamp", "rug", "sofa"}
    assert profile.revision == 1
    assert [owed.slot for owed in effects.owed] == ["home"]


def test_the_facts_of_an_order_have_ids_of_their_own_and_do_not_depend_on_the_order_of_its_lines() -> None:
    items = [f"i{n}" for n in range(9)]
    one, other = World(), World()

    facts = one.feed(Order(shopper="ann", at=START, lines=lines(*items))).facts
    same = other.feed(Order(shopper="ann", at=START, lines=lines(*reversed(items)))).facts

    assert list(facts) == list(same)
    assert len({fact.id for fact in facts}) == len(facts) == 9 + 1 + 2 + 3 + 4 + 5 * 4
    kinds = [fact.value.kind for fact in facts if isinstance(fact.value, Pair)]
    assert [kind for kind in kinds if kind] == ["purchase"] * 9


def test_the_facts_of_one_line_are_those_of_a_purchase() -> None:
    one, other = World(), World()

    assert list(one.feed(Order(shopper="ann", at=START, lines=lines("lamp"))).facts) == list(
        other.feed(Purchase(shopper="ann", at=START, item="lamp")).facts
    )


def test_what_is_put_into_the_cart_together_is_not_bought() -> None:
    world = World()

    world.feed(Basket(shopper="ann", at=START, lines=lines("lamp", "sofa")))

    assert [touch.kind for touch in world.profile("ann").touches] == [2, 2]
    assert not world.profile("ann").bought


def test_an_order_that_comes_after_its_visitor_was_identified_follows() -> None:
    world = World()
    world.feed(Identify(anonymous="cookie", shopper="ann", at=after(10)))

    world.feed(Order(shopper="cookie", at=START, lines=lines("lamp", "sofa")))

    assert not world.profile("cookie").touches
    assert set(world.profile("ann").bought) == {"lamp", "sofa"}
