"""The arithmetic of `bench engine`: which runs are compared, and with which."""

import pytest

from tests.bench.machine import Conditions
from tests.bench.summary import Run, ratio, summary


def run(engine: str, number: int, rate: int, *, paced: int = 0, error: str = "", cpu: float = 5.0) -> Run:
    return Run(
        engine,
        number,
        events=1000,
        rate=paced,
        peer=engine == "quix",
        before=Conditions(0.0, 0.0),
        events_per_second=rate,
        cpu_us_per_event=cpu,
        error=error,
    )


def test_a_ratio_is_the_median_of_those_of_neighbours_not_the_ratio_of_medians() -> None:
    runs = [
        *(run("vitrine", 0, 100), run("quix", 0, 10)),
        *(run("vitrine", 1, 10), run("quix", 1, 5)),
        *(run("vitrine", 2, 40), run("quix", 2, 10)),
    ]
    assert ratio(runs, "quix", lambda it: it.events_per_second) == pytest.approx(4.0)
    assert summary(runs)["vitrine_events_per_second"] == 40


def test_a_failed_run_counts_nowhere_but_is_named() -> None:
    runs = [
        run("vitrine", 0, 100),
        run("quix", 0, 10),
        run("vitrine", 1, 999_999, error="lost\nits states hold 7 of 8"),
    ]
    found = summary(runs)
    assert found["vitrine_events_per_second"] == 100
    assert found["ratios"] == {"quix": {"events_per_second": 10.0, "cpu_us_per_event": 1.0, "pairs": 1}}
    assert found["failed"] == ["vitrine, round 1: its states hold 7 of 8"]


def test_paced_runs_are_kept_apart_from_the_backlog() -> None:
    runs = [run("vitrine", 0, 100, cpu=4.0), run("vitrine", 0, 20, paced=20, cpu=8.0)]
    found = summary(runs)
    assert found["cpu_us_per_event"] == 4.0
    assert found["paced"]["engines"]["vitrine"]["cpu_us_per_event"] == 8.0  # type: ignore[index]


def test_without_a_neighbour_there_is_no_ratio() -> None:
    assert summary([run("vitrine", 0, 100), run("quix", 1, 10)])["ratios"] == {}
    assert summary([])["paced"] is None
