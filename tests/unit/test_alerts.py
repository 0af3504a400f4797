"""Rules and alerts: that they are right by promtool, each fires and does not fire, and each has its runbook."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.prometheus import ALERTS, CONFIG, ROOT, load, promtool, rules
from tests.promql import THEIRS, exported, named

CASES = ALERTS / "tests"
RUNBOOKS = ROOT / "ops" / "runbooks"
HEADINGS = ["## What it means", "## Look here", "## Do this", "## It is over when"]
ALERTING = {rule["alert"]: rule for rule in rules() if "alert" in rule}


def cases() -> list[dict[str, Any]]:
    return [case for path in sorted(CASES.glob("*.yml")) for case in load(path)["tests"]]


def fired(case: dict[str, Any]) -> set[str]:
    """Return the alerts that a case expects to fire at some moment."""
    samples = [sample["labels"] for test in case["promql_expr_test"] for sample in test["exp_samples"]]
    return {name for labels in samples for name in re.findall(r'alertname="(\w+)"', labels)}


def test_the_configuration_and_every_rule_are_valid(tmp_path: Path) -> None:
    shutil.copy(CONFIG, tmp_path)
    shutil.copytree(ALERTS, tmp_path / "alerts")

    done = promtool("check", "config", str(tmp_path / CONFIG.name))

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("rules found") == len(list(ALERTS.glob("*.yml")))


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yml")), ids=lambda path: path.stem)
def test_alerts_fire_as_their_cases_say(path: Path) -> None:
    done = promtool("test", "rules", str(path))

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_case_that_is_wrong_fails(tmp_path: Path) -> None:
    shutil.copytree(ALERTS, tmp_path / "alerts")
    path = tmp_path / "alerts" / "flow.yml"
    path.write_text(path.read_text().replace("vitrine:lag_seconds:max > 60", "vitrine:lag_seconds:max > 600"))

    done = promtool("test", "rules", str(tmp_path / "alerts" / "tests" / "flow.yml"))

    assert done.returncode == 1
    assert "VitrineStale" in done.stdout + done.stderr


@pytest.mark.parametrize("name", ALERTING)
def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(name: str) -> None:
    firing = [case for case in cases() if case["name"].startswith(f"{name} fires")]
    silent = [case for case in cases() if case["name"].startswith(f"{name} does not fire")]

    assert firing
    assert silent
    assert all(name in fired(case) for case in firing)
    assert not any(name in fired(case) for case in silent)


@pytest.mark.parametrize("name", ALERTING)
def test_each_alert_says_what_is_wrong_how_urgent_it_is_and_what_to_do(name: str) -> None:
    rule = ALERTING[name]
    page = ROOT / rule["annotations"]["runbook_url"]

    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert f"`{name}`" in page.read_text()


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_each_runbook_has_the_same_shape_and_is_some_alerts(page: Path) -> None:
    text = page.read_text()
    alerts = re.findall(r"`(Vitrine\w+)`", text.split("## What it means")[0])

    assert [line for line in text.splitlines() if line.startswith("## ")] == HEADINGS
    assert alerts
    assert all(ROOT / ALERTING[name]["annotations"]["runbook_url"] == page for name in alerts)
    assert [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not (RUNBOOKS / link).exists()] == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_each_metric_of_a_rule_exists(rule: dict[str, Any]) -> None:
    recorded = {it["record"] for it in rules() if "record" in it}

    names = named(rule["expr"])

    assert names
    assert names <= exported() | recorded | THEIRS


def test_each_recorded_rule_is_used() -> None:
    dashboards = "".join(path.read_text() for path in (ROOT / "ops" / "grafana" / "dashboards").glob("*.json"))
    expressions = dashboards + "".join(rule["expr"] for rule in ALERTING.values())

    assert [rule["record"] for rule in rules() if "record" in rule and rule["record"] not in expressions] == []


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_each_metric_of_a_runbook_exists(page: Path) -> None:
    recorded = {it["record"] for it in rules() if "record" in it}
    told = re.findall(r"\bvitrine_[a-z_]+\b|\bvitrine:[a-z_:0-9]+\b", page.read_text())

    assert {name for name in told if name not in exported() | recorded} == set()
