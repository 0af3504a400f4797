"""Training and export on a handful of rows; needs the extra `train`."""

from pathlib import Path

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
from models.published import load
from models.runtime import start
from models.words import tokenizer

SENTENCES = ["very good", "really good", "so bad", "quite bad"]


def test_the_exported_embedder_is_near_the_published_one(tmp_path: Path) -> None:
    export_embedder(tmp_path / "embedder", SENTENCES)

    embedder = MiniLMEmbedder(tmp_path / "embedder", start("cpu", 1))
    assert embedder.scorer.card.metrics["cosine_to_float32_min"] > 0.995
    assert (
        load("minilm").tokenizer.encode("very good").ids
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


@pytest.mark.parametrize(("bits", "share", "near"), [(8, 1 / 3, 0.6), (4, 1 / 5, 8.0)])
def test_a_compressed_product_is_small_and_near(bits: int, share: float, near: float) -> None:
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

    small = compress(model, block=32, bits=bits)

    assert small.ByteSize() < model.ByteSize() * share
    x = generator.standard_normal((7, 160)).astype(np.float32)
    found, exact = (InferenceSession(each.SerializeToString()).run(None, {"x": x})[0] for each in (small, model))
    assert found == pytest.approx(exact, abs=near)
