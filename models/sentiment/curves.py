"""The curves of a training run as a picture.

Needs the extra `train`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure


def draw(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw loss by step, and what validation said of each epoch, into a PNG."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    losses, quality = figure.subplots(1, 2)
    for name, label in (("loss", "training"), ("eval_loss", "validation")):
        points = [(entry["step"], entry[name]) for entry in history if name in entry]
        losses.plot(*_columns(points), marker="o" if name == "eval_loss" else None, label=label)
    losses.set(xlabel="step", ylabel="cross entropy")
    losses.legend()
    for name, label in (("eval_accuracy", "accuracy"), ("eval_macro_f1", "macro F1")):
        points = [(entry["epoch"], entry[name]) for entry in history if name in entry]
        quality.plot(*_columns(points), marker="o", label=label)
    quality.set(xlabel="epoch", ylabel="on validation")
    quality.legend()
    figure.savefig(path, dpi=120)


def _columns(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [float(y) for _, y in points]
