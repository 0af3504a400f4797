import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agents.__main__ import main
from agents.commands import replay
from agents.replay.log import LogRecord, created, encode, read
from models.card import ModelError
from tests.doubles import MODELS
from tests.replay import shop_log

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `vitrine replay` with the test doubles as models."""
    monkeypatch.setattr(replay, "load", lambda *_, **__: MODELS)

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(main, ["replay", *map(str, arguments)])

    return invoke


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return shop_log.write(tmp_path / "log.jsonl.gz")


def report(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_every_record_of_a_log_ends_in_one_outcome(run: Run, log: Path, tmp_path: Path) -> None:
    total = Counter(record.topic for _, record in read(log))

    result = report(run(log, "--out", tmp_path / "out.jsonl", "--partitions", 4, "--json"))

    shoppers, reviews, items = (result["outcomes"][name] for name in ("shoppers", "reviews", "items"))
    told = result["outputs"]
    assert result["events"] == total.total()
    assert sum(reviews.values()) == total["reviews.v1"]
    assert sum(items.values()) == total["catalog.v1"] + told["pairs.v1"] + told["feedback.v1"]
    assert sum(shoppers.values()) == (
        sum(total[topic] for topic in ("clicks.v1", "searches.v1", "requests.v1", "identifies.v1"))
        + told["sentiments.v1"]
        + told["merges.v1"]
        + shoppers["rekeyed"]
    )
    assert (shoppers["dead_letter"], shoppers["rekeyed"]) == (3, 3)


def test_outputs_are_written_as_log_lines_that_can_be_read_again(run: Run, log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl.zst"

    result = report(run(log, "--out", out, "--partitions", 4, "--json"))

    assert Counter(record.topic for _, record in read(out)) == result["outputs"]
    assert {"recommendations.v1", "copy.v1", "pairs.v1", "sentiments.v1", "item-vectors.v1"} <= set(result["outputs"])


def test_only_chosen_topics_are_written(run: Run, log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"

    run(log, "--out", out, "--partitions", 4, "--topics", "copy.v1,dlq.clicks.v1")

    assert {record.topic for _, record in read(out)} == {"copy.v1", "dlq.clicks.v1"}


def test_choosing_fewer_topics_changes_no_state(run: Run, log: Path, tmp_path: Path) -> None:
    chosen = {"all": (), "few": ("--topics", "dlq.clicks.v1"), "outcomes": ("--topics", "outcomes.v1")}
    for name, topics in chosen.items():
        run(log, "--out", tmp_path / "out", "--state", tmp_path / name, "--partitions", 4, *topics)

    every, few = ((tmp_path / name).read_bytes().splitlines() for name in ("all", "few"))
    assert few == [line for line in every if b'"processor":"outcomes"' not in line] != []
    assert (tmp_path / "outcomes").read_bytes().splitlines() == every != few


def test_a_misplaced_record_is_folded_like_one_in_its_place(run: Run, log: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"

    run(log, "--out", tmp_path / "out", "--state", state, "--partitions", 4)

    states = {(it["processor"], it["key"]): it["state"] for it in map(json.loads, state.read_bytes().splitlines())}
    assert ("shoppers", "ada") in states
    assert ("shoppers", "bob") not in states


def test_a_replay_of_its_own_outputs_reads_nothing(run: Run, log: Path, tmp_path: Path) -> None:
    run(log, "--out", tmp_path / "out", "--partitions", 4)

    result = run(tmp_path / "out", "--out", tmp_path / "again", "--partitions", 4, "--json")

    assert json.loads(result.stdout)["outcomes"] == {}
    assert "nothing was read by an agent" in result.stderr
    assert (tmp_path / "again").read_bytes() == b""


def test_a_log_of_more_partitions_than_said_ends_with_2(run: Run, log: Path, tmp_path: Path) -> None:
    result = run(log, "--out", tmp_path / "out", "--partitions", 2)

    assert result.exit_code == 2
    assert "say --partitions with how many the topics had (it is 2 now)" in result.stderr


def test_a_wrong_number_of_partitions_that_cannot_be_seen_is_hinted_at(run: Run, log: Path, tmp_path: Path) -> None:
    result = run(log, "--out", tmp_path / "out", "--partitions", 64)

    assert "stand in another partition than their key's" in result.stderr


def test_a_prefix_of_the_topics_is_taken_off(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "log"
    with created(path) as file:
        file.write(encode(LogRecord("shop.clicks.v1", 0, 0, 1, b"ada", None)))

    result = report(run(path, "--out", tmp_path / "out", "--prefix", "shop.", "--json"))

    assert result["outcomes"] == {"shoppers": {"dead_letter": 1}}


def test_a_bad_line_ends_with_2_and_writes_nothing(run: Run, log: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("clicks\n")

    result = run(log, tmp_path / "bad.jsonl", "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert "bad.jsonl:1: not a record" in result.stderr
    assert not (tmp_path / "out").exists()


def test_an_unknown_topic_ends_with_2(run: Run, log: Path, tmp_path: Path) -> None:
    result = run(log, "--out", tmp_path / "out", "--topics", "lists.v1")

    assert result.exit_code == 2
    assert "no output is called lists.v1; there are: recommendations.v1" in result.stderr


def test_models_that_do_not_load_end_with_2(
    run: Run, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        message = "model.onnx has another hash: run `make models`"
        raise ModelError(message)

    monkeypatch.setattr(replay, "load", broken)

    result = run(log, "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert "model.onnx has another hash" in result.stderr


def test_a_misspelt_setting_ends_with_2(run: Run, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITRINE_PARTITONS", "4")

    result = run(log, "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert "VITRINE_PARTITONS is no setting; do you mean VITRINE_PARTITIONS?" in result.stderr


def test_a_replay_loads_neither_faust_nor_librdkafka() -> None:
    code = "import sys, agents.commands.replay; print({'faust', 'mode', 'confluent_kafka'} & set(sys.modules))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert loaded.stdout.strip() == "set()"
