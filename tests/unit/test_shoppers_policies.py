"""What merchants' policies make of the lists that shoppers get."""

from typing import Any

import msgspec
import pytest

from agents.shoppers.options import Options
from agents.weights import VERSION, Weights, weigh
from schemas.base import At
from schemas.cards import ItemCard, Neighbour
from schemas.catalog import CatalogItem
from schemas.clicks import Click, ListShown, Purchase
from schemas.policies import Boost, Cap, Hide, Only, Pin, Policy
from schemas.recommendations import KeptOut
from schemas.searches import Search
from tests.shoppers import START, STEADY, World, after, facts, sentiment

LAMPS = [
    facts(f"l{n}", f"brass lamp {n}", category="light", brand="Lux", price=10.0 * n, stock=n + 1) for n in range(6)
]
BOARDS = [facts(f"b{n}", f"walnut board {n}", category="kitchen", price=5.0) for n in range(6)]
SHELF = [*LAMPS, *BOARDS]


def stocked(*policies: Policy, options: Options = STEADY, shelf: list[CatalogItem] = SHELF) -> World:
    """Return a shop with a few items and policies."""
    world = World(options)
    world.stock(*shelf)
    world.set(*policies)
    return world


def hide(policy: str = "hide", **terms: Any) -> Hide:
    return Hide(policy=policy, at=START, **terms)


def only(policy: str = "only", **terms: Any) -> Only:
    return Only(policy=policy, at=START, **terms)


def boost(points: float, policy: str = "boost", **terms: Any) -> Boost:
    return Boost(policy=policy, at=START, points=points, **terms)


def pin(slot: int, *items: str, policy: str = "pin", **terms: Any) -> Pin:
    return Pin(policy=policy, at=START, items=items, slot=slot, **terms)


def cap(most: int, policy: str = "cap", **terms: Any) -> Cap:
    return Cap(policy=policy, at=START, most=most, **terms)


# What a policy matches


@pytest.mark.parametrize(
    ("terms", "matching"),
    [
        ({}, {"l0", "l1", "l2", "l3", "l4", "l5", "bare"}),
        ({"items": ("l1", "b1", "bare")}, {"l1", "bare"}),
        ({"categories": ("kitchen", "light")}, {"l0", "l1", "l2", "l3", "l4", "l5"}),
        ({"brands": ("Lux",)}, {"l0", "l1", "l2", "l3", "l4", "l5"}),
        ({"brands": ("Lux",), "categories": ("kitchen",)}, set()),
        ({"price_from": 20.0}, {"l2", "l3", "l4", "l5"}),
        ({"price_to": 20.0}, {"l0", "l1", "l2"}),
        ({"price_from": 20.0, "price_to": 30.0}, {"l2", "l3"}),
        ({"price_from": 0.0}, {"l0", "l1", "l2", "l3", "l4", "l5"}),
        ({"stock_below": 3}, {"l0", "l1"}),
        ({"items": ("l1", "l2", "bare"), "price_from": 20.0}, {"l2"}),
    ],
)
def test_an_item_matches_if_it_meets_every_condition(terms: dict[str, Any], matching: set[str]) -> None:
    world = stocked(shelf=LAMPS)
    world.stock(facts("bare"))
    everything = set(world.items("ann"))

    world.set(hide(**terms))

    assert len(everything) == 7
    assert everything - set(world.items("ann")) == matching


def test_an_item_without_facts_matches_what_names_items_only() -> None:
    world = World()
    for item in ("a", "b"):
        world.card(ItemCard(item=item, revision=1, at=START, views=9, heat=9.0))

    def left(**terms: Any) -> list[str]:
        world.set(hide(**terms))
        return world.items("ann")

    assert left(items=("a",)) == ["b"]
    assert left() == []
    for terms in ({"categories": ("",)}, {"brands": ("",)}, {"price_from": 0.0}, {"price_to": 9.0}, {"stock_below": 9}):
        assert left(**terms) == ["a", "b"]
        assert left(items=("a",), **terms) == ["a", "b"]


@pytest.mark.parametrize(
    ("starts", "ends", "holds"),
    [
        (None, None, True),
        (after(10), None, True),
        (after(10.001), None, False),
        (None, after(10), False),
        (None, after(10.001), True),
        (after(10), after(11), True),
    ],
)
def test_a_policy_holds_from_its_start_and_before_its_end(starts: At | None, ends: At | None, holds: bool) -> None:
    world = stocked(hide(starts=starts, ends=ends))

    world.feed(Click(shopper="ann", item="l0", at=after(10)))

    assert world.items("ann") == [] if holds else len(world.items("ann")) == 10


def test_a_policy_holds_in_its_placements() -> None:
    world = stocked(hide(placements=("home", "basket")))

    assert world.items("ann") == world.items("ann", placement="basket") == []
    assert len(world.items("ann", placement="search")) == 10


def test_a_newer_policy_takes_the_place_of_the_one_before_and_a_tombstone_ends_it() -> None:
    world = stocked(hide(items=("l0",)))
    world.set(hide(items=("l1",)))

    assert set(world.items("ann", limit=12)) == {item.item for item in SHELF} - {"l1"}

    world.end("hide")
    world.end("never set")

    assert len(world.items("ann", limit=12)) == 12


# Hide and only


def test_what_is_hidden_is_in_no_list_whatever_brings_it() -> None:
    world = stocked(shelf=[*SHELF, facts("pan", "iron pan")])
    world.stock(facts("hit", "iron wok"), views=99, heat=99.0, neighbours=(Neighbour(item="lid", weight=5.0),))
    world.stock(facts("lid", "iron lid"))
    world.feed(Click(shopper="ann", item="hit", at=START), Search(shopper="ann", query="iron", at=after(1)))
    found = {slot.item: slot.source for slot in world.recommend("ann").slots}

    world.set(hide(items=("hit", "lid", "pan")))

    assert {"hit", "lid", "pan"} <= found.keys()
    assert {"search", "together"} & set(found.values())
    assert {"hit", "lid", "pan"}.isdisjoint(world.items("ann", limit=20))
    assert {"hit", "lid", "pan"}.isdisjoint(world.items("bob", limit=20))
    assert world.items("ann", candidates=("hit", "lid", "l0")) == ["l0"]


def test_only_what_every_one_of_several_lets_in_is_listed() -> None:
    world = stocked(only("a", categories=("light",)), only("b", price_from=20.0, price_to=40.0))

    assert set(world.items("ann")) == {"l2", "l3", "l4"}
    assert set(world.items("ann", candidates=("l0", "l3", "b0"))) == {"l3"}
    assert set(world.items("ann", limit=1)) <= {"l2", "l3", "l4"}


def test_what_hides_is_stronger_than_what_lets_in() -> None:
    world = stocked(hide(items=("l0",)), only(items=("l0", "l1")))

    assert world.items("ann") == ["l1"]


@pytest.mark.parametrize(
    "terms", [{"items": ("rare0", "rare1", "rare2")}, {"categories": ("rare",)}, {"brands": ("Rare",)}]
)
def test_few_items_that_are_let_in_fill_a_list_however_low_they_stand(terms: dict[str, Any]) -> None:
    world = World()
    world.stock(*(facts(f"i{n}", category="many") for n in range(400)), views=9, heat=90.0)
    world.stock(facts("rare0", category="rare", brand="Rare"), views=9, heat=1.0)
    world.stock(facts("rare1", category="rare", brand="Rare"))
    world.stock(facts("rare2", category="rare", brand="Rare", stock=0))
    world.feed(Click(shopper="ann", item="i1", at=START))

    world.set(only(**terms))

    assert {(slot.item, slot.source) for slot in world.recommend("bob").slots} == {
        ("rare0", "trending"),
        ("rare1", "new"),
    }
    assert set(world.items("ann")) == {"rare0", "rare1"}


def test_a_list_is_full_although_all_that_stood_at_the_top_is_hidden() -> None:
    world = World()
    world.stock(*(facts(f"i{n}", category="many") for n in range(400)), views=9, heat=90.0)
    world.stock(*(facts(f"j{n}", category="few") for n in range(12)), views=9, heat=1.0)
    world.feed(Click(shopper="ann", item="i1", at=START))

    world.set(hide(categories=("many",)))

    assert len(world.items("ann")) == 10
    assert {item[0] for item in world.items("ann")} == {"j"}


def test_the_lot_draws_nothing_that_is_hidden() -> None:
    world = stocked(hide(categories=("light",)), options=Options(explore=1))

    drawn = {item for n in range(40) for item in world.items(f"s{n}", limit=3)}

    assert drawn == {item.item for item in BOARDS}


# Boost


def test_boosts_add_up_in_the_score_and_are_told_with_it() -> None:
    world = stocked(boost(1.5, "a", items=("l3", "l4")), boost(2.25, "b", brands=("Lux",), price_from=40.0))
    before = {one.item: one.score for one in stocked().decision("ann").candidates}

    decision = world.decision("ann")

    assert {one.item: one.features.get("boost") for one in decision.candidates if "boost" in one.features} == {
        "l3": 1.5,
        "l4": 3.75,
        "l5": 2.25,
    }
    for one in decision.candidates:
        assert list(one.features) == [name for name in decision.weights if name in one.features]
        assert one.score == weigh(one.features, decision.weights)
        assert one.score == pytest.approx(before[one.item] + one.features.get("boost", 0.0))
    assert world.items("ann")[0] == "l4"
    assert decision.models["score"] == VERSION


def test_a_boost_may_take_away_and_an_operator_may_weigh_it() -> None:
    world = stocked(boost(-5, categories=("light",)))
    deaf = stocked(boost(-5, categories=("light",)), options=Options(explore=0, weights=Weights("boost=0")))

    assert {item[0] for item in world.items("ann", limit=6)} == {"b"}
    assert deaf.items("ann") == stocked().items("ann")


def test_a_boost_is_no_reason() -> None:
    world = stocked(boost(9, items=("l0",)))

    slot = world.recommend("ann").slots[0]

    assert (slot.item, slot.reason.code) == ("l0", "new")


# Pin


def test_a_pinned_item_stands_in_its_slot_says_so_and_is_certain() -> None:
    world = stocked(pin(3, "l5"), options=Options(explore=0.5))
    before = stocked().items("ann")

    found = world.recommend("ann")

    slot = found.slots[3]
    assert (slot.item, slot.source, slot.propensity) == ("l5", "pin", 1.0)
    assert (slot.reason.code, slot.reason.text) == (
        "featured",
        {"en": "Featured by the shop", "zh": "店铺推荐"},
    )
    assert before[3] != "l5"
    assert [one.item for one in found.slots].count("l5") == 1
    assert len(found.slots) == 10
    assert {one.reason.code for one in found.slots if one.item != "l5"} == {"new"}


def test_an_item_is_pinned_that_no_source_finds_and_its_score_is_its_own() -> None:
    world = stocked(shelf=[])
    world.stock(*(facts(f"i{n}") for n in range(400)), views=9, heat=90.0)
    world.stock(facts("old"), views=9, heat=1.0)
    world.set(pin(0, "old"))

    [candidate] = [one for one in world.decision("ann").candidates if one.item == "old"]

    assert world.items("ann")[0] == "old"
    assert (candidate.source, candidate.slot, candidate.propensity) == ("pin", 0, 1.0)
    assert candidate.score == min(one.score for one in world.decision("ann").candidates)


def test_what_is_pinned_is_considered_however_low_it_ranks() -> None:
    items = tuple(f"i{n}" for n in range(200))
    world = stocked(pin(1, "i199"), shelf=[])
    for n, item in enumerate(items):
        world.stock(facts(item), views=9, heat=1000.0 - n)

    decision = world.decision("ann", limit=4, candidates=items)

    assert len(decision.candidates) == 61
    assert [one.item for one in decision.candidates if one.slot == 1] == ["i199"]


def test_the_first_item_that_may_be_listed_is_pinned() -> None:
    world = stocked(
        hide(items=("hidden",)),
        pin(0, "sold out", "hidden", "disliked", "bought", "unknown", "l2", "l3"),
        shelf=[*SHELF, facts("sold out", stock=0), facts("hidden"), facts("disliked"), facts("bought")],
    )
    world.feed(Purchase(shopper="ann", item="bought", at=START), sentiment("ann", "disliked", -0.8))

    listed = world.items("ann", limit=20)

    assert listed[0] == "l2"
    assert {"sold out", "hidden", "disliked", "bought", "unknown"}.isdisjoint(listed)
    assert world.items("bob")[0] == "disliked"


def test_nothing_is_pinned_if_no_item_may_be_listed() -> None:
    world = stocked(pin(0, "gone"), pin(1, "l1", policy="q", price_from=900.0), only(categories=("kitchen",)))

    assert {slot.source for slot in world.recommend("ann").slots} == {"new"}


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_pins_of_a_slot_the_one_with_the_greater_id_yields_to_the_next_free_slot(order: int) -> None:
    pins = [pin(0, "l1", policy="a"), pin(0, "l2", policy="b"), pin(1, "l3", policy="c"), pin(0, "l1", policy="d")]

    world = stocked(*pins[::order])

    assert world.items("ann")[:3] == ["l1", "l2", "l3"]
    assert [slot.source for slot in world.recommend("ann").slots].count("pin") == 3


def test_an_item_that_is_pinned_already_lets_the_next_one_of_a_pin_stand() -> None:
    world = stocked(pin(0, "l1", policy="a"), pin(1, "l1", "l2", policy="b"))

    assert world.items("ann")[:2] == ["l1", "l2"]


def test_pins_beyond_the_end_of_a_list_are_not_in_it_for_their_own_sake() -> None:
    world = stocked(pin(1, "l5", policy="a"), pin(1, "l4", policy="b"))

    assert world.items("ann", limit=1) == stocked().items("ann", limit=1)
    assert world.items("ann", limit=2) == [stocked().items("ann", limit=1)[0], "l5"]
    assert world.items("ann", limit=3)[1:] == ["l5", "l4"]


def test_a_list_of_one_slot_is_the_pinned_item() -> None:
    world = stocked(pin(0, "l5"), options=Options(explore=1))

    assert {item for n in range(20) for item in world.items(f"s{n}", limit=1)} == {"l5"}


def test_a_pinned_item_moves_up_where_nothing_is_left_to_stand_before_it() -> None:
    world = stocked(pin(7, "l0"), only(items=("l0", "l1")))

    assert world.items("ann") == ["l1", "l0"]


def test_a_page_that_named_the_items_has_pinned_ones_too() -> None:
    world = stocked(pin(1, "b5"))

    slots = world.recommend("ann", candidates=("l0", "l1", "b5")).slots

    assert [(slot.item, slot.source) for slot in slots] == [("l0", "request"), ("b5", "pin"), ("l1", "request")]
    assert [slot.item for slot in world.recommend("ann", candidates=("l0",)).slots] == ["l0", "b5"]


def test_without_a_catalogue_items_can_be_pinned() -> None:
    world = World()
    for item, heat in (("a", 9.0), ("b", 5.0), ("c", 1.0)):
        world.card(ItemCard(item=item, revision=1, at=START, views=9, heat=heat))

    world.set(pin(0, "never heard of", "c"), cap(1, items=("a", "b")))

    assert world.items("ann") == ["c", "a"]


def ranked(*policies: Policy) -> World:
    """Return a shop that draws lots for every list, and whose best items are i0, i1, i2 …"""
    world = World(Options(explore=1))
    for n in range(12):
        world.stock(facts(f"i{n}"), views=9, heat=30.0 - 2 * n)
    world.set(*policies)
    return world


def test_the_lot_draws_for_the_last_slot_that_is_not_pinned() -> None:
    world = ranked(pin(2, "i9"))

    lists = [world.recommend(f"s{n}", limit=3).slots for n in range(60)]

    assert {slots[2].item for slots in lists} == {"i9"}
    assert {slots[0].item for slots in lists} == {"i0"}
    assert {slots[1].item for slots in lists} == {f"i{n}" for n in range(1, 12)} - {"i9"}
    assert {slots[2].propensity for slots in lists} == {1.0}
    assert {slots[1].propensity for slots in lists} == {0.1}


def test_where_only_one_slot_is_left_nothing_is_drawn_for_it() -> None:
    world = ranked(pin(1, "i9"))

    assert {tuple(world.items(f"s{n}", limit=2)) for n in range(40)} == {("i0", "i9")}


def test_pinned_items_crowd_those_of_their_category() -> None:
    world = World(Options(explore=0, crowding=0.15))
    world.stock(*(facts(f"a{n}", category="a") for n in range(3)), views=9, heat=10.0)
    world.stock(*(facts(f"b{n}", category="b") for n in range(3)), views=9, heat=9.9)
    before = world.items("ann", limit=1)

    world.set(pin(1, "a2"))

    assert before == ["a0"]
    assert world.items("ann", limit=2) == ["b0", "a2"]


# Cap


def test_no_more_items_than_a_cap_says_are_in_a_list() -> None:
    world = stocked(cap(2, categories=("light",)))
    world.feed(*(Click(shopper="ann", item=f"l{n}", at=after(n)) for n in range(3)))
    before = stocked()
    before.feed(*(Click(shopper="ann", item=f"l{n}", at=after(n)) for n in range(3)))

    listed = [item for item in world.items("ann") if item[0] == "l"]

    assert listed == [item for item in before.items("ann") if item[0] == "l"][:2]
    assert len(world.items("ann")) == 8
    assert world.items("ann", candidates=("l0", "l1", "l2", "b0", "b1"))
    assert sum(item[0] == "l" for item in world.items("ann", candidates=("l0", "l1", "l2", "b0", "b1"))) == 2


def test_a_cap_of_nothing_keeps_out() -> None:
    assert {item[0] for item in stocked(cap(0, brands=("Lux",))).items("ann", limit=20)} == {"b"}


def test_pinned_items_count_and_come_first() -> None:
    world = stocked(
        cap(2, categories=("light",)), pin(4, "l5"), pin(5, "l4", policy="q"), pin(6, "l3", "b0", policy="r")
    )

    listed = world.items("ann")

    assert {item for item in listed if item[0] == "l"} == {"l5", "l4"}
    assert {slot.item for slot in world.recommend("ann").slots if slot.source == "pin"} == {"l5", "l4", "b0"}


def test_a_capped_list_is_full_of_what_else_there_is() -> None:
    world = World()
    world.stock(*(facts(f"i{n}", category="many") for n in range(100)), views=9, heat=90.0)
    world.stock(*(facts(f"j{n}", category="few") for n in range(12)))
    world.feed(*(Click(shopper="ann", item=f"i{n}", at=after(n)) for n in range(5)))

    world.set(cap(3, categories=("many",)))

    assert len(world.items("ann")) == 10
    assert sum(item[0] == "i" for item in world.items("ann")) == 3


def test_the_lot_keeps_caps() -> None:
    world = stocked(cap(1, categories=("light",)), options=Options(explore=1))

    lists = [world.items(f"s{n}", limit=3) for n in range(60)]

    assert len({items[-1] for items in lists}) > 3
    assert all(sum(item[0] == "l" for item in items) <= 1 for items in lists)


# All of them


def test_the_order_of_the_records_does_not_matter() -> None:
    policies: list[Policy] = [
        pin(0, "l1", "l2", policy="a"), pin(0, "l2", "l3", policy="b"), cap(2, "c", categories=("light",)), hide("d", items=("b0",)),
        boost(1, "e", items=("b3",)), boost(0.1, "f", items=("b3", "b4")), only("g", price_to=40.0), cap(4, "h"),
    ]  # fmt: skip
    one, other = stocked(*policies), stocked(*reversed(policies))

    assert one.recommend("ann").slots == other.recommend("ann").slots
    assert one.decision("ann") == other.decision("ann")
    assert len(one.items("ann")) == 4


def test_a_decision_says_what_only_a_policy_kept_out() -> None:
    world = stocked(
        hide("h", items=("l0", "gone")), only("o", items=tuple(f"l{n}" for n in range(6))), cap(2, "c", brands=("Lux",)),
        shelf=[*SHELF, facts("gone", stock=0)],
    )  # fmt: skip

    decision = world.decision("ann", candidates=("l0", "l1", "l2", "l3", "b0", "gone"))

    listed = [one.item for one in decision.candidates]
    assert decision.kept_out == (
        KeptOut(item="l0", policy="h", kind="hide"),
        KeptOut(item="b0", policy="o", kind="only"),
        *(KeptOut(item=item, policy="c", kind="cap") for item in ("l1", "l2", "l3") if item not in listed),
    )
    assert len(listed) == 2


def test_a_shop_that_ended_all_its_policies_gets_the_lists_of_one_that_had_none() -> None:
    policies: list[Policy] = [hide("h"), only("o", items=("l0",)), boost(5, "b"), pin(0, "l5"), cap(0, "c")]
    without, ended = stocked(options=Options()), stocked(*policies, options=Options())
    for world in (without, ended):
        world.feed(Click(shopper="ann", item="l1", at=START), ListShown(shopper="ann", items=("l2",), at=after(1)))
    changed = ended.recommend("ann")

    for policy in policies:
        ended.end(policy.policy)

    assert changed.slots == ()
    assert ended.decision("ann") == without.decision("ann")
    assert ended.recommend("ann") == without.recommend("ann")


@pytest.mark.parametrize("wrong", [
    {"kind": "hide", "at": "2026-01-05T12:00:00Z"},
    {"kind": "hide", "policy": "p", "at": "2026-01-05T12:00:00"},
    {"kind": "hide", "policy": "p", "at": "2026-01-05T12:00:00Z", "price_from": -1},
    {"kind": "show", "policy": "p", "at": "2026-01-05T12:00:00Z"},
    {"policy": "p", "at": "2026-01-05T12:00:00Z"},
    {"kind": "boost", "policy": "p", "at": "2026-01-05T12:00:00Z", "points": 101},
    {"kind": "boost", "policy": "p", "at": "2026-01-05T12:00:00Z"},
    {"kind": "pin", "policy": "p", "at": "2026-01-05T12:00:00Z", "slot": 0},
    {"kind": "pin", "policy": "p", "at": "2026-01-05T12:00:00Z", "slot": 0, "items": []},
    {"kind": "pin", "policy": "p", "at": "2026-01-05T12:00:00Z", "slot": -1, "items": ["a"]},
    {"kind": "cap", "policy": "p", "at": "2026-01-05T12:00:00Z", "most": -1},
])  # fmt: skip
def test_a_policy_that_says_less_or_more_than_it_may_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(wrong), type=Policy)
