"""What a tester does: replay, change a weight, replay again, read the difference."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agents.__main__ import main
from agents.commands import replay
from tests.doubles import MODELS
from tests.replay import shop_log

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(replay, "load", lambda *_, **__: MODELS)
    return lambda *arguments: CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture
def outputs(run: Run, tmp_path: Path) -> tuple[Path, Path, Path]:
    """A log, and two outputs of it with different weights."""
    log, old, new = shop_log.write(tmp_path / "log.jsonl.zst"), tmp_path / "old.jsonl.zst", tmp_path / "new.jsonl"
    for out, weights in ((old, ""), (new, "category=0,interest=3")):
        done = run("replay", log, "--partitions", 4, "--out", out, "--weights", weights, "--state", f"{out}.state")
        assert done.exit_code == 0, done.output
    return log, old, new


def as_json(result: Result) -> Any:
    return json.loads(result.stdout)


def test_another_weight_moves_lists_and_nothing_else(run: Run, outputs: tuple[Path, Path, Path]) -> None:
    _, old, new = outputs

    result = run("diff", old, new, "--json")

    found = as_json(result)
    assert result.exit_code == 1
    assert not found["equal"]
    assert found["weights"] == {"interest": {"old": 1.4, "new": 3.0}, "category": {"old": 2.4, "new": 0.0}}
    assert {name for name, it in found["topics"].items() if not it["changed"] and not it["only_old"]} >= {
        "item-cards.v1", "pairs.v1", "sentiments.v1", "dlq.clicks.v1"
    }  # fmt: skip
    assert found["topics"]["recommendations.v1"]["only_old"] == 0
    assert found["lists"]["reordered"] > 0
    assert len(found["lists"]["examples"]) == 3
    assert all(example["why"] for example in found["lists"]["examples"])
    assert found["titles"]["item-1"] == "Lamp number 1"


def test_the_words_name_the_cause_the_movers_and_the_lists(run: Run, outputs: tuple[Path, Path, Path]) -> None:
    _, old, new = outputs

    text = run("diff", old, new, "--limit", 1).stdout

    assert "weights: interest 1.4 → 3, category 2.4 → 0" in text
    assert "Items that gained most" in text
    assert "Lamp number" in text
    assert "more lists in another order: --limit shows more" in text
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_an_output_does_not_differ_from_itself(run: Run, outputs: tuple[Path, Path, Path]) -> None:
    _, old, _ = outputs

    result = run("diff", old, old)

    assert result.exit_code == 0
    assert "No difference: all" in result.stdout


def test_states_do_not_depend_on_weights(run: Run, outputs: tuple[Path, Path, Path]) -> None:
    _, old, new = outputs

    result = run("diff", f"{old}.state", f"{new}.state", "--json")

    topics = as_json(result)["topics"]
    assert topics.keys() == {"states of items", "states of outcomes", "states of shoppers"}
    assert [name for name, counts in topics.items() if counts["changed"]] == [
        "states of outcomes"
    ]  # lists, as they were


def test_a_replay_compares_at_once(run: Run, outputs: tuple[Path, Path, Path], tmp_path: Path) -> None:
    log, old, new = outputs
    chosen = ("--partitions", 4, "--topics", "recommendations.v1", "--out", tmp_path / "again", "--json")

    same = run("replay", log, *chosen, "--against", old)
    other = run("replay", log, *chosen, "--against", new)

    assert same.exit_code == 0, same.output
    assert as_json(same)["difference"]["equal"]
    assert other.exit_code == 1
    assert set(as_json(other)["difference"]["topics"]) == {"recommendations.v1"}
    assert as_json(other)["difference"]["titles"]["item-1"] == "Lamp number 1"


def test_an_earlier_output_is_not_overwritten(run: Run, outputs: tuple[Path, Path, Path]) -> None:
    log, old, _ = outputs
    before = old.read_bytes()

    result = run("replay", log, "--partitions", 4, "--out", old, "--against", old)

    assert result.exit_code == 2
    assert "--against and --out name the same file" in result.stderr
    assert old.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("{old}", "gone"), "'gone' does not exist"),
        (("{old}", "{old}", "--only", "lists.v1"), "no topic is called lists.v1; there are: clicks.v1"),
        (("{old}", "{old}.cut.zst"), "not a whole .zst file"),
    ],
)
def test_what_cannot_be_compared_ends_with_2(
    run: Run, outputs: tuple[Path, Path, Path], arguments: tuple[str, ...], message: str
) -> None:
    _, old, _ = outputs
    Path(f"{old}.cut.zst").write_bytes(old.read_bytes()[:-9])

    result = run("diff", *(argument.format(old=old) for argument in arguments))

    assert result.exit_code == 2
    assert message in result.stderr


def test_a_misspelt_weight_ends_with_2(run: Run, outputs: tuple[Path, Path, Path], tmp_path: Path) -> None:
    log, _, _ = outputs

    result = run("replay", log, "--out", tmp_path / "x", "--weights", "catgory=1")

    assert result.exit_code == 2
    assert "unknown feature 'catgory'; there are: interest" in result.stderr
