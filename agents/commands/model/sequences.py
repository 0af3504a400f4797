"""What the commands on sequences share."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import RenderableType

from agents.commands.model.options import FILE
from agents.commands.model.showing import table
from agents.replay.histories import histories
from agents.replay.sequence import merged
from agents.replay.terminal import explained, watched

if TYPE_CHECKING:
    from models.sequence.data import Material

SEQUENCES = click.option("--sequences", type=FILE, help="Lines `user item item …` in time order.")
SESSIONS = click.option("--sessions", type=FILE, help="Lines `item item …`, or a table of session, item and time.")
TEST = click.option(
    "--test", type=FILE, help="Lines `item item …<TAB>item`, or a table; else the last tenth of the sessions."
)

EVENTS = click.option(
    "--log",
    "logs",
    multiple=True,
    type=FILE,
    help="An event log, as `record` and `import` write them; may be repeated.",
)


def material(sequences: Path | None, sessions: Path | None, test: Path | None, logs: Sequence[Path] = ()) -> "Material":
    """Read what was given, of which there must be one kind."""
    from models.sequence.data import of_histories, of_sequences, of_sessions  # noqa: PLC0415  so that a missing extra is told

    if logs and not (sequences or sessions or test):
        with explained():
            return of_histories(histories(merged(watched(logs, "reading"))))
    if sequences and not (sessions or test or logs):
        return of_sequences(sequences)
    if sessions and not (sequences or logs):
        return of_sessions(sessions, test)
    message = "give --sequences FILE, --sessions FILE with or without --test FILE, or --log FILE"
    raise click.UsageError(message)


def shown(result: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield the figures of each list as a table, and of the first by how popular the target is."""
    from models.sequence.evaluate import lists_of  # noqa: PLC0415  so that a missing extra is told

    names, lists = lists_of(result)
    overall = table("list", "n", *names)
    for name, figures in lists:
        overall.add_row(name, f"{figures['n']:,}", *(f"{figures[key]:.4f}" for key in names))
    yield overall
    if "model" not in result:
        return
    names = [name for name in names if not name.startswith("coverage")]
    groups = table("popularity of the target", "n", *names)
    for name, figures in result["by_popularity"].items():
        groups.add_row(name, f"{figures['n']:,}", *(f"{figures[key]:.4f}" for key in names))
    yield groups
