"""Torch modules to ONNX files.  Needs the extra `train`."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime.transformers import float16

from models.compress import EIGHT, compress
from models.runtime import MODEL

OPSET = 17

BATCH: Mapping[int, str] = {0: "batch"}
POSITIONS: Mapping[int, str] = {0: "batch", 1: "length"}


def export(  # the graph's parts
    module: Any,
    example: Any,
    directory: Path,
    *,
    source: str,
    targets: Mapping[str, Mapping[int, str]],
    block: int | None = None,
    bits: int = EIGHT,
    half: bool = False,
) -> None:
    """Write `model.onnx` into *directory*: one input *source* (batch, length, …), outputs *targets* with the axes that vary.

    *block*: weights in 8 or 4 *bits*, so many to a scale; None leaves them in float32, or in float16 if *half*.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / MODEL
    with torch.no_grad(), warnings.catch_warnings():
        # The exporter's successor writes graphs that quantisers and older runtimes stumble over.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            module.eval(),
            (example,),
            str(path),
            input_names=[source],
            output_names=list(targets),
            dynamic_axes={source: dict(POSITIONS), **{name: dict(axes) for name, axes in targets.items()}},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(path)
    if block is not None:
        model = compress(model, block=block, bits=bits)
    if half:
        model = float16.convert_float_to_float16(model, keep_io_types=True)
    onnx.checker.check_model(model)
    onnx.save(model, path)
