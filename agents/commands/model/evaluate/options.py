"""What the commands that measure verdicts on texts share."""

from typing import TYPE_CHECKING

import click
import msgspec

from agents.commands.model.options import FILE
from agents.commands.model.showing import shown
from agents.replay.terminal import tell

if TYPE_CHECKING:
    from models.sentiment.evaluate import Result

DATA = click.option("--data", "files", multiple=True, required=True, type=FILE, help="Labelled texts; may be repeated.")
TRAIN = click.option(
    "--train", "learnt", multiple=True, type=FILE, help="What the model learnt from, for the baseline; may be repeated."
)
WORST = click.option("--worst", type=click.IntRange(0), default=0, help="How many of the surest mistakes to show.")


def show(result: "Result", *, as_json: bool) -> None:
    """Print the figures."""
    if as_json:
        click.echo(msgspec.json.encode(result).decode())
        return
    tell(shown(result))
