"""What can wait is left out of requests for a moment after a few of its records, and never for longer."""

import pytest

from agents.engine.patience import Pace, Partitions, Patience

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


def sent(pace: Pace, begin: float, count: int, every: float) -> list[float]:
    """Return when each of *count* requests left that could have left *every* so many seconds."""
    times, now = [], begin
    for _ in range(count):
        now += pace.wait(now)
        times.append(now)
        now += every
    return times


def test_requests_follow_each_other_a_hundred_times_a_second_at_most() -> None:
    times = sent(Pace(), 10.0, 204, 0.001)

    assert times[-1] - times[3] == pytest.approx(2.0, abs=0.02)


def test_a_few_requests_do_not_wait_whenever_they_come() -> None:
    pace = Pace()

    assert sent(pace, 10.0, 4, 0.0) == [10.0] * 4
    assert pace.wait(10.0) > 0
    assert sent(pace, 11.0, 4, 0.0) == [11.0] * 4
    assert sent(pace, 12.0, 50, 0.0101) == pytest.approx([12.0 + n * 0.0101 for n in range(50)])


def test_behind_a_large_answer_no_request_waits() -> None:
    pace = Pace()
    sent(pace, 10.0, 20, 0.0)

    pace.answered(answer("fast", MANY))

    assert pace.wait(10.1) == 0
    pace.answered(answer("fast", FEW))
    assert sum(sent(pace, 10.1, 8, 0.0)) > 8 * 10.1
