"""From sequences to an artefact: it learns, and what is served is what was trained."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from agents.__main__ import main
from models.load import sequence
from models.runtime import start
from models.sequence.batches import batches, lessons
from models.sequence.counts import Cooccurrence, Rule, nearest, neighbours
from models.sequence.data import Material, of_sequences
from models.sequence.graph import Lists
from models.sequence.mixture import Mixture, mixed
from models.sequence.network import Reader, Shape
from models.sequence.predict import NextItems
from models.sequence.train import Config, fit, shares

SMALL = ("width=16", "inner=16", "window=8", "batch=16", "warm_up=5", "dropout=0.1", "threads=1", "rate=0.01")


def cycles(path: Path, users: int = 60, items: int = 40, *, sessions: bool = False) -> Path:
    """Write sequences in which each item but the first is told by the two before it: up or down by seven."""
    lot = np.random.default_rng(4)
    lines = []
    for user in range(users):
        first, step = int(lot.integers(items)), 7 if user % 2 else -7
        walk = " ".join(str((first + step * n) % items) for n in range(int(lot.integers(5, 14))))
        lines.append(walk if sessions else f"u{user} {walk}")
    path.write_text("\n".join(lines))
    return path


def run(*given: str) -> dict[str, object]:
    done = CliRunner().invoke(main, ["model", *given, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_one_command_learns_more_than_counting_knows_and_the_artefact_says_the_same(tmp_path: Path) -> None:
    file = cycles(tmp_path / "s.txt", users=200, sessions=True)
    sets = [option for pair in (*SMALL, "epochs=20") for option in ("--set", pair)]

    outcome = run("train", "interest", "--sessions", str(file), "--out", str(tmp_path / "out"), *sets)
    measured = run("evaluate", "interest", "--sessions", str(file), "--model", str(tmp_path / "out"))

    test = outcome["test"]
    assert isinstance(test, dict)
    assert test["mrr@20"] > test["baseline"]["cooccurrence"]["mrr@20"] + 0.1
    assert measured == test
    card = json.loads((tmp_path / "out/sequence/card.json").read_text())
    assert card["kind"] == "sequence"
    assert str(tmp_path) not in json.dumps(card["sources"])


def material(tmp_path: Path) -> Material:
    return of_sequences(cycles(tmp_path / "s.txt"))


def test_the_same_seed_and_epochs_give_the_same_model(tmp_path: Path) -> None:
    given = material(tmp_path)
    config = Config(epochs=2, width=16, inner=16, window=8, batch=16, threads=1)

    first, second = (fit(config, given, lambda _: None) for _ in range(2))

    assert [it.gain for it in first.looks] == [it.gain for it in second.looks]
    for one, other in zip(first.reader.parameters(), second.reader.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("seen", [False, True])
def test_the_graph_says_what_mixture_and_reader_say(tmp_path: Path, *, seen: bool) -> None:
    given = material(tmp_path)
    torch.manual_seed(2)
    reader = Reader(Shape(len(given.catalog), 16, inner=16, window=8)).eval()
    rule = Rule(0.5, 0.3, 0.3)
    near = nearest(neighbours(given.train, len(given.catalog), rule), 64)
    lists = Lists(reader, Mixture(0.3, rule, near, 0.0), seen=seen).eval()

    for history in (given.train[0][:4], given.train[1][:1], given.train[2][:0]):
        tokens = torch.from_numpy(np.concatenate([history + 1, [0, 0]]))[None]
        scores, items, values = (found[0].detach().numpy() for found in lists(tokens))
        [exact] = mixed(shares(reader)([history]), Cooccurrence(near).score([history]), 0.3)
        if not seen:
            exact[history] -= 2
        assert scores == pytest.approx(exact, abs=1e-6)
        assert values == pytest.approx(np.sort(exact)[::-1], abs=1e-6)
        assert (scores[items] == values).all()


def test_each_sequence_is_in_one_batch_of_an_epoch(tmp_path: Path) -> None:
    rows = lessons(material(tmp_path).train, 8)

    found = [len(row) for batch in batches(rows, 16, np.random.default_rng(1)) for group in batch for row in group]

    assert sorted(found) == sorted(map(len, rows))
    assert max(found) <= 9


def test_a_history_of_unknown_items_still_gets_a_list(tmp_path: Path) -> None:
    file = cycles(tmp_path / "s.txt")
    sets = [option for pair in (*SMALL, "epochs=1") for option in ("--set", pair)]
    run("train", "interest", "--sequences", str(file), "--out", str(tmp_path / "out"), *sets)
    model = NextItems(tmp_path / "out/sequence", start("cpu", 1))

    [(items, values)] = model.top([np.zeros(0, np.int64)])

    assert len(items) == 40
    assert (np.diff(values) <= 0).all()


def test_a_model_trained_on_a_log_is_loaded_and_names_what_comes_next(tmp_path: Path) -> None:
    rows = ["SessionId\tItemId\tTime"]
    rows += [f"{n}\ti{(n * 7 + step) % 30}\t{100 * n + step}" for n in range(60) for step in range(5)]
    (tmp_path / "t.tsv").write_text("\n".join(rows) + "\n")
    log = str(tmp_path / "log.jsonl.gz")
    done = CliRunner().invoke(main, ["import", "yoochoose", str(tmp_path / "t.tsv"), "--out", log])
    assert done.exit_code == 0, done.output
    sets = [option for pair in (*SMALL, "epochs=12") for option in ("--set", pair)]

    found = run("train", "interest", "--log", log, "--out", str(tmp_path / "out"), *sets)
    model = sequence(tmp_path / "out", start("cpu", 1))

    assert model is not None
    after_three, after_nothing = model.next([["i1", "gone", "i3"], ["gone"]])
    assert next(iter(after_three)) == "i4"
    assert all(0 < share <= 1 for share in after_three.values())
    assert after_nothing == {}
    assert sequence(tmp_path, start("cpu", 1)) is None
    test = found["test"]
    assert isinstance(test, dict)
    assert test["p@20"] > 0.9


def test_settings_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    file = cycles(tmp_path / "s.txt")

    done = CliRunner().invoke(
        main, ["model", "train", "interest", "--sequences", str(file), "--out", str(tmp_path), "--set", "witdh=4"]
    )

    assert done.exit_code == 2
    assert "witdh" in done.output


def test_sequences_in_which_nothing_follows_anything_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "s.txt"
    file.write_text("a 1 2 3\nb 2 3 1\n")

    done = CliRunner().invoke(
        main, ["model", "train", "interest", "--sequences", str(file), "--out", str(tmp_path / "out")]
    )

    assert done.exit_code == 2
    assert "no sequence has two items to learn from" in done.output
