"""What is made of counters and times."""

from prometheus_client import CollectorRegistry, generate_latest

from agents.metrics import Metrics
from agents.shop.figures import Percentiles, lost, percentiles
from agents.shop.worker import counted


def test_what_no_agent_accounts_for_is_lost() -> None:
    produced = {"clicks.v1": 10, "reviews.v1": 5, "catalog.v1": 3}
    ends = {("shoppers", "clicks.v1"): 8, ("reviews", "reviews.v1"): 5, ("items", "catalog.v1"): 3}

    assert lost(produced, ends) == 2
    assert lost(produced, {}) == 18


def test_counting_one_topic_twice_does_not_hide_a_loss_in_another() -> None:
    assert lost({"clicks.v1": 10, "searches.v1": 10}, {("shoppers", "clicks.v1"): 20}) == 10


def test_a_worker_s_counters_are_read_and_repeats_do_not_count() -> None:
    registry = CollectorRegistry()
    events = Metrics(registry).events
    events.labels("shoppers", "clicks.v1", "folded").inc(7)
    events.labels("shoppers", "clicks.v1", "dead_letter").inc(2)
    events.labels("shoppers", "clicks.v1", "redelivered").inc(5)
    events.labels("items", "catalog.v1", "folded").inc(3)

    found = counted(generate_latest(registry).decode())

    assert found == {("shoppers", "clicks.v1"): 9, ("items", "catalog.v1"): 3}


def test_percentiles_are_milliseconds() -> None:
    assert percentiles([number / 1000 for number in range(101)]) == Percentiles(50.0, 95.0, 99.0)


def test_nothing_measured_has_no_percentiles() -> None:
    assert percentiles([]) == Percentiles()
