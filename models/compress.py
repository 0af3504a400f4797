"""Makes ONNX files small and fast: weights in 8 bits.

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
INT8_ARITHMETIC = 4
"""Accuracy level of `MatMulNBits`: activations become int8 too, with a scale for each block of each row."""


def compress(model: Any, *, block: int) -> Any:
    """Return *model* with its matrices and tables in 8 bits.

    A product becomes `MatMulNBits` with one scale for each *block* of inputs; a table keeps one scale a row.  Nothing
    is scaled over a batch, so a row's result does not depend on the rows beside it.
    """
    weights = {tensor.name: tensor for tensor in model.graph.initializer if _large(tensor)}
    nodes: list[Any] = []
    extra: list[Any] = []
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights:
            nodes.append(_product(node, numpy_helper.to_array(weights[node.input[1]]), extra, block))
        elif node.op_type == "Gather" and node.input[0] in weights:
            nodes.extend(_lookup(node, numpy_helper.to_array(weights[node.input[0]]), extra))
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    graph = helper.make_graph(nodes, model.graph.name, model.graph.input, model.graph.output, [*kept, *extra])
    opsets = [*model.opset_import, helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=model.ir_version, producer_name="vitrine")


def _large(tensor: Any) -> bool:
    return tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) == 2 and np.prod(tensor.dims) >= SMALLEST  # noqa: PLR2004  matrices


def _product(node: Any, weight: NDArray[np.float32], extra: list[Any], block: int) -> Any:
    """Replace `x @ weight` (inputs, outputs)."""
    inputs, outputs = weight.shape
    blocks = np.pad(weight.T, ((0, 0), (0, -inputs % block))).reshape(outputs, -1, block)
    scales = np.maximum(np.abs(blocks).max(2), 1e-12) / 127
    steps = (np.rint(blocks / scales[:, :, None]) + 128).astype(np.uint8)
    name = node.input[1]
    extra.append(numpy_helper.from_array(steps, f"{name}.steps"))
    extra.append(numpy_helper.from_array(scales.astype(np.float32).reshape(-1), f"{name}.scales"))
    return helper.make_node(
        "MatMulNBits",
        [node.input[0], f"{name}.steps", f"{name}.scales"],
        list(node.output),
        name=node.name,
        domain="com.microsoft",
        K=inputs,
        N=outputs,
        bits=8,
        block_size=block,
        accuracy_level=INT8_ARITHMETIC,
    )


def _lookup(node: Any, table: NDArray[np.float32], extra: list[Any]) -> Iterator[Any]:
    """Replace `table[ids]`."""
    scales = np.maximum(np.abs(table).max(1, keepdims=True), 1e-12) / 127
    name, out = node.input[0], node.output[0]
    extra.append(numpy_helper.from_array(np.rint(table / scales).astype(np.int8), f"{name}.steps"))
    extra.append(numpy_helper.from_array(scales.astype(np.float32), f"{name}.scales"))
    yield helper.make_node("Gather", [f"{name}.steps", node.input[1]], [f"{out}.steps"])
    yield helper.make_node("Gather", [f"{name}.scales", node.input[1]], [f"{out}.scales"])
    yield helper.make_node("Cast", [f"{out}.steps"], [f"{out}.float"], to=onnx.TensorProto.FLOAT)
    yield helper.make_node("Mul", [f"{out}.float", f"{out}.scales"], [out])
