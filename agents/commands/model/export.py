"""`vitrine model export`: an artefact of a training run, with other weights."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from agents.commands.model.options import COLUMNS_OPTION, FILE, FOLDER, MOST_COMPARED, VERSION, compared, mapping, told
from agents.replay.terminal import JSON, report

if TYPE_CHECKING:
    from models.sentiment.export import Weights


@click.command()
@click.argument("run", type=FOLDER)
@click.option("--out", required=True, type=FOLDER, help="Gets the artefact `sentiment-LANGUAGE`.")
@click.option(
    "--weights", type=click.Choice(["float32", "float16", "int8", "int4"]), required=True, help="float16 is for CUDA."
)
@click.option(
    "--data",
    "files",
    multiple=True,
    type=FILE,
    help=f"Texts to compare with torch on, {MOST_COMPARED:,} at most; may be repeated.",
)
@COLUMNS_OPTION
@VERSION
@JSON
def command(
    *, run: Path, out: Path, weights: "Weights", files: tuple[Path, ...], columns: tuple[str, ...], version: str, as_json: bool
) -> None:  # fmt: skip
    """Make an artefact of a training run again, with other weights, and compare it with torch on texts of yours.

    \b
    Example:
      vitrine model export runs/ours/run --weights float16 --out runs/ours-gpu --data reviews.csv
    """  # noqa: D301  click's mark for lines that stay as they are
    with told():
        from models.sentiment import run as runs  # noqa: PLC0415  it brings torch
        from models.sentiment.agree import compare  # noqa: PLC0415  as above
        from models.sentiment.export import write_artifact  # noqa: PLC0415  as above

        loaded = runs.load(run)
        directory = out / f"sentiment-{loaded.description.language}"
        write_artifact(loaded, directory, weights, version)
        given = compared(files, mapping(columns))
        agreement = compare(loaded, directory, given) if given else None
    megabytes = round(sum(path.stat().st_size for path in directory.iterdir()) / 1e6, 2)
    result = {"artifact": str(directory), "weights": weights, "megabytes": megabytes}
    report(
        result | ({"equal_to_torch": msgspec.to_builtins(agreement)} if agreement is not None else {}), as_json=as_json
    )
