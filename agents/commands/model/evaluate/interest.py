"""`vitrine model evaluate interest`: measure lists of what comes next."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec
from rich.table import Table

from agents.commands.model.options import FILE, told
from agents.replay.terminal import JSON, report, tell, watched


@click.command()
@click.option("--sequences", type=FILE, help="Lines `user item item …` in time order.")
@click.option("--sessions", type=FILE, help="Lines `item item …`, or a table of session, item and time.")
@click.option(
    "--test", type=FILE, help="Lines `item item …<TAB>item`, or a table; else the last tenth of the sessions."
)
@JSON
def command(*, sequences: Path | None, sessions: Path | None, test: Path | None, as_json: bool) -> None:
    """Measure lists of what comes next, beside what is taken most and what is taken together.

    Of the sequence of each user the last item is asked for, and all items are ranked that are not in its history; of each session
    every item but the first is asked for, and all items are ranked.  An item with the same score as the right one counts as
    before it.

    \b
    Examples:
      vitrine model evaluate interest --sequences Beauty.txt.gz
      vitrine model evaluate interest --sessions train.txt.gz --test test.tsv.gz --json
    """  # noqa: D301  click's mark for lines that stay as they are
    if (sequences is None) == (sessions is None) or (test and not sessions):
        message = "give --sequences FILE, or --sessions FILE with or without --test FILE"
        raise click.UsageError(message)
    with told():
        from models.sequence.data import of_sequences, of_sessions  # noqa: PLC0415  so that a missing extra is told
        from models.sequence.evaluate import evaluate, table  # noqa: PLC0415  as above

        material = of_sequences(sequences) if sequences else of_sessions(Path(str(sessions)), test)
        result = evaluate(material, None, "", _watched)
    if as_json:
        click.echo(msgspec.json.encode(result).decode())
        return
    report({"items": result["items"], "trained on": result["trained_on"]}, as_json=False)
    names, lists = table(result)
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("list")
    for name in ("n", *names):
        shown.add_column(name, justify="right")
    for name, figures in lists:
        shown.add_row(name, f"{figures['n']:,}", *(f"{figures[key]:.4f}" for key in names))
    tell([shown])


def _watched(what: str, starts: Sequence[int]) -> Iterator[int]:
    return iter(watched(starts, what, len(starts)))
