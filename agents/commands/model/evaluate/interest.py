"""`vitrine model evaluate interest`: measure lists of what comes next."""

from pathlib import Path

import click
import msgspec

from agents.commands.model.options import FOLDER, told, watch
from agents.commands.model.sequences import EVENTS, SEQUENCES, SESSIONS, TEST, material, shown
from agents.replay.terminal import JSON, report, tell


@click.command()
@SEQUENCES
@SESSIONS
@TEST
@EVENTS
@click.option(
    "--model", "folder", type=FOLDER, help="What `train interest` wrote; without one only the baselines are measured."
)
@JSON
def command(
    *,
    sequences: Path | None,
    sessions: Path | None,
    test: Path | None,
    logs: tuple[Path, ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """Measure lists of what comes next, beside what is taken most and what is taken together.

    Of the sequence of each user the last item is asked for, and all items are ranked that are not in its history; of each session
    every item but the first is asked for, and all items are ranked.  An item with the same score as the right one counts as
    before it.

    \b
    Examples:
      vitrine model evaluate interest --sequences Beauty.txt.gz --model runs/beauty
      vitrine model evaluate interest --sessions train.txt.gz --test test.tsv.gz --json
    """  # noqa: D301  click's mark for lines that stay as they are
    with told():
        from models.runtime import start  # noqa: PLC0415  so that a missing extra is told
        from models.sequence.evaluate import against, evaluate  # noqa: PLC0415  as above
        from models.sequence.predict import NAME, NextItems  # noqa: PLC0415  as above

        given = material(sequences, sessions, test, logs)
        if folder is None:
            result = evaluate(given, None, "", watch)
        else:
            model = NextItems(folder / NAME if (folder / NAME).is_dir() else folder, start("cpu", 2))
            result = evaluate(given, against(model, given.catalog), model.version, watch)
    if as_json:
        click.echo(msgspec.json.encode(result).decode())
        return
    report({"items": result["items"], "trained on": result["trained_on"]}, as_json=False)
    tell(shown(result))
