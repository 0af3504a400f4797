from collections.abc import Callable

from agents.engine.turns import Turns


def leaving(turns: Turns[str], lane: str, number: int, left: list[tuple[str, int]]) -> None:
    def act() -> None:
        left.append((lane, number))

    acts: list[Callable[[], None]] = turns.finish(lane, number, act)
    for it in acts:
        it()


def test_what_was_begun_first_leaves_first_in_its_lane() -> None:
    turns, left = Turns[str](), list[tuple[str, int]]()
    for number in range(4):
        turns.begin("a", number)
    turns.begin("b", 9)

    for lane, number in (("a", 1), ("b", 9), ("a", 3), ("a", 0), ("a", 2)):
        leaving(turns, lane, number, left)

    assert left == [("b", 9), ("a", 0), ("a", 1), ("a", 2), ("a", 3)]


def test_nothing_leaves_of_a_lane_that_is_gone_and_a_new_one_begins_anew() -> None:
    turns, left = Turns[str](), list[tuple[str, int]]()
    turns.begin("a", 0)
    turns.begin("a", 1)
    turns.begin("b", 0)

    turns.drop(lambda lane: lane == "a")
    leaving(turns, "a", 0, left)
    turns.begin("a", 1)
    leaving(turns, "a", 1, left)
    leaving(turns, "b", 0, left)

    assert left == [("a", 1), ("b", 0)]
