"""Measures as tables for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from models.sentiment.evaluate import Result

_WIDEST = 160


def shown(result: "Result") -> Iterator[RenderableType]:
    """Yield the figures, the classes, the slices, and the worst mistakes."""
    overall = table(result.model, "n", "accuracy", "macro F1")
    overall.add_row("model", f"{result.n:,}", f"{result.accuracy:.4f}", f"{result.macro_f1:.4f}")
    if result.baseline is not None:
        base = result.baseline
        name = f"baseline: TF-IDF and regression, C {base.c:g}, {base.n_train:,} texts"
        overall.add_row(name, f"{base.n:,}", f"{base.accuracy:.4f}", f"{base.macro_f1:.4f}")
    yield overall
    if result.baseline_note:
        yield Text(f"no baseline: {result.baseline_note}")
    yield Text(f"calibration error {result.calibration_error:.4f}\n")
    classes = table("label", "n", "precision", "recall", "F1")
    for name, it in result.classes.items():
        classes.add_row(name, f"{it.n:,}", f"{it.precision:.4f}", f"{it.recall:.4f}", f"{it.f1:.4f}")
    yield classes
    sliced = table("slice", "n", "accuracy", "macro F1")
    for kind, values in result.slices.items():
        for value, its in values.items():
            sliced.add_row(f"{kind}: {value}", f"{its.n:,}", f"{its.accuracy:.4f}", f"{its.macro_f1:.4f}")
    yield sliced
    for error in result.worst:
        text = " ".join(error.text.split())
        cut = text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
        yield Text(f"{error.label}, found {error.found} ({error.probability:.2f}): {cut}")


def table(first: str, *others: str) -> Table:
    """Return an empty table: names in the *first* column, figures in the *others*."""
    empty = Table(box=None, pad_edge=False, header_style="bold")
    empty.add_column(first)
    for name in others:
        empty.add_column(name, justify="right")
    return empty
