"""Makes ONNX files small and fast: weights in 8 or 4 bits.

Needs the extra `train`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

SMALLEST = 16_384
"""Weights with fewer elements stay as they are."""
EIGHT = 8
INT8_ARITHMETIC = 4
"""Accuracy level of `MatMulNBits`: activations become int8 too, with a scale for each block of each row."""


def compress(model: Any, *, block: int, bits: int = 8) -> Any:
    """Return *model* with its matrices and tables in 8 or 4 bits.

    A product becomes `MatMulNBits` with one scale for each *block* of inputs.  A table keeps one scale a row in 8 bits, one for
    each *block* in 4.  Nothing is scaled over a batch, so a row's result does not depend on the rows beside it.
    """
    weights = {tensor.name: tensor for tensor in model.graph.initializer if _large(tensor)}
    nodes: list[Any] = []
    extra: list[Any] = []
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights:
            nodes.append(_product(node, numpy_helper.to_array(weights[node.input[1]]), extra, block, bits))
        elif node.op_type == "Gather" and node.input[0] in weights:
            lookup = _lookup if bits == EIGHT else _packed_lookup
            nodes.extend(lookup(node, numpy_helper.to_array(weights[node.input[0]]), extra, block))
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    graph = helper.make_graph(nodes, model.graph.name, model.graph.input, model.graph.output, [*kept, *extra])
    opsets = [*model.opset_import, helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=model.ir_version, producer_name="vitrine")


def steps(weight: NDArray[np.float32], block: int, bits: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return *weight* (rows, columns) as whole steps (rows, blocks, block), 0 being half of their range, and scales (rows, blocks).

    Each block's scale is such that its largest weight is the last step.
    """
    zero = 1 << (bits - 1)
    padded = np.pad(weight, ((0, 0), (0, -weight.shape[1] % block)))
    blocks = padded.reshape(len(weight), -1, block)
    scales = np.maximum(np.abs(blocks).max(2), 1e-12) / (zero - 1)
    return (np.rint(blocks / scales[:, :, None]) + zero).astype(np.uint8), scales.astype(np.float32)


def _large(tensor: Any) -> bool:
    return tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) == 2 and np.prod(tensor.dims) >= SMALLEST  # noqa: PLR2004  matrices


def _product(node: Any, weight: NDArray[np.float32], extra: list[Any], block: int, bits: int) -> Any:
    """Replace `x @ weight` (inputs, outputs)."""
    inputs, outputs = weight.shape
    whole, scales = steps(weight.T, block, bits)
    name = node.input[1]
    extra.append(numpy_helper.from_array(whole if bits == EIGHT else _pairs(whole), f"{name}.steps"))
    extra.append(numpy_helper.from_array(scales.reshape(-1), f"{name}.scales"))
    return helper.make_node(
        "MatMulNBits",
        [node.input[0], f"{name}.steps", f"{name}.scales"],
        list(node.output),
        name=node.name,
        domain="com.microsoft",
        K=inputs,
        N=outputs,
        bits=bits,
        block_size=block,
        accuracy_level=INT8_ARITHMETIC,
    )


def _pairs(whole: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put two steps of 4 bits into each byte, the first into its lower half."""
    return np.bitwise_or(whole[..., 0::2], np.left_shift(whole[..., 1::2], np.uint8(4)))


def _lookup(node: Any, table: NDArray[np.float32], extra: list[Any], block: int) -> Iterator[Any]:  # noqa: ARG001  as the other
    """Replace `table[ids]` in 8 bits."""
    scales = np.maximum(np.abs(table).max(1, keepdims=True), 1e-12) / 127
    name, out = node.input[0], node.output[0]
    extra.append(numpy_helper.from_array(np.rint(table / scales).astype(np.int8), f"{name}.steps"))
    extra.append(numpy_helper.from_array(scales.astype(np.float32), f"{name}.scales"))
    yield helper.make_node("Gather", [f"{name}.steps", node.input[1]], [f"{out}.steps"])
    yield helper.make_node("Gather", [f"{name}.scales", node.input[1]], [f"{out}.scales"])
    yield helper.make_node("Cast", [f"{out}.steps"], [f"{out}.float"], to=onnx.TensorProto.FLOAT)
    yield helper.make_node("Mul", [f"{out}.float", f"{out}.scales"], [out])


def _packed_lookup(node: Any, table: NDArray[np.float32], extra: list[Any], block: int) -> Iterator[Any]:
    """Replace `table[ids]` in 4 bits."""
    whole, scales = steps(table, block, 4)
    name = node.input[0]
    extra.append(numpy_helper.from_array(_pairs(whole).reshape(len(table), -1), f"{name}.steps"))
    extra.append(numpy_helper.from_array(scales, f"{name}.scales"))
    yield helper.make_node(
        "GatherBlockQuantized",
        [f"{name}.steps", node.input[1], f"{name}.scales"],
        [node.output[0]],
        domain="com.microsoft",
        bits=4,
        block_size=block,
        gather_axis=0,
        quantize_axis=1,
    )
