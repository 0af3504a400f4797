"""Laws of merchants' policies: they hold in any list of any shop."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.shoppers.options import Options
from agents.weights import weigh
from schemas.catalog import CatalogItem
from schemas.clicks import Click, Purchase
from schemas.policies import Boost, Cap, Hide, Only, Pin, Policy
from schemas.recommendations import Decision, Recommendations
from tests.shoppers import START, World, after, facts

NAMES = [f"i{n}" for n in range(10)]
ITEMS = st.lists(st.sampled_from([*NAMES, "stranger"]), max_size=6, unique=True).map(tuple)
PRICES = st.sampled_from([None, 5.0, 10.0, 15.0])
NOW = 60
"""Seconds after the start at which lists are made."""

shelves = st.lists(
    st.builds(
        lambda **more: more,
        stock=st.sampled_from([None, 0, 1, 9]),
        category=st.sampled_from(["a", "b", ""]),
        brand=st.sampled_from(["x", "y", ""]),
        price=PRICES,
        rebuy=st.booleans(),
    ),
    min_size=len(NAMES),
    max_size=len(NAMES),
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Draw one that holds more often than not."""

    def seldom(strategy: st.SearchStrategy[Any], otherwise: Any) -> Any:
        return draw(strategy) if draw(st.integers(0, 3)) == 0 else otherwise

    kind = draw(st.sampled_from([Hide, Only, Boost, Pin, Cap]))
    terms: dict[str, Any] = {
        "policy": draw(st.sampled_from("ABCDEFGH")),
        "at": START,
        "placements": seldom(st.sampled_from([("home",), ("basket",)]), ()),
        "items": draw(ITEMS),
        "categories": seldom(st.sampled_from([("a",), ("a", "b"), ("",)]), ()),
        "brands": seldom(st.sampled_from([("x",), ("y", "")]), ()),
        "price_from": seldom(PRICES, None),
        "price_to": seldom(PRICES, None),
        "stock_below": seldom(st.sampled_from([1, 5]), None),
        "starts": seldom(st.sampled_from([after(NOW), after(NOW + 1)]), None),
        "ends": seldom(st.sampled_from([after(NOW), after(NOW + 1)]), None),
    }
    match kind.__name__:
        case "Boost":
            return Boost(**terms, points=draw(st.sampled_from([-3.0, 0.1, 2.0])))
        case "Pin":
            terms["items"] = terms["items"] or ("i1", "i2")
            return Pin(**terms, slot=draw(st.integers(0, 4)))
        case "Cap":
            return Cap(**terms, most=draw(st.integers(0, 3)))
        case _:
            found: Policy = kind(**terms)
            return found


def matches(it: Policy, item: CatalogItem) -> bool:
    """Say again, as plainly as can be, what a policy matches."""
    conditions = [
        not it.items or item.item in it.items,
        not it.categories or item.category in it.categories,
        not it.brands or item.brand in it.brands,
        it.price_from is None or (item.price is not None and item.price >= it.price_from),
        it.price_to is None or (item.price is not None and item.price <= it.price_to),
        it.stock_below is None or (item.stock is not None and item.stock < it.stock_below),
    ]
    return all(conditions)


def in_force(set_: Sequence[Policy], placement: str) -> list[Policy]:
    newest = {it.policy: it for it in set_}
    return [
        it
        for _, it in sorted(newest.items())
        if (not it.placements or placement in it.placements)
        and (it.starts is None or it.starts <= after(NOW))
        and (it.ends is None or it.ends > after(NOW))
    ]


def made(
    shelf: dict[str, CatalogItem], set_: Sequence[Policy], options: Options, ask: dict[str, Any]
) -> tuple[Recommendations, Decision]:
    world = World(options)
    for n, item in enumerate(shelf.values()):
        world.stock(item, views=n, heat=float(n))
    world.set(*set_)
    world.feed(Purchase(shopper="ann", item="i3", at=START), Click(shopper="ann", item="i4", at=after(NOW)))
    return world.recommend("ann", **ask), world.decision("ann", **ask)


@settings(max_examples=300, deadline=None)
@given(
    shelves,
    st.lists(policies(), min_size=1, max_size=6),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.fixed_dictionaries(
        {"limit": st.integers(1, 6), "placement": st.sampled_from(["home", "search"]), "candidates": ITEMS}
    ),
)
def test_policies_hold_in_every_list(
    given_shelf: list[dict[str, Any]], set_: list[Policy], explore: float, ask: dict[str, Any]
) -> None:
    shelf = {name: facts(name, **more) for name, more in zip(NAMES, given_shelf, strict=True)}
    holding = in_force(set_, ask["placement"])

    found, decision = made(shelf, set_, Options(explore=explore), ask)

    listed = [slot.item for slot in found.slots]
    assert len(set(listed)) == len(listed) <= ask["limit"]
    listable = [
        name
        for name, item in shelf.items()
        if item.stock != 0 and (name != "i3" or item.rebuy) and let_in(holding, item)
    ]
    assert set(listed) <= set(listable)
    for it in holding:
        if isinstance(it, Cap):
            assert sum(matches(it, shelf[item]) for item in listed) <= it.most
    pins = pinned(holding, shelf, listable, ask["limit"])
    assert {slot.item for slot in found.slots if slot.source == "pin"} == set(pins.values())
    for place, item in pins.items():
        assert listed.index(item) <= place
        assert listed.index(item) == place or len(listed) <= place
    assert all(slot.propensity == 1 for slot in found.slots if slot.source == "pin")
    assert all((slot.reason.code == "featured") == (slot.source == "pin") for slot in found.slots)
    for one in decision.candidates:
        points = sum(it.points for it in holding if isinstance(it, Boost) and matches(it, shelf[one.item]))
        assert one.features.get("boost", 0.0) == round(points, 4)
        assert weigh(one.features, decision.weights) == one.score


def let_in(holding: Sequence[Policy], item: CatalogItem) -> bool:
    return not any(isinstance(it, Hide) and matches(it, item) for it in holding) and all(
        matches(it, item) for it in holding if isinstance(it, Only)
    )


def pinned(
    holding: Sequence[Policy], shelf: dict[str, CatalogItem], listable: Sequence[str], limit: int
) -> dict[int, str]:
    """Say again which item stands where: pin after pin, slot after slot, item after item."""
    found: dict[int, str] = {}
    for pin in (it for it in holding if isinstance(it, Pin)):
        for place in range(limit):
            if place >= pin.slot and place not in found:
                for item in pin.items:
                    if item in listable and item not in found.values() and matches(pin, shelf[item]):
                        would_be = [*found.values(), item]
                        if all(
                            sum(matches(it, shelf[one]) for one in would_be) <= it.most
                            for it in holding
                            if isinstance(it, Cap) and matches(it, shelf[item])
                        ):
                            found[place] = item
                            break
                break
    return found


@settings(max_examples=60, deadline=None)
@given(shelves, st.lists(policies(), max_size=6, unique_by=lambda it: it.policy), st.randoms(use_true_random=False))
def test_the_order_in_which_policies_are_set_does_not_matter(
    given_shelf: list[dict[str, Any]], set_: list[Policy], random: Any
) -> None:
    shelf = {name: facts(name, **more) for name, more in zip(NAMES, given_shelf, strict=True)}
    shuffled = random.sample(set_, len(set_))

    assert made(shelf, set_, Options(explore=0.5), {"limit": 4}) == made(
        shelf, shuffled, Options(explore=0.5), {"limit": 4}
    )
