"""What tests know of Grafana's dashboards."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ops.grafana.build import built


def boards() -> dict[Path, Any]:
    """Return file to dashboard, as they are committed."""
    return {path: msgspec.json.decode(path.read_bytes()) for path in built()}


def panels(board: Any) -> list[Any]:
    """Return the panels that show something."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries(board: Any) -> Iterator[tuple[str, str]]:
    """Yield title and expression of every query, those of annotations and variables included."""
    for panel in panels(board):
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for note in board["annotations"]["list"]:
        yield note["name"], note["expr"]
