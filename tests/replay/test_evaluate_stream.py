"""Lists of workers on a log, measured beside what knows the same log."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.__main__ import main
from tests.doubles import MODELS


def sessions(path: Path, count: int = 40) -> Path:
    """Write sessions that all go from one item to the next of a circle of 30."""
    rows = ["SessionId\tItemId\tTime"]
    for session in range(count):
        rows += [f"{session}\t{(session * 7 + step) % 30}\t{100 * session + step}" for step in range(4)]
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("as_json", [True, False])
def test_the_agents_and_the_baselines_learn_from_the_same_stream(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, as_json: bool
) -> None:
    monkeypatch.setattr("models.load.load", lambda *_, **__: MODELS)
    log = str(tmp_path / "log.jsonl.gz")
    table = str(sessions(tmp_path / "t.tsv"))
    done = CliRunner().invoke(main, ["import", "yoochoose", table, "--out", log, "--partitions", "4"])
    assert done.exit_code == 0, done.output

    result = CliRunner().invoke(
        main, ["model", "evaluate", "stream", log, "--partitions", "4", *(["--json"] if as_json else [])]
    )

    assert result.exit_code == 0, result.output
    if not as_json:
        assert "vsknn" in result.stdout
        return
    found = json.loads(result.stdout)
    assert (found["clicks"], found["n"]) == (160, 120)
    assert found["baseline"]["vsknn"]["hit@20"] > 0.6
    assert found["hit@20"] > 0.6
    assert sum(found["hits_by_source"].values()) == round(found["hit@20"] * 120)


def test_lists_are_measured_without_each_of_their_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("models.load.load", lambda *_, **__: MODELS)
    log, table = str(tmp_path / "log.jsonl.gz"), str(sessions(tmp_path / "t.tsv"))
    CliRunner().invoke(main, ["import", "yoochoose", table, "--out", log, "--partitions", "4"])

    done = CliRunner().invoke(main, ["model", "evaluate", "stream", log, "--partitions", "4", "--ablate", "--json"])

    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert {"recent", "together", "trending", "new", "brand", "variety"} < found["without"].keys()
    assert found["without"]["together"]["hit@20"] < found["hit@20"]
    assert found["without"]["search"]["hit@20"] == found["hit@20"]  # nobody searched


def test_a_log_of_more_partitions_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("models.load.load", lambda *_, **__: MODELS)
    log = str(tmp_path / "log.jsonl.gz")
    table = str(sessions(tmp_path / "t.tsv"))
    CliRunner().invoke(main, ["import", "yoochoose", table, "--out", log, "--partitions", "8"])

    done = CliRunner().invoke(main, ["model", "evaluate", "stream", log, "--partitions", "2"])

    assert done.exit_code == 2
    assert "say --partitions with how many the topics had" in done.output
