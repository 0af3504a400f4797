"""What can wait is left out of requests for a moment after a few of its records, and never for longer."""

from agents.engine.patience import Partitions, Patience

ALL: Partitions = [("slow", [(0, 5, 1)]), ("fast", [(0, 7, 1), (1, 8, 1)])]
FAST: Partitions = ALL[1:]
FEW, MANY = b"x" * 100, b"x" * (64 << 10)


def answer(name: str, records: bytes | None) -> list[tuple[str, list[tuple[int, bytes | None]]]]:
    return [(name, [(0, records)])]


def test_all_is_asked_for_until_records_came_of_what_can_wait() -> None:
    patience = Patience({"slow"})
    assert patience.ask(ALL, 500, 10.0) == (ALL, 500)

    patience.answered(answer("fast", FEW), 10.0)
    patience.answered(answer("slow", None), 10.0)
    patience.answered(answer("slow", b""), 10.0)

    assert patience.ask(ALL, 500, 10.0) == (ALL, 500)


def test_what_can_wait_is_left_out_for_a_fifth_of_a_second() -> None:
    patience = Patience({"slow"})
    patience.answered(answer("slow", FEW), 10.0)

    assert patience.ask(ALL, 500, 10.0) == (FAST, 200)
    assert patience.ask(ALL, 500, 10.15) == (FAST, 50)
    assert patience.ask(ALL, 20, 10.15) == (FAST, 20)
    assert patience.ask(ALL, 500, 10.1999)[1] == 1
    assert patience.ask(ALL, 500, 10.2) == (ALL, 500)


def test_a_backlog_does_not_wait() -> None:
    patience = Patience({"slow"})
    patience.answered(answer("slow", MANY), 10.0)

    assert patience.ask(ALL, 500, 10.0) == (ALL, 500)


def test_a_request_always_asks_for_something() -> None:
    patience = Patience({"slow"})
    patience.answered(answer("slow", FEW), 10.0)

    assert patience.ask(ALL[:1], 500, 10.0) == (ALL[:1], 500)
    assert patience.ask(FAST, 500, 10.0) == (FAST, 500)
