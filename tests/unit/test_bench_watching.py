"""The arithmetic of what a worker's histograms say of one phase."""

import math

from tests.bench.watching import Metrics, between, bound


def test_only_what_came_in_the_phase_counts() -> None:
    before = Metrics({"wait": {0.1: 90.0, 1.0: 100.0, math.inf: 100.0}}, {"wait": 50.0}, {})
    after = Metrics({"wait": {0.1: 90.0, 1.0: 104.0, math.inf: 104.0}}, {"wait": 52.0}, {})
    assert between(before, after) == {"wait": {"count": 4.0, "mean": 0.5, "p50_at_most": 1.0, "p99_at_most": 1.0}}


def test_a_histogram_that_got_nothing_is_left_out() -> None:
    same = Metrics({"wait": {0.1: 90.0, math.inf: 100.0}}, {"wait": 50.0}, {})
    assert between(same, same) == {}


def test_a_value_beyond_every_bound_has_none() -> None:
    assert bound({0.1: 98.0, math.inf: 100.0}, 0.99) == math.inf
    assert bound({0.1: 99.0, math.inf: 100.0}, 0.99) == 0.1
