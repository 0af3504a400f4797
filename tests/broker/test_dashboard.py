"""Every query of dashboards, rules and alerts, asked of a real Prometheus that scrapes a worker while a shop is open."""

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from agents.shop import venue
from agents.shop.feed import Feed, Pace
from agents.shop.floor import Floor
from agents.shop.shop import Shop
from agents.shop.worker import HOST, Worker
from tests.dashboards import boards, queries
from tests.prometheus import ALERTS, CONFIG, Server, load, rules, serving, tool
from tests.promql import unthresholded

pytestmark = pytest.mark.timeout(400)

READY_SECONDS = 180
PATIENCE = 120
"""Seconds in which an answer must come."""
SCRAPES = 5
RATE = 60.0
"""Events a second."""
RUBBISH = 0.05

WORKERS = {"$job": "vitrine", "$instance": ".+", "$__rate_interval": "1m"}
RULES = rules()
ALERTING = {rule["alert"]: rule["expr"] for rule in RULES if "alert" in rule}
RECORDED = {rule["record"]: rule["expr"] for rule in RULES if "record" in rule}
SHOWN = [
    pytest.param(expr, id=f"{path.stem}: {title} {number}")
    for path, board in boards().items()
    for number, (title, expr) in enumerate(queries(board))
    if "ALERTS" not in expr  # empty while all is well
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Prometheus with the rules of ops/, which has seen a worker work, bad records included."""
    tool("prometheus")
    folder, stop = tmp_path_factory.mktemp("prometheus"), Event()
    with ExitStack() as stack:
        place = stack.enter_context(venue.embedded(4))
        worker = stack.enter_context(Worker(place.variables, place.folder / "worker.log"))
        worker.wait_ready(stop, READY_SECONDS)
        floor = Floor(Shop(shoppers=60, present=12, seed=7, opened=datetime.now(UTC)), patience=5.0)
        feed = stack.enter_context(Feed(floor, place.address, seed=7))
        feed.publish()
        open_hours = Thread(target=feed.run, args=(Pace(RATE, None, RUBBISH), stop), daemon=True)
        open_hours.start()
        stack.callback(open_hours.join)
        stack.callback(stop.set)
        found = stack.enter_context(serving(_config(worker.port), folder))
        _wait(found, f"min(count_over_time(vitrine_build_info[5m])) >= {SCRAPES}")
        yield found
        worker.check()


def _config(port: int) -> dict[str, Any]:
    """Return the configuration of ops/, with this worker, and quick."""
    config = load(CONFIG)
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(ALERTS / Path(pattern).name) for pattern in config["rule_files"]]
    (job,) = [job for job in config["scrape_configs"] if job["job_name"] == "vitrine"]
    del job["dns_sd_configs"]
    config["scrape_configs"] = [{**job, "static_configs": [{"targets": [f"{HOST}:{port}"]}]}]
    return dict(config)


def _wait(server: Server, expression: str) -> list[float]:
    """Return the numbers that *expression* has, as soon as there is one."""
    end = time.monotonic() + PATIENCE
    while True:
        numbers = [float(sample["value"][1]) for sample in server.query(expression)]
        if any(not math.isnan(number) for number in numbers):
            return numbers
        assert time.monotonic() < end, f"no value: {expression}"
        time.sleep(0.5)


def _of_all(expression: str) -> str:
    for name, value in WORKERS.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


def test_comparisons_become_numbers_and_matchers_stay() -> None:
    assert unthresholded('a{b=~"x",c!="1"} > 0.5 and b == 0') == 'a{b=~"x",c!="1"} > bool 0.5 and b == bool 0'


@pytest.mark.parametrize("expr", SHOWN)
def test_every_panel_has_an_answer(server: Server, expr: str) -> None:
    assert _wait(server, _of_all(expr))


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_rule_has_an_answer(server: Server, name: str) -> None:
    assert _wait(server, name)


@pytest.mark.parametrize("name", ALERTING)
def test_every_alert_has_something_to_look_at(server: Server, name: str) -> None:
    numbers = _wait(server, unthresholded(ALERTING[name]))

    assert set(numbers) <= {0.0, 1.0}


@pytest.mark.parametrize(
    "expr",
    [
        'sum(vitrine_lists_total{basis="personal"}) > 0',
        'sum(vitrine_lists_total{basis="fallback"}) > 0',
        "sum(vitrine_list_slots_sum) > 0",
        'sum(vitrine_copies_total{outcome="made"}) > 0',
        "sum(vitrine_dead_letters_total) > 0",
        "max(vitrine_batch_limit) == 32",
        'count(vitrine_model_info{provider=~"cpu|cuda",version!=""}) == 3',
        "count(time() - vitrine_heartbeat_timestamp_seconds < 60) == 3",
        'count(vitrine_lag_records{topic="clicks.v1"}) == 4',
        'time() - max(vitrine_last_event_timestamp_seconds{agent="shoppers",topic="clicks.v1"}) < 60',
        "sum(vitrine_lists_total) == on () sum(vitrine_list_slots_count)",
    ],
)
def test_numbers_are_those_of_a_shop_that_is_open(server: Server, expr: str) -> None:
    assert _wait(server, expr)
