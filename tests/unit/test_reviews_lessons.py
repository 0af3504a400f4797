"""Lessons on aspects from what a model says of clauses alone."""

from pathlib import Path

from click.testing import CliRunner

from agents.__main__ import main
from agents.commands.model.label_parts import drawn
from agents.reviews.aspects import load
from agents.reviews.lessons import lessons
from models.sentiment import targets
from tests.doubles import WordSentiment

TEXTS = [
    "The colour is great, I love it. But the delivery was terrible &amp; late!",
    "Nothing to say",
    "The price of $T$ is good",
    "The fit is good. The fit is good, too.",
]


def test_a_clause_tells_of_its_aspect_in_the_whole_review() -> None:
    found = list(lessons(TEXTS, WordSentiment(), load(), at_least=0.9, most=9))

    assert found[:2] == [
        ("The $T$ is great, I love it. But the delivery was terrible & late!", "colour", 1),
        ("The colour is great, I love it. But the $T$ was terrible & late!", "delivery", -1),
    ]
    assert len(found) == 4


def test_only_what_is_sure_counts_and_no_polarity_drowns_the_others() -> None:
    assert not list(lessons(TEXTS, WordSentiment(), load(), at_least=0.95, most=9))
    assert [sign for *_, sign in lessons(TEXTS, WordSentiment(), load(), at_least=0.9, most=1)] == [1, -1]


def test_the_command_writes_what_training_reads(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text('text,stars\n"The colour is great, I love it.",5\n"It broke, awful quality.",1\n')

    done = CliRunner().invoke(
        main,
        [
            "model",
            "label-parts",
            "--data",
            str(tmp_path / "r.csv"),
            "--at-least",
            "0.5",
            "--out",
            str(tmp_path / "p.txt.gz"),
        ],
    )

    assert done.exit_code == 0, done.output
    assert {(it.text[it.start : it.end], it.label) for it in targets.read(tmp_path / "p.txt.gz")} >= {("colour", 2)}


def test_bad_reviews_come_as_often_as_good_ones_while_there_are_any() -> None:
    reviews = [(f"good {n}", 5.0) for n in range(90)] + [(f"bad {n}", 2.0) for n in range(10)] + [("unrated", None)]

    found = drawn(reviews, 40)

    assert sum(text.startswith("bad") for text in found) == 10
    assert sum(text.startswith("bad") for text in found[:10]) == 5
    assert found == drawn(reviews, 40)
    assert len(set(found)) == 40
