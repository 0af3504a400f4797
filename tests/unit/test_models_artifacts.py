"""Cards and the runtime: what is loaded is what was exported, and refusals name file and cure."""

import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pytest

from models.card import CARD, ModelError, read
from models.runtime import MODEL, Scorer, deal, pack, start

ARTIFACTS = Path(__file__).parents[2] / "models" / "artifacts"
NAMES = ("embedder", "interest", "sentiment-en", "sentiment-zh")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """An artefact that a test may spoil."""
    return Path(shutil.copytree(ARTIFACTS / "interest", tmp_path / "interest"))


@pytest.mark.parametrize("name", NAMES)
def test_a_card_tells_where_its_model_is_from(name: str) -> None:
    card = read(ARTIFACTS / name)

    assert card.recipe["command"]
    assert card.metrics
    assert all(source.terms for source in card.sources)
    assert set(card.files) == {path.name for path in (ARTIFACTS / name).iterdir()} - {CARD}


def test_what_ships_stays_small() -> None:
    assert sum(path.stat().st_size for path in ARTIFACTS.rglob("*") if path.is_file()) < 60e6


def test_a_changed_file_is_refused(copy: Path) -> None:
    spoilt = bytearray((copy / MODEL).read_bytes())
    spoilt[-1] ^= 1
    (copy / MODEL).write_bytes(spoilt)

    with pytest.raises(ModelError, match=r"interest/model\.onnx: its SHA-256 is .* restore it"):
        Scorer(copy, start("cpu", 1))


def test_a_missing_file_is_refused(copy: Path) -> None:
    (copy / MODEL).unlink()

    with pytest.raises(ModelError, match=r"interest/model\.onnx: named by the card but not readable .* restore it"):
        read(copy)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"card\.json: no card .* VITRINE_MODELS_DIR"):
        read(tmp_path / "nothing")


@pytest.mark.parametrize("text", [b"", b"[]", b"\xff", b'{"name": "interest"}'])
def test_a_malformed_card_is_refused(copy: Path, text: bytes) -> None:
    (copy / CARD).write_bytes(text)

    with pytest.raises(ModelError, match=r"card\.json: malformed card: .* restore it"):
        read(copy)


def test_a_card_with_a_field_that_nobody_knows_is_refused(copy: Path) -> None:
    fields = msgspec.json.decode((copy / CARD).read_bytes())
    (copy / CARD).write_bytes(msgspec.json.encode({**fields, "feature": []}))

    with pytest.raises(ModelError, match="unknown field `feature`"):
        read(copy)


def test_a_graph_that_is_none_is_refused(copy: Path) -> None:
    (copy / MODEL).write_bytes(b"no graph")
    card = read_without_hashes(copy)
    (copy / CARD).write_bytes(msgspec.json.encode(card))

    with pytest.raises(ModelError, match=r"model\.onnx: onnxruntime can't load it"):
        Scorer(copy, start("cpu", 1))


def read_without_hashes(directory: Path) -> dict[str, object]:
    card: dict[str, object] = msgspec.json.decode((directory / CARD).read_bytes())
    return {**card, "files": {}}


@pytest.mark.parametrize("wanted", ["auto", "cuda"])
def test_without_cuda_it_goes_on_with_the_cpu_and_says_so(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])

    runtime = start(wanted, 1)

    scorer = Scorer(ARTIFACTS / "interest", runtime)
    assert scorer.provider == "cpu"
    assert "no CUDA" in scorer.note
    assert scorer.warm_up > 0


def test_a_cpu_that_was_asked_for_needs_no_note() -> None:
    assert start("cpu", 1).note == ""


def test_an_unknown_provider_is_refused() -> None:
    with pytest.raises(ModelError, match=re.escape("VITRINE_PROVIDER: 'tpu' is none of auto, cpu, cuda")):
        start("tpu", 1)


def test_a_missing_wheel_names_the_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    with pytest.raises(ModelError, match="install one of the extras"):
        start("auto", 1)


def test_rows_are_dealt_longest_first_and_come_back_in_order() -> None:
    seen: list[int] = []

    def work(row: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int:
        seen.append(len(row))
        return len(row)

    with ThreadPoolExecutor(1) as callers:
        results = deal(callers, work, [np.ones(n, np.int64) for n in (3, 9, 1, 5)])

    assert results == [3, 9, 1, 5]
    assert seen == [9, 5, 3, 1]


def test_the_shape_that_a_row_is_packed_in_is_its_own() -> None:
    lengths = [3, 16, 17, 200, 256, *[10] * 70]

    packs = list(pack(lengths, (16, 32, 64, 128, 256)))

    assert sorted(n for each in packs for n in each.members) == list(range(len(lengths)))
    assert {(each.length, each.batch) for each in packs} == {(16, 32), (32, 32), (256, 8)}
    assert all(lengths[n] <= each.length < 2 * max(lengths[n], 16) for each in packs for n in each.members)


@pytest.mark.parametrize("name", ["sentiment-en", "sentiment-zh", "embedder"])
def test_rows_in_fixed_shapes_give_what_lone_rows_give_whatever_is_beside_them(name: str) -> None:
    drawn = np.random.default_rng(1)
    rows = [drawn.integers(5, 1_000, length) for length in (3, 16, 17, 40, 200, *[9] * 40)]
    alone, packed = (
        Scorer(ARTIFACTS / name, runtime) for runtime in (start("cpu", 1), start("cpu", 2)._replace(packed=True))
    )

    together = packed.run(rows)

    assert together == pytest.approx(alone.run(rows), abs=0.02)
    assert together.tobytes() == np.concatenate([packed.run([row]) for row in rows]).tobytes()
    assert np.array_equal(packed.run(rows[::-1]), together[::-1])


def test_what_is_said_of_words_is_cut_to_the_row_in_fixed_shapes_too() -> None:
    rows = [np.array([5, 300, 301, 6], np.int64), np.array([5, 6], np.int64)]
    alone, packed = (
        Scorer(ARTIFACTS / "sentiment-en", runtime)
        for runtime in (start("cpu", 1), start("cpu", 1)._replace(packed=True))
    )

    readings = [scorer.reading() for scorer in (packed, alone)]
    for row in rows:
        for reading in readings:
            reading.ask(row)
    for (text, words), (exact, exact_words) in zip(*(reading.answers() for reading in readings), strict=True):
        assert text == pytest.approx(exact, abs=0.02)
        assert words.shape == exact_words.shape
        assert words == pytest.approx(exact_words, abs=0.2)


@pytest.mark.parametrize("name", ["sentiment-en", "sentiment-zh"])
def test_in_a_batch_a_row_gives_what_it_gives_alone_however_far_it_is_padded(name: str) -> None:
    session = Scorer(ARTIFACTS / name, start("cpu", 1))._session
    drawn = np.random.default_rng(2)
    rows = [drawn.integers(5, 6_000, length) for length in (2, 3, 7, 16, 17, 33, 47, 64)]
    alone = [session.run(None, {"ids": row[None]}) for row in rows]

    for length in (64, 65, 99):
        batch = np.zeros((len(rows), length), np.int64)
        for n, row in enumerate(rows):
            batch[n, : len(row)] = row
        texts, words = session.run(None, {"ids": batch})
        for n, row in enumerate(rows):
            assert texts[n] == pytest.approx(alone[n][0][0], abs=1e-5)
            assert words[n, : len(row)] == pytest.approx(alone[n][1][0], abs=1e-4)
