"""Who waits for a list."""

from datetime import UTC, datetime

import pytest

from agents.shop.waits import Waits, owes_list
from schemas.clicks import Click, CopyShown, ListShown
from schemas.requests import Request
from schemas.reviews import Review
from schemas.searches import Search

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("record", "owes"),
    [
        (Click(shopper="s", at=AT, item="i"), True),
        (Search(shopper="s", at=AT, query="q"), True),
        (Request(shopper="s", at=AT), True),
        (ListShown(shopper="s", at=AT, items=()), False),
        (CopyShown(shopper="s", at=AT, copy_id="c", item="i"), False),
        (Review(shopper="s", at=AT, review_id="r", item="i"), False),
    ],
)
def test_lists_answer_what_a_shopper_does_but_not_what_a_shopper_is_shown(record: object, *, owes: bool) -> None:
    assert owes_list(record) == owes  # type: ignore[arg-type]


def test_a_list_ends_the_wait_for_every_event_that_it_covers() -> None:
    waits = Waits(patience=5)
    for at, now in ((100, 1.0), (101, 2.0), (102, 3.0)):
        waits.owe("ann", at, now)

    times = waits.cover("ann", 101, 4.0)

    assert (times, waits.uncovered(), set(waits.waiting)) == ([3.0, 2.0], ["ann"], {"ann"})


def test_a_list_older_than_the_event_covers_nothing() -> None:
    waits = Waits(patience=5)
    waits.owe("ann", 100, 1.0)

    assert waits.cover("ann", 99, 2.0) == []
    assert set(waits.waiting) == {"ann"}


def test_a_list_that_nobody_waits_for_counts_nothing() -> None:
    assert Waits(patience=5).cover("ann", 100, 1.0) == []


def test_who_waited_too_long_goes_on_but_stays_uncovered() -> None:
    waits = Waits(patience=5)
    waits.owe("ann", 100, 1.0)
    waits.owe("bob", 100, 4.0)

    waits.lose_patience(6.5)

    assert (set(waits.waiting), waits.given_up, waits.uncovered()) == ({"bob"}, 1, ["ann", "bob"])


def test_a_late_list_still_covers() -> None:
    waits = Waits(patience=5)
    waits.owe("ann", 100, 1.0)
    waits.lose_patience(9.0)

    assert waits.cover("ann", 100, 10.0) == [9.0]
    assert waits.uncovered() == []
