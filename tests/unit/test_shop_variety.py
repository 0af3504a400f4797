from datetime import UTC, datetime
from random import Random

from agents.shop.catalogue import stock_up
from agents.shop.variety import Seen, Variety

ARTICLES = stock_up(Random(1), datetime(2026, 1, 5, tzinfo=UTC))


def test_what_a_group_saw_is_added_up() -> None:
    seen = Seen()
    first, second, third = (
        ARTICLES[0],
        ARTICLES[1],
        next(a for a in ARTICLES if a.facts.category != ARTICLES[0].facts.category),
    )

    seen.see("ann", [first, second], 0)
    seen.see("ann", [second, third], 1)
    seen.see("bob", [first, second], 0)  # the list before was another shopper's

    kinds = len({first.facts.category, second.facts.category}), len({second.facts.category, third.facts.category})
    assert seen.variety(12) == Variety(
        coverage=0.25,
        repeated=round(1 / 6, 4),
        categories=round((2 * kinds[0] + kinds[1]) / 3, 2),
        explored=round(1 / 6, 4),
    )


def test_nothing_seen_is_nothing() -> None:
    assert Seen().variety(0) == Variety(coverage=0, repeated=0, categories=0, explored=0)
