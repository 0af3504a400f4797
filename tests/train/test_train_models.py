"""Training and export on a handful of rows; needs the extra `train`."""

from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from onnxruntime import InferenceSession

from models.api import History
from models.compress import compress
from models.embedder.encode import MiniLMEmbedder
from models.embedder.export import main as export_embedder
from models.interest import train as interest
from models.interest.data import Question
from models.interest.features import rows
from models.interest.model import Pool
from models.interest.pool import PooledInterest
from models.minilm import folder
from models.runtime import Scorer, start
from models.sentiment import export as sentiment_export
from models.sentiment import train as sentiment
from models.sentiment.data import Example
from models.sentiment.model import Chinese, with_neutral
from models.words import tokenizer

PRAISE = [Example(f"{word} good", 2, "test") for word in ("very", "really", "so", "quite")]
BLAME = [Example(f"{word} bad", 0, "test") for word in ("very", "really", "so", "quite")]
LOB = [Example(f"质量很好{n}", 2, "test") for n in range(20)]
TADEL = [Example(f"质量太差{n}", 0, "test") for n in range(20)]


def test_chinese_learns_praise_from_blame_and_the_graph_says_what_torch_says(tmp_path: Path) -> None:
    config = msgspec.structs.replace(sentiment.DEFAULTS["zh"], epochs=8, batch=8, threads=1)
    trained = sentiment.main(config, [*LOB, *TADEL], [*LOB[:5], *TADEL[:5]])

    sentiment_export.main("zh", trained, tmp_path / "zh")

    model = Chinese()
    model.load_state_dict(trained["weights"])
    encode = sentiment.encoder("zh", 256)
    asked = [encode("质量很好"), encode("太差")]
    scores = Scorer(tmp_path / "zh", start("cpu", 1)).run(asked)
    assert scores[0, 2] > scores[0, 0]
    assert scores[1, 0] > scores[1, 2]
    with torch.no_grad():
        exact = [
            with_neutral(model.odds(sentiment.pad([row])) / trained["temperature"]).exp()[0].numpy() for row in asked
        ]
    assert scores == pytest.approx(np.stack(exact), abs=1e-5)


def test_english_learns_praise_from_blame_and_is_exported(tmp_path: Path) -> None:
    config = msgspec.structs.replace(sentiment.DEFAULTS["en"], epochs=8, batch=4, threads=1, rate=2e-4)
    trained = sentiment.main(config, [*PRAISE, *BLAME], [*PRAISE, *BLAME])

    sentiment_export.main("en", trained, tmp_path / "en")

    encode = sentiment.encoder("en", 64)
    scores = Scorer(tmp_path / "en", start("cpu", 1)).run([encode("very good"), encode("very bad")])
    assert scores.sum(1) == pytest.approx(1, abs=1e-4)
    assert scores[0, 2] > scores[1, 2]


def test_a_seed_gives_the_same_weights_twice() -> None:
    config = msgspec.structs.replace(sentiment.DEFAULTS["zh"], epochs=1, batch=8, threads=1, seed=3)

    first, second = (sentiment.main(config, [*LOB, *TADEL], LOB)["weights"] for _ in range(2))

    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_exported_embedder_is_near_the_published_one(tmp_path: Path) -> None:
    export_embedder(tmp_path / "embedder", [example.text for example in PRAISE])

    embedder = MiniLMEmbedder(tmp_path / "embedder", start("cpu", 1))
    assert embedder.scorer.card.metrics["cosine_to_float32_min"] > 0.995
    assert (
        tokenizer(folder() / "tokenizer.json").encode("very good").ids
        == tokenizer(tmp_path / "embedder" / "tokenizer.json").encode("very good").ids
    )


def test_interest_learns_and_the_graph_says_what_torch_says(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal((12, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    questions = [
        Question([n, m], History(vectors[[n, m]], ["click", "view"], [60.0, 6.0]), (n + m) % 12)
        for n in range(6)
        for m in range(6, 12)
    ]
    config = interest.Config(epochs=2, batch=8)

    model = interest.main(config, vectors, questions)
    interest.save(model, config, 16, tmp_path / "interest")

    history = History(vectors[:3], ["view", "purchase", "dislike"], [600.0, 60.0, 6.0])
    found = PooledInterest(tmp_path / "interest", start("cpu", 1)).vectors([history])
    with torch.no_grad():
        exact = model(torch.from_numpy(rows(history))[None]).numpy()
    assert found == pytest.approx(exact, abs=1e-5)
    assert not all(torch.equal(ours, new) for ours, new in zip(model.parameters(), Pool().parameters(), strict=True))


def test_a_compressed_product_is_small_and_near() -> None:
    generator = np.random.default_rng(0)
    weight = generator.standard_normal((160, 130)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["batch", 160])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["batch", 130])],
        [numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    small = compress(model, block=32)

    assert small.ByteSize() < model.ByteSize() / 3
    x = generator.standard_normal((7, 160)).astype(np.float32)
    found, exact = (InferenceSession(each.SerializeToString()).run(None, {"x": x})[0] for each in (small, model))
    assert found == pytest.approx(exact, abs=0.6)
