"""Torch modules to ONNX files.  Needs the extra `train`."""

import warnings
from pathlib import Path
from typing import Any

import onnx
import torch

from models.compress import compress
from models.runtime import MODEL

OPSET = 17


def export(module: Any, example: Any, directory: Path, *, source: str, target: str, block: int | None = None) -> None:
    """Write `model.onnx` into *directory*: one input *source* (batch, length, …), one output *target* (batch, …).

    *block*: weights in 8 bits, so many to a scale; None leaves them in float32.
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
            output_names=[target],
            dynamic_axes={source: {0: "batch", 1: "length"}, target: {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(path)
    if block is not None:
        model = compress(model, block=block)
    onnx.checker.check_model(model)
    onnx.save(model, path)
