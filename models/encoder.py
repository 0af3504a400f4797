"""A BERT encoder in torch, whose size follows from its weights.

Needs the extra `train`.  Padding is token 0, so that the mask is made inside the graph.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

_EPSILON = 1e-12


class Shape(NamedTuple):
    """How large an encoder is."""

    layers: int
    width: int
    """Components of a state."""
    heads: int
    inner: int
    words: int
    """Tokens that it knows."""
    places: int = 512
    """Longest text, in tokens."""


class Layer(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """One block: attention, then a feed-forward net, each added to its input and normalised."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query, self.key, self.value, self.mix = (nn.Linear(shape.width, shape.width) for _ in range(4))
        self.attended = nn.LayerNorm(shape.width, eps=_EPSILON)
        self.up, self.down = nn.Linear(shape.width, shape.inner), nn.Linear(shape.inner, shape.width)
        self.fed = nn.LayerNorm(shape.width, eps=_EPSILON)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Any, bias: Any) -> Any:
        """Return *x* (batch, length, width) one block later; *bias* is 0 for tokens and very low for padding."""
        query, key, value = (self._split(part(x)) for part in (self.query, self.key, self.value))
        if torch.onnx.is_in_onnx_export():
            weights = (query @ key.transpose(-1, -2) / (query.shape[-1] ** 0.5) + bias).softmax(-1)
            mixed = weights @ value
        else:
            mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype))
        x = self.attended(x + self.dropout(self.mix(mixed.transpose(1, 2).flatten(2))))
        return self.fed(x + self.dropout(self.down(nn.functional.gelu(self.up(x)))))

    def _split(self, x: Any) -> Any:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Encoder(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """Token ids (batch, length) to a state for each (batch, length, width)."""

    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.words, self.places = nn.Embedding(shape.words, shape.width), nn.Embedding(shape.places, shape.width)
        self.start = nn.LayerNorm(shape.width, eps=_EPSILON)
        self.layers = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.layers))
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: Any) -> Any:
        """Return the last states; those of padding mean nothing."""
        bias = (1.0 - mask(ids))[:, None, None, :] * -1e9
        x = self.dropout(self.start(self.words(ids) + self.places.weight[: ids.shape[1]]))
        for layer in self.layers:
            x = layer(x, bias)
        return x


def mask(ids: Any) -> Any:
    """Return (batch, length): 1 for a token, 0 for padding."""
    return (ids != 0).to(torch.float32)


def mean(states: Any, weights: Any) -> Any:
    """Return the weighted mean (batch, width) of *states* (batch, length, width); *weights* (batch, length)."""
    return (states * weights[:, :, None]).sum(1) / weights.sum(1, keepdim=True).clamp(min=1e-6)


def of_bert(published: Mapping[str, Any], heads: int, dropout: float = 0.0) -> Encoder:
    """Return the encoder with the weights of a BERT under the names that it is published with."""
    table, inner = (
        published["embeddings.word_embeddings.weight"],
        published["encoder.layer.0.intermediate.dense.weight"],
    )
    layers = 1 + max(int(found[1]) for name in published if (found := re.match(r"encoder\.layer\.(\d+)\.", name)))
    places = published["embeddings.position_embeddings.weight"]
    shape = Shape(layers, table.shape[1], heads, len(inner), len(table), len(places))
    encoder = Encoder(shape, dropout)
    weights = {ours: published[theirs] for ours, theirs in _names(layers).items()}
    # Each token is of the first segment: its vector belongs to every place.
    weights["places.weight"] = places + published["embeddings.token_type_embeddings.weight"][0]
    encoder.load_state_dict(weights)
    return encoder


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
