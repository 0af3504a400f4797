"""`vitrine model train interest`: sequences or sessions to an artefact."""

import shlex
import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec

from agents.commands.model.options import FOLDER, told, watch
from agents.commands.model.sequences import EVENTS, SEQUENCES, SESSIONS, TEST, material, shown
from agents.replay.terminal import JSON, report, say, tell

if TYPE_CHECKING:
    from models.sequence.train import Look


@click.command()
@SEQUENCES
@SESSIONS
@TEST
@EVENTS
@click.option("--out", required=True, type=FOLDER, help="Gets the artefact `sequence`.")
@click.option(
    "--minutes", type=click.FloatRange(0, min_open=True), default=10.0, show_default=True, help="Of training."
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Of the training: epochs (instead of minutes), width, layers, window, dropout, rate, batch, threads, …; may be repeated.",
)
@JSON
def command(**given: Any) -> None:
    """Train a model of what comes next on an event log, sequences of users or sessions, test it, and say so beside the baselines.

    What it is tested on and chosen by it does not learn: of a sequence the last two items, of sessions the last tenth and the
    last of the rest, of a log the same in time.  A worker serves it with VITRINE_MODELS_DIR=OUT:models/artifacts.

    \b
    Examples:
      vitrine model train interest --log recorded.jsonl.zst --out runs/next --minutes 10
      vitrine model train interest --sequences Beauty.txt.gz --out runs/beauty --minutes 10
      vitrine model train interest --sessions train.txt.gz --test test.tsv.gz --out runs/sessions --set epochs=8
    """  # noqa: D301  click's mark for lines that stay as they are
    with told():
        from models.sequence.course import Setting, teach  # noqa: PLC0415  it brings torch

        config = _config(given)
        taught = material(given["sequences"], given["sessions"], given["test"], given["logs"])
        files = tuple(path for path in (given["sequences"], given["sessions"], given["test"], *given["logs"]) if path)
        setting = Setting(config, files, shlex.join(["vitrine", *sys.argv[1:]]))
        outcome = teach(taught, setting, given["out"], _look, watch)
    if given["as_json"]:
        click.echo(msgspec.json.encode(outcome).decode())
        return
    report(
        {"artifact": outcome.artifact, "minutes": outcome.minutes, "weight of counting": outcome.weight}, as_json=False
    )
    tell(shown(outcome.test))


def _look(look: "Look") -> None:
    say(f"{look.minutes:6.2f} min  epoch {look.epoch:6.2f}  loss {look.loss:.4f}  validation NDCG {look.gain:.4f}")


def _config(given: dict[str, Any]) -> Any:
    from models.sequence.train import Config  # noqa: PLC0415  it brings torch

    chosen = dict(pair.partition("=")[::2] for pair in given["settings"])
    try:
        return msgspec.convert({"minutes": given["minutes"], "seed": given["seed"], **chosen}, Config, strict=False)
    except msgspec.ValidationError as error:
        message = f"--set: {error}"
        raise click.UsageError(message) from error
