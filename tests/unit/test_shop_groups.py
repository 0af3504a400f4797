"""Groups, the popular baseline and the z-score."""

import math

import pytest

from agents.shop.groups import GROUPS, Popular, Tally, group_of, z_score


def test_a_shopper_stays_in_one_group() -> None:
    assert [group_of("ann") for _ in range(3)] == [group_of("ann")] * 3


def test_each_group_holds_about_a_third() -> None:
    groups = [group_of(f"shopper-{number:05d}") for number in range(3_000)]

    assert all(900 < groups.count(group) < 1_100 for group in GROUPS)


def test_z_is_that_of_two_proportions() -> None:
    # by hand: pooled 30/200, z = 0.1 / sqrt(0.15 * 0.85 * 2 / 100)
    assert z_score(Tally(100, 20), Tally(100, 10)) == pytest.approx(0.1 / math.sqrt(0.15 * 0.85 * 0.02))


def test_z_changes_its_sign_with_the_sides() -> None:
    one, other = Tally(1_000, 80), Tally(900, 50)

    assert z_score(one, other) == pytest.approx(-z_score(other, one))


@pytest.mark.parametrize(
    ("one", "other"), [(Tally(), Tally(10, 1)), (Tally(10), Tally(10)), (Tally(5, 5), Tally(5, 5))]
)
def test_z_is_zero_while_nothing_tells_the_sides_apart(one: Tally, other: Tally) -> None:
    assert z_score(one, other) == 0


def test_the_most_viewed_come_first_and_ties_by_id() -> None:
    popular = Popular(["c", "b", "a", "d"])
    for item in ("d", "d", "b", "c"):
        popular.view(item)

    assert popular.top(3, lambda item: item != "b") == ("d", "c", "a")
