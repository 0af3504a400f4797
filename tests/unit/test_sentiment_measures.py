"""Measures against what can be counted by hand, and the baseline against chance."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from agents.__main__ import main
from models.api import Judgement, Part
from models.sentiment.baseline import Text, measure
from models.sentiment.evaluate import _shares, of_parts, of_texts
from models.sentiment.judge import _opinion
from models.sentiment.labelled import NEGATIVE, NEUTRAL, POSITIVE, Example, Labelled
from models.sentiment.measures import by_class, calibration_error, scores
from models.sentiment.slices import slices
from models.sentiment.suggest import Asked, suggest
from models.sentiment.targets import Target
from schemas.base import Language
from tests.doubles import WordSentiment

TRUTH = np.array([0, 0, 1, 2, 2, 2])
FOUND = np.array([0, 1, 1, 2, 2, 0])


def test_scores_are_those_counted_by_hand() -> None:
    result = scores(TRUTH, FOUND)

    assert (result.n, result.accuracy) == (6, 0.6667)
    assert result.macro_f1 == pytest.approx((1 / 2 + 2 / 3 + 4 / 5) / 3, abs=1e-4)
    assert by_class(TRUTH, FOUND, ["bad", "so", "good"])["good"].recall == 0.6667


def test_labels_that_do_not_occur_do_not_count() -> None:
    assert scores(np.array([0, 2]), np.array([0, 1])).macro_f1 == 0.5


def test_a_sure_liar_is_badly_calibrated() -> None:
    sure = np.full(100, 0.95)

    assert calibration_error(sure, np.arange(100) < 95) == pytest.approx(0, abs=1e-6)
    assert calibration_error(sure, np.zeros(100, bool)) == pytest.approx(0.95)


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=3))
def test_shares_come_back_from_what_is_told_of_them(raw: list[float]) -> None:
    shares = np.array(raw) / sum(raw)

    assert _shares(_opinion(shares)) == pytest.approx(tuple(shares), abs=2e-4)


def test_the_baseline_learns_words_and_only_answers_with_labels_of_the_test() -> None:
    drawn = random.Random(1)
    words = {NEGATIVE: "bad", NEUTRAL: "okay", POSITIVE: "good"}
    train = [Text(f"a {words[label]} {drawn.randrange(9)}", label) for label in words for _ in range(40)]

    three = measure(train, [Text("so good", POSITIVE), Text("so okay", NEUTRAL), Text("so bad", NEGATIVE)], "en")
    two = measure(train, [Text("so okay", POSITIVE), Text("so bad", NEGATIVE)], "en")

    assert (three.accuracy, three.n_train) == (1.0, 120)
    assert two.accuracy >= 0.5


def test_the_chinese_baseline_reads_characters() -> None:
    train = [Text(text, label) for text, label in (("质量很好", POSITIVE), ("太差了", NEGATIVE)) for _ in range(30)]

    assert measure(train, [Text("很好", POSITIVE), Text("太差", NEGATIVE)], "zh").accuracy == 1.0


def test_slices_name_length_negation_and_language() -> None:
    found = slices(["good", "it is not what i had hoped it would be at all", "不好 " * 70, "word " * 61])

    assert found == {
        "length": ["under 10 words", "between", "over 60 words", "over 60 words"],
        "negation": ["without", "with", "with", "without"],
        "language": ["en", "en", "zh", "en"],
    }


def test_a_file_without_neutral_asks_for_one_of_the_others() -> None:
    examples = [Example("good", POSITIVE, "f"), Example("nothing said", POSITIVE, "f"), Example("bad", NEGATIVE, "f")]

    polar = of_texts(Labelled(examples, neutral=False, skipped=0), WordSentiment(), "en")
    three = of_texts(Labelled(examples, neutral=True, skipped=0), WordSentiment(), "en", worst=5)

    assert set(polar.classes) == {"negative", "positive"}
    assert "neutral" in three.classes
    assert [(error.text, error.found) for error in three.worst] == [("nothing said", "neutral")]
    assert polar.baseline is None
    assert "--train" in polar.baseline_note


def test_parts_are_judged_where_they_stand() -> None:
    text = "good lamp. bad dress."
    given_ = [Target(text, 5, 9, POSITIVE, "t"), Target(text, 15, 20, NEGATIVE, "t")]

    result = of_parts(given_, WordSentiment(), "en", given_ * 20)

    assert (result.n, result.accuracy) == (2, 1.0)
    assert result.baseline is not None


def evaluated(*arguments: str) -> dict[str, object]:
    done = CliRunner().invoke(main, ["model", "evaluate", *arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    result: dict[str, object] = json.loads(done.stdout)
    return result


def test_the_command_measures_what_ships(tmp_path: Path) -> None:
    lines = [
        "1\tI love this lamp, it is perfect",
        "-1\tIt broke after a day, terrible",
        "0\tIt is okay, nothing special",
    ]
    (tmp_path / "en.txt").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "zh.txt").write_text("1 质量非常好，很喜欢\n0 用了一天就坏了，太差了\n", encoding="utf-8")  # noqa: RUF001  Chinese

    english = evaluated("sentiment", "--data", str(tmp_path / "en.txt"), "--lang", "en")
    chinese = evaluated("sentiment", "--data", str(tmp_path / "zh.txt"), "--lang", "zh")

    assert (english["n"], english["accuracy"], english["macro_f1"]) == (3, 1.0, 1.0)
    assert chinese["accuracy"] == 1.0


def test_the_command_trains_the_baseline_on_what_it_is_given(tmp_path: Path) -> None:
    lines = [f"{n % 2} it is {'good' if n % 2 else 'bad'} {n}" for n in range(60)]
    (tmp_path / "a.txt").write_text("\n".join(lines), encoding="utf-8")

    done = CliRunner().invoke(
        main, ["model", "evaluate", "sentiment", "--data", str(tmp_path / "a.txt"), "--train", str(tmp_path / "a.txt"), "--lang", "en", "--worst", "3"]
    )  # fmt: skip

    assert "baseline: TF-IDF" in done.output
    assert "length: under 10 words" in done.output


def test_aspects_are_measured_in_the_same_words(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(
        "The $T$ is great .\nscreen\n1\nThe $T$ is awful .\nbattery\n-1\n", encoding="utf-8"
    )

    found = evaluated("aspects", "--data", str(tmp_path / "t.txt"), "--lang", "en")

    assert (found["n"], found["accuracy"]) == (2, 1.0)


@pytest.mark.parametrize(
    ("content", "message"), [("maybe\tso so\n", "label 'maybe' is none of"), ("", "holds no labelled text")]
)
def test_a_file_that_cannot_be_used_ends_the_command_with_2(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.txt").write_text(content, encoding="utf-8")

    done = CliRunner().invoke(main, ["model", "evaluate", "sentiment", "--data", str(tmp_path / "a.txt")])

    assert done.exit_code == 2
    assert message in done.output


class Doubtful(WordSentiment):
    """Doubts what holds a question mark."""

    def judge(
        self,
        texts: Sequence[str],
        languages: Sequence[Language | None],  # noqa: ARG002  the interface
        parts: Sequence[Sequence[Part]] | None = None,  # noqa: ARG002  the interface
    ) -> list[Judgement]:
        return [
            Judgement(0.1, "neutral", 0.4, "en") if "?" in text else Judgement(0.98, "positive", 0.99, "en")
            for text in texts
        ]


def test_what_is_doubted_or_contradicted_is_suggested_and_no_two_of_a_like() -> None:
    texts = [
        ("is it good?", None),
        ("is it good??", None),
        ("splendid", 5.0),
        ("wonderful thing", 1.0),
        ("why so slow?", None),
    ]
    asked = [Asked(text, stars, Doubtful().judge([text], [None])[0]) for text, stars in texts]

    found = suggest(asked, 3)

    assert {it.text.replace("??", "?") for it in found} == {"is it good?", "wonderful thing", "why so slow?"}
    assert {it.why for it in found} == {"the model is unsure", "1 stars, but found positive"}
    assert suggest([], 3) == []


def test_the_suggestions_are_a_table_to_fill_in(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("text,stars\nI love it,1\nIt is okay,3\nbad,1\n", encoding="utf-8")

    done = CliRunner().invoke(
        main,
        [
            "model",
            "suggest-labels",
            "--data",
            str(tmp_path / "r.csv"),
            "--count",
            "2",
            "--out",
            str(tmp_path / "t.csv"),
        ],
    )

    assert done.exit_code == 0, done.output
    head, first, *_ = (tmp_path / "t.csv").read_text("utf-8-sig").splitlines()
    assert head == "label,text,found,probability,worth,why"
    assert first.startswith(",I love it,positive,")
    filled = (tmp_path / "t.csv").read_text("utf-8-sig").replace("\n,", "\n1,")
    (tmp_path / "filled.csv").write_text(filled, encoding="utf-8")
    assert evaluated("sentiment", "--data", str(tmp_path / "filled.csv"), "--lang", "en")["n"] == 2
