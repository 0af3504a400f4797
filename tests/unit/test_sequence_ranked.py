"""How good lists are, and what counting makes of them."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from agents.__main__ import main
from models.sequence.counts import Cooccurrence, Popular, Rule, neighbours, popularity
from models.sequence.data import UNKNOWN, Numbers, Question
from models.sequence.ranked import Score, measure

TAKEN = np.array([50, 30, 10, 5, 5, 0])


def numbers(*given: int) -> Numbers:
    return np.array(given, np.int64)


def fixed(*scores: float) -> Score:
    return lambda histories: np.tile(np.array(scores, np.float32), (len(histories), 1))


def test_the_place_of_the_target_makes_the_figures() -> None:
    questions = [Question(numbers(5), 1), Question(numbers(5), 3), Question(numbers(5), UNKNOWN)]

    found = measure(fixed(0.1, 0.9, 0.5, 0.7, 0.3, 0.2), questions, TAKEN, 2, seen=False)

    assert found.overall.n == 3
    assert found.overall.hit == pytest.approx(2 / 3, abs=1e-4)
    assert found.overall.ndcg == pytest.approx((1 + 1 / math.log2(3)) / 3, abs=1e-4)
    assert found.overall.mrr == pytest.approx((1 + 1 / 2) / 3, abs=1e-4)
    assert found.coverage == pytest.approx(2 / 6, abs=1e-4)
    assert {name: it.n for name, it in found.by_popularity.items()} == {"torso": 1, "tail": 1, "new": 1}


def test_equal_scores_count_against_the_target_and_the_history_is_left_out() -> None:
    same = fixed(*[0.5] * 6)
    asked = [Question(numbers(0, 1, 2, 3), 4)]

    assert measure(same, asked, TAKEN, 2, seen=False).overall.mrr == 0.5
    assert measure(same, asked, TAKEN, 5, seen=True).overall.hit == 0


def test_an_item_that_comes_again_is_ranked() -> None:
    asked = [Question(numbers(1, 2), 1)]
    score = fixed(0.1, 0.9, 0.5, 0.2, 0.2, 0.2)

    assert measure(score, asked, TAKEN, 1, seen=True).overall.hit == 1
    assert measure(score, asked, TAKEN, 1, seen=False).overall.hit == 1


@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=12), min_size=1, max_size=8))
def test_a_batch_of_questions_is_its_rows(histories: list[list[int]]) -> None:
    sequences = [numbers(*history) for history in histories]
    score = Cooccurrence(neighbours(sequences, 6)).score

    together = score(sequences)

    for history, row in zip(sequences, together, strict=True):
        assert np.array_equal(score([history])[0], row)


def test_what_is_near_and_new_counts_most() -> None:
    near = Cooccurrence(neighbours([numbers(0, 1, 2), numbers(0, 1), numbers(3, 4)], 5, Rule(1.0, 0.0, 0.0)))

    [after_zero, after_three] = near.score([numbers(0), numbers(3)])

    assert after_zero.tolist() == pytest.approx([0, 2, 0.8, 0, 0])
    assert after_three.tolist() == pytest.approx([0, 0, 0, 0, 1])
    [newest_last] = near.score([numbers(0, 3)])
    assert newest_last.tolist() == pytest.approx([0, 0.8 * 2, 0.8 * 0.8, 0, 1])


def test_what_came_before_can_count_less() -> None:
    near = Cooccurrence(neighbours([numbers(0, 1)], 2, Rule(0.5, 0.0, 0.0)))

    assert near.score([numbers(1), numbers(0)]).tolist() == [[0.5, 0], [0, 1]]


def test_popular_is_the_same_for_all() -> None:
    taken = popularity([numbers(0, 1, 1), numbers(1)], 3)

    assert Popular(taken).score([numbers(0), numbers(2)]).tolist() == [[1, 3, 0], [1, 3, 0]]


def test_the_command_prints_figures_of_both_baselines(tmp_path: Path) -> None:
    cycle = [f"u{n} " + " ".join(str((n + k) % 20) for k in range(6)) for n in range(100)]
    (tmp_path / "s.txt").write_text("\n".join(cycle))

    def run(*more: str) -> str:
        done = CliRunner().invoke(main, ["model", "evaluate", "interest", *more])
        assert done.exit_code == 0, done.output
        return done.output

    found = json.loads(run("--sequences", str(tmp_path / "s.txt"), "--json"))
    assert found["items"] == 20
    assert found["baseline"]["cooccurrence"]["hr@10"] == 1
    assert found["baseline"]["cooccurrence"]["ndcg@10"] > found["baseline"]["popular"]["ndcg@10"]
    assert "cooccurrence" in run("--sequences", str(tmp_path / "s.txt"))
    sessions = json.loads(run("--sessions", str(tmp_path / "s.txt"), "--json"))
    assert {"p@20", "mrr@20", "coverage@20", "by_popularity"} < set(sessions["baseline"]["popular"])


def test_the_command_refuses_what_it_can_not_choose_between(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("u 1 2 3")

    both = ["--sequences", str(tmp_path / "s.txt"), "--sessions", str(tmp_path / "s.txt")]
    log = ["--log", str(tmp_path / "s.txt"), "--sessions", str(tmp_path / "s.txt")]
    for given_ in ([], both, log, ["--sequences", str(tmp_path / "s.txt"), "--test", str(tmp_path / "s.txt")]):
        done = CliRunner().invoke(main, ["model", "evaluate", "interest", *given_])
        assert done.exit_code == 2
        assert "give --sequences FILE, --sessions FILE with or without --test FILE, or --log FILE" in done.output
