"""A course of sentiment from files to an artefact, with an encoder that is tiny; needs the extra `train`."""

import json
import random
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from click.testing import CliRunner

from agents.__main__ import main
from models.api import Part
from models.card import ModelError, read
from models.encoder import mask, mean
from models.load import sentiment
from models.runtime import Scorer, start
from models.sentiment import run as runs
from models.sentiment.batches import Lesson
from models.sentiment.export import Answers, with_neutral, write_artifact
from models.sentiment.labelled import NEGATIVE, NEUTRAL, POSITIVE
from models.sentiment.quantize import quantize
from models.sentiment.train import predicted
from models.sentiment.windows import Words, windows

SETTINGS = ("--set", "epochs=12", "--set", "batch=8", "--set", "rate=2e-3", "--set", "head_rate=5e-3", "--set", "threads=1",
            "--set", "precision=float32", "--set", "patience=12", "--set", "dropout=0.0")  # fmt: skip
GOOD, MIDDLING, BAD = ("good", "great", "lovely", "nice"), ("okay", "average"), ("bad", "awful", "terrible", "poor")


def reviews(path: Path, count: int = 240) -> Path:
    """Write a table of reviews with stars."""
    drawn = random.Random(1)
    lines = ["item,text,stars"]
    for n in range(count):
        words, stars = drawn.choice([(GOOD, 5), (MIDDLING, 3), (BAD, 1)])
        thing = drawn.choice(["lamp", "dress", "battery", "screen", "colour", "price"])
        lines.append(
            f"i{n % 12},the {thing} {n} {drawn.choice(['is', 'was'])} {drawn.choice(['so', 'very'])} {drawn.choice(words)},{stars}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def parts(path: Path, count: int = 160) -> Path:
    """Write sentences that praise one thing and blame another."""
    drawn, lines = random.Random(2), []
    for n in range(count):
        praised, blamed = drawn.sample(["lamp", "dress", "battery", "screen"], 2)
        praise, blame = drawn.choice(GOOD), drawn.choice(BAD)
        sentence = f"{n} the {{}} is {praise} but the {{}} is {blame}"
        lines += [sentence.format("$T$", blamed), praised, "1", sentence.format(praised, "$T$"), blamed, "-1"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def trained(out: Path, *arguments: str) -> dict[str, object]:
    """Train by the command; return what it prints."""
    done = CliRunner().invoke(
        main,
        ["model", "train", "sentiment", "--out", str(out), "--json", *SETTINGS, *arguments],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    result: dict[str, object] = json.loads(done.stdout[done.stdout.index('{"artifact"') :].splitlines()[0])
    return result


def test_a_table_of_reviews_becomes_a_model_that_a_worker_loads(tiny: str, tmp_path: Path) -> None:
    table = reviews(tmp_path / "reviews.csv")

    result = trained(tmp_path / "out", "--data", str(table), "--test", "0.25", "--encoder", tiny)

    texts = result["texts"]
    assert isinstance(texts, dict)
    assert texts["accuracy"] > 0.8
    assert texts["baseline"]["n_train"] == sum(result["report"]["parts"]["train"].values())  # type: ignore[index]
    judge = sentiment(tmp_path / "out", start("cpu", 1), partial=True)
    good, bad = judge.judge(["the screen 7 was so great", "the screen 7 was so awful"], [None, None])
    assert (good.label, bad.label) == ("positive", "negative")
    card = read(tmp_path / "out" / "sentiment-en")
    assert card.metrics["text_accuracy"] == texts["accuracy"]
    assert card.version == card.files["model.onnx"][:8]
    assert (tmp_path / "out/run/curves.png").read_bytes().startswith(b"\x89PNG")
    assert list((tmp_path / "out/run/checkpoints").rglob("events.out.tfevents*"))


def test_parts_are_told_apart_and_the_graph_says_what_torch_says(tiny: str, tmp_path: Path) -> None:
    given = parts(tmp_path / "parts.txt")

    result = trained(tmp_path / "out", "--parts", str(given), "--test", "0.25", "--encoder", tiny, "--set", "epochs=30")

    found = result["parts"]
    assert isinstance(found, dict)
    assert found["accuracy"] > 0.8
    run = runs.load(tmp_path / "out/run")
    text = "7 the lamp is lovely but the dress is awful"
    spans = [Part(6, 10), Part(29, 34)]
    [judgement] = sentiment(tmp_path / "out", start("cpu", 1), partial=True).judge([text], ["en"], [spans])
    lessons = [Lesson(text, POSITIVE, neutral=True, start=span.start, end=span.end) for span in spans]
    logits, _ = predicted(run.model, run.tokenizer, lessons, 64)
    exact = torch.softmax(run.description.calibrations.part.apply(logits), 1).numpy()
    ours = [opinion.polarity for opinion in judgement.parts]
    assert ours == pytest.approx(list(exact[:, POSITIVE] - exact[:, NEGATIVE]), abs=0.02)
    assert ours[0] > 0 > ours[1]


@pytest.mark.parametrize("weights", ["float32", "int8", "int4"])
def test_an_artefact_says_what_torch_says_whatever_its_weights(tiny: str, tmp_path: Path, weights: str) -> None:
    table = reviews(tmp_path / "reviews.csv", 120)
    trained(tmp_path / "out", "--data", str(table), "--encoder", tiny, "--weights", weights, "--set", "epochs=4")

    run = runs.load(tmp_path / "out/run")
    scorer = Scorer(tmp_path / "out/sentiment-en", start("cpu", 1))
    words = {"en": Words.of(run.tokenizer, 256)}
    asked = [window.tokens for text in ("very good", "the lamp was bad") for window in windows(text, "en", words)]  # type: ignore[arg-type]
    answers = Answers(run.model, run.description.calibrations, neutral=True).eval()
    reading = scorer.reading()
    for tokens in asked:
        reading.ask(tokens)
    for (shares, logits), tokens in zip(reading.answers(), asked, strict=True):
        with torch.no_grad():
            exact, exact_words = answers(torch.from_numpy(tokens)[None])
        assert shares == pytest.approx(exact[0].numpy(), abs=0.02)
        assert logits == pytest.approx(exact_words[0].numpy(), abs=0.2)


def test_a_file_without_neutral_gives_a_band_and_a_file_with_it_learns(tiny: str, tmp_path: Path) -> None:
    lines = [f"{int(word in GOOD)}\tthe lamp {n} is {word}" for n, word in enumerate((*GOOD, *BAD) * 12)]
    (tmp_path / "polar.txt").write_text("\n".join(lines), encoding="utf-8")

    trained(tmp_path / "out", "--data", str(tmp_path / "polar.txt"), "--encoder", tiny)

    described = runs.load(tmp_path / "out/run").description
    assert not described.neutral
    with torch.no_grad():
        shares = with_neutral(torch.tensor([-4.0, 0.0, 4.0])).numpy()
    assert shares.sum(1) == pytest.approx(1)
    assert list(shares.argmax(1)) == [NEGATIVE, NEUTRAL, POSITIVE]


def test_low_rank_matrices_are_merged_into_the_weights(tiny: str, tmp_path: Path) -> None:
    table = reviews(tmp_path / "reviews.csv")

    result = trained(tmp_path / "out", "--data", str(table), "--test", "0.25", "--encoder", tiny, "--set", "lora=8")

    assert result["texts"]["accuracy"] > 0.6  # type: ignore[index]
    assert not any("lora" in name for name in runs.load(tmp_path / "out/run").model.state_dict())


def test_a_seed_gives_the_same_weights_twice(tiny: str, tmp_path: Path) -> None:
    table = reviews(tmp_path / "reviews.csv", 60)

    for out in ("one", "two"):
        trained(tmp_path / out, "--data", str(table), "--encoder", tiny, "--set", "epochs=1", "--set", "seed=3")

    first, second = (runs.load(tmp_path / out / "run").model.state_dict() for out in ("one", "two"))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_stopped_run_goes_on(tiny: str, tmp_path: Path) -> None:
    table = reviews(tmp_path / "reviews.csv", 60)
    trained(tmp_path / "out", "--data", str(table), "--encoder", tiny, "--set", "epochs=1")

    trained(tmp_path / "out", "--data", str(table), "--encoder", tiny, "--set", "epochs=2", "--resume")

    states = (tmp_path / "out/run/checkpoints").glob("checkpoint-*/trainer_state.json")
    assert sorted(json.loads(state.read_text())["epoch"] for state in states) == [1, 2]


def test_each_group_is_left_out_once(tiny: str, tmp_path: Path) -> None:
    lines = ["cat,text,label"]
    lines += [f"{cat},{cat} {n} is {word},{int(word in GOOD)}" for cat in ("lamp", "dress") for n, word in enumerate((*GOOD, *BAD) * 5)]  # fmt: skip
    (tmp_path / "cats.csv").write_text("\n".join(lines), encoding="utf-8")

    done = CliRunner().invoke(
        main,
        ["model", "train", "sentiment", "--data", str(tmp_path / "cats.csv"), "--leave-out", "each", "--out", str(tmp_path / "out"),
         "--encoder", tiny, "--json", *SETTINGS],
        catch_exceptions=False,
    )  # fmt: skip

    result = json.loads(done.stdout.splitlines()[-1])
    assert {name: it["texts"]["n"] for name, it in result.items()} == {"cats:dress": 40, "cats:lamp": 40}


def test_smaller_weights_tell_what_they_cost(tiny: str, tmp_path: Path) -> None:
    table = reviews(tmp_path / "reviews.csv", 60)
    trained(tmp_path / "out", "--data", str(table), "--encoder", tiny, "--weights", "float32", "--set", "epochs=2")

    cost = quantize(tmp_path / "out/sentiment-en", tmp_path / "small", "int8", 32, ["the lamp is good", "bad price"])

    assert cost.texts == 2
    assert cost.labels_that_agree == 1
    assert cost.megabytes < cost.megabytes_before
    assert read(tmp_path / "small").recipe["weights"] == "int8"
    with pytest.raises(ModelError, match="float32"):
        quantize(tmp_path / "small", tmp_path / "smaller", "int4", 32, [])


def test_half_precision_is_exported_for_a_gpu(tiny: str, tmp_path: Path) -> None:
    table = reviews(tmp_path / "reviews.csv", 60)
    trained(tmp_path / "out", "--data", str(table), "--encoder", tiny, "--weights", "float32", "--set", "epochs=1")
    run = runs.load(tmp_path / "out/run")

    write_artifact(run, tmp_path / "half", "float16", "2")

    whole, half = (Scorer(folder, start("cpu", 1)) for folder in (tmp_path / "out/sentiment-en", tmp_path / "half"))
    row = np.array(run.tokenizer.encode("the lamp is good").ids, np.int64)
    assert half.run([row]) == pytest.approx(whole.run([row]), abs=0.01)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no finished run"):
        runs.load(tmp_path)
    (tmp_path / runs.DESCRIPTION).write_bytes(msgspec.json.encode({"language": "en"}))
    with pytest.raises(ModelError, match="malformed"):
        runs.load(tmp_path)


def test_the_mean_knows_no_padding() -> None:
    states, ids = torch.ones(1, 3, 2), torch.tensor([[5, 6, 0]])
    states[0, 2] = 100

    assert mean(states, mask(ids)).tolist() == [[1, 1]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to learn from"),
        (("--data", "{table}", "--set", "epoch=3"), "unknown field `epoch`"),
        (("--data", "{table}", "--set", "epochs=many"), "Expected `float`"),
        (("--data", "{table}", "--leave-out", "i99"), "no such group; the files have i0, i1, i10"),
        (("--data", "{table}", "--columns", "text=words"), "no column 'words'; it has item, text, stars"),
        (("--data", "{table}", "--encoder", "bert"), "no encoder 'bert'"),
    ],
)
def test_what_cannot_be_trained_on_says_why(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    table = reviews(tmp_path / "reviews.csv", 60)

    done = CliRunner().invoke(
        main,
        ["model", "train", "sentiment", "--out", str(tmp_path / "out"), *(it.format(table=table) for it in arguments)],
    )

    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


def test_one_group_can_be_left_out_by_its_name(tiny: str, tmp_path: Path) -> None:
    table = reviews(tmp_path / "reviews.csv", 60)

    result = trained(
        tmp_path / "out", "--data", str(table), "--encoder", tiny, "--leave-out", "i3", "--set", "epochs=1"
    )

    assert result["texts"]["n"] == 5  # type: ignore[index]
