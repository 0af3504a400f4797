import pytest

from agents.steps import steps


@pytest.mark.parametrize(
    ("touches", "expected"),
    [
        ([], []),
        ([("a", 0), ("b", 0), ("a", 0)], [0, 1, 2]),
        ([("a", 0), ("a", 0)], [0, 1]),  # looked at again
        ([("a", 1), ("a", 0), ("a", 2), ("a", 3)], [0, 1]),  # a click, and all that it led to
        ([("a", 0), ("a", 2), ("b", 2), ("b", 3), ("a", 3)], [0, 2, 4]),
    ],
)
def test_what_is_done_more_eagerly_with_the_same_item_is_one_step(
    touches: list[tuple[str, int]], expected: list[int]
) -> None:
    assert list(steps(touches)) == expected
