"""Writes the dashboards that Grafana is given: `make dashboards`.  What they show is in a module beside this one each."""

import json
from pathlib import Path

from ops.grafana import shopper_experience

FOLDER = Path(__file__).parent / "dashboards"


def built() -> dict[Path, str]:
    """Return file to content of each dashboard."""
    boards = {"shopper-experience": shopper_experience.build()}
    return {FOLDER / f"{name}.json": json.dumps(board, indent=1) + "\n" for name, board in boards.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path, text in built().items():
        path.write_text(text)
