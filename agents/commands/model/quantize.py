"""`vitrine model quantize`: an artefact with smaller weights, and what that costs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from agents.commands.model.options import COLUMNS_OPTION, FILE, FOLDER, MOST_COMPARED, compared, mapping, told
from agents.replay.terminal import JSON, report

if TYPE_CHECKING:
    from models.sentiment.export import Weights


@click.command()
@click.argument("artifact", type=FOLDER)
@click.option("--out", required=True, type=FOLDER, help="The folder of the new artefact.")
@click.option("--weights", type=click.Choice(["int8", "int4"]), default="int8", show_default=True)
@click.option(
    "--block", type=click.Choice(["16", "32", "64", "128"]), default="64", show_default=True, help="Weights to a scale."
)
@click.option(
    "--data",
    "files",
    multiple=True,
    type=FILE,
    help=f"Texts to compare on, {MOST_COMPARED:,} at most; may be repeated.",
)
@COLUMNS_OPTION
@JSON
def command(
    *, artifact: Path, out: Path, weights: "Weights", block: str, files: tuple[Path, ...], columns: tuple[str, ...], as_json: bool
) -> None:  # fmt: skip
    """Make an artefact with weights in float32 smaller, and say how its labels change on texts of yours.

    Training with `--weights int4` or `int8` rounds the weights while it trains, and loses less.

    \b
    Example:
      vitrine model quantize runs/whole/sentiment-en --weights int8 --out runs/small/sentiment-en --data reviews.csv
    """  # noqa: D301  click's mark for lines that stay as they are
    with told():
        from models.sentiment.quantize import quantize  # noqa: PLC0415  it brings onnx

        cost = quantize(artifact, out, weights, int(block), compared(files, mapping(columns)))
    report(msgspec.to_builtins(cost), as_json=as_json)
