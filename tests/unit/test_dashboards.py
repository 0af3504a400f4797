"""The dashboards of Grafana: that the committed files are what the builder makes, and whole."""

import re
from pathlib import Path
from typing import Any

import pytest

from ops.grafana.build import FOLDER, built
from tests.dashboards import boards, panels, queries
from tests.prometheus import CONFIG, ROOT, load, rules
from tests.promql import THEIRS, exported, named

PROVISIONING = ROOT / "ops" / "grafana" / "provisioning"
UNITS = {"s", "short", "percentunit", "ops", "bytes"}
BOARDS = boards()
RECORDED = {rule["record"] for rule in rules() if "record" in rule}

every_board = pytest.mark.parametrize("board", BOARDS.values(), ids=[path.stem for path in BOARDS])


def test_the_committed_files_are_what_the_builder_makes() -> None:
    made = built()

    assert set(FOLDER.glob("*.json")) == made.keys()
    assert {path for path, text in made.items() if path.read_text() != text} == set(), "make dashboards"


@every_board
def test_a_dashboard_is_whole(board: Any) -> None:
    assert board["schemaVersion"] >= 39  # Grafana 11
    assert re.fullmatch(r"[a-z-]{1,40}", board["uid"])
    assert board["title"]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    assert [it["name"] for it in board["templating"]["list"]] == ["datasource", "job", "instance"]
    assert board["templating"]["list"][0]["type"] == "datasource"


def test_no_two_dashboards_have_one_id() -> None:
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS)


@every_board
def test_each_panel_says_what_it_shows_in_which_unit(board: Any) -> None:
    for panel in panels(board):
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["targets"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None
    assert len({panel["title"] for panel in panels(board)}) == len(panels(board)) - 1  # one is a stat and a curve


@every_board
def test_thresholds_rise(board: Any) -> None:
    for panel in panels(board):
        values = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]]
        assert values == sorted(set(values)), panel["title"]


@every_board
def test_panels_lie_in_the_grid_and_none_on_another(board: Any) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


@every_board
def test_each_query_names_metrics_that_exist_and_the_workers_that_are_chosen(board: Any) -> None:
    for title, expr in queries(board):
        names = named(expr)
        assert names, title
        assert names <= exported() | RECORDED | THEIRS | {
            "process_cpu_seconds_total",
            "process_resident_memory_bytes",
        }, title
        if "ALERTS" not in names:
            assert all('job=~"$job"' in selector for selector in re.findall(r"\{([^{}]*)\}", expr)), title


def test_grafana_is_given_the_dashboards_and_the_prometheus_of_compose() -> None:
    (source,) = load(PROVISIONING / "datasources" / "prometheus.yml")["datasources"]
    (provider,) = load(PROVISIONING / "dashboards" / "vitrine.yml")["providers"]

    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    assert source["jsonData"]["timeInterval"] == load(CONFIG)["global"]["scrape_interval"]
    assert Path(provider["options"]["path"]).name == FOLDER.name
