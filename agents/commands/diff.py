"""`vitrine diff`: compare two outputs of `vitrine replay`."""

import os
import sys
from pathlib import Path

import click
import msgspec

from agents.replay.difference import Difference, compare
from agents.replay.difference_text import told
from agents.replay.identity import STATES
from agents.replay.terminal import JSON, PREFIX, UnusableError, explained, names, settings, tell
from agents.topics import BY_NAME

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@click.option("--only", multiple=True, metavar="TOPIC,...", help="Compare these topics; all if not given.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=3, show_default=True, help="Lists, copies and reviews shown."
)
@PREFIX
@JSON
def command(*, old: Path, new: Path, only: tuple[str, ...], limit: int, prefix: str | None, as_json: bool) -> None:
    """Say what differs between two outputs of `vitrine replay`, or two logs: which lists, how far, and who gained.

    Records are brought together by what they were made of: lists by shopper, placement and revision, facts by their ids.
    Two files of states (`vitrine replay --state`) are compared by key.  Exit code 0: all is the same; 1: something differs.

    \b
    Example:
      vitrine diff old.jsonl.zst new.jsonl.zst
    after
      vitrine replay shop.jsonl.zst --out old.jsonl.zst
      vitrine replay shop.jsonl.zst --out new.jsonl.zst --weights category=1.2
    """  # noqa: D301  click's mark for lines that stay as they are
    chosen = names(only)
    unknown = [name for name in chosen if name not in BY_NAME and not name.startswith(STATES)]
    if unknown:
        message = f"--only: no topic is called {', '.join(unknown)}; there are: {', '.join(BY_NAME)}"
        raise UnusableError(message)
    difference = Difference(examples=limit)
    with explained():
        compare(
            old,
            new,
            difference,
            only=chosen,
            prefix=settings(os.environ).topic_prefix if prefix is None else prefix,
        )
    if as_json:
        click.echo(msgspec.json.encode(difference.summary()).decode())
    else:
        tell(told(difference, str(old), str(new)))
    sys.exit(int(not difference.equal))
