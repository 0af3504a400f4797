"""What shoppers of a log did, as training sees it, and as lists do."""

from typing import Any

import msgspec

from agents.replay.histories import histories
from agents.replay.log import LogRecord
from agents.replay.sequence import merge
from agents.shoppers.history import items_of
from schemas.clicks import AddToCart, Basket, Click, Line, ListShown, Order, View
from schemas.searches import Search
from tests.shoppers import START, World, after

EVENTS: list[Any] = [
    View(shopper="ann", item="pan", at=after(0)),
    AddToCart(shopper="ann", item="pan", at=after(1)),
    View(shopper="bob", item="sofa", at=after(2)),
    Search(shopper="ann", query="lid", at=after(3)),
    Click(shopper="ann", item="lid", at=after(4)),
    ListShown(shopper="ann", items=("rug",), at=after(5)),
    Basket(shopper="ann", lines=(Line(item="sofa"), Line(item="lid")), at=after(6)),
    Order(shopper="bob", lines=(Line(item="sofa"),), at=after(7)),
    View(shopper="bob", item="sofa", at=after(8)),
]


def record(number: int, event: Any) -> LogRecord:
    topic = "searches.v1" if isinstance(event, Search) else "clicks.v1"
    return LogRecord(topic, 0, number, int(after(number).timestamp() * 1000), b"k", msgspec.json.encode(event), ())


def test_a_history_is_the_steps_of_a_shopper_in_the_order_of_time() -> None:
    log = merge([record(n, event) for n, event in enumerate(EVENTS)])

    found = histories(log)

    assert [history.items for history in found] == [["pan", "lid", "sofa"], ["sofa", "sofa"]]
    zero = int(START.timestamp() * 1000)
    assert [[at - zero for at in history.times] for history in found] == [[0, 4000, 6000], [2000, 8000]]


def test_what_agents_would_refuse_is_passed_over() -> None:
    log = merge([record(0, {"kind": "view", "shopper": "ann", "at": "2026-01-05T12:00:00Z"})])

    assert histories(log) == []


def test_lists_see_what_training_saw() -> None:
    world = World()
    world.feed(*EVENTS)
    log = merge([record(n, event) for n, event in enumerate(EVENTS)])

    assert [items_of(world.job(who)) for who in ("ann", "bob")] == [history.items for history in histories(log)]
