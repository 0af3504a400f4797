"""The arithmetic of `bench latency`: which list answers which click, and what a percentile is."""

import pytest

from tests.bench.matching import Told, answers, quantile


def test_a_click_is_answered_by_the_first_list_behind_it_that_covers_it() -> None:
    lists = [Told("a", 10, 105), Told("a", 20, 125), Told("b", 10, 103)]
    assert answers([Told("a", 10, 101), Told("a", 20, 121)], lists) == [lists[0], lists[1]]


def test_a_superseded_click_ends_at_the_list_that_covers_it() -> None:
    lists = [Told("a", 30, 140)]
    assert answers([Told("a", 10, 101), Told("a", 20, 102), Told("a", 30, 103)], lists) == lists * 3


def test_an_older_list_that_leaves_late_answers_nothing_newer() -> None:
    lists = [Told("a", 10, 150), Told("a", 20, 160)]
    assert answers([Told("a", 20, 121)], lists) == [lists[1]]


def test_a_list_written_before_the_click_is_not_its_answer() -> None:
    lists = [Told("a", 99, 100), Told("a", 99, 130)]
    assert answers([Told("a", 50, 120)], lists) == [lists[1]]


def test_what_nothing_covers_is_unanswered() -> None:
    assert answers([Told("a", 50, 120), Told("c", 1, 1)], [Told("a", 49, 130)]) == [None, None]


def test_the_order_in_which_lists_are_read_does_not_matter() -> None:
    lists = [Told("a", 20, 125), Told("a", 10, 105)]
    assert answers([Told("a", 10, 101)], lists) == [lists[1]]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (0.9, 90)])
def test_a_quantile_is_a_value_that_was_seen(share: float, expected: int) -> None:
    assert quantile(list(range(100, 0, -1)), share) == expected


def test_one_bad_value_in_a_thousand_is_beyond_p999_and_two_are_not() -> None:
    assert quantile([1.0] * 999 + [500.0], 0.999) == 1.0
    assert quantile([1.0] * 998 + [500.0] * 2, 0.999) == 500.0


def test_too_few_values_have_no_tail() -> None:
    assert quantile([1.0] * 99, 0.99) is None
    assert quantile([], 0.5) is None
