"""`vitrine doctor`: say whether a worker can run here, and what to do if not."""

import os
import sys

import click
import msgspec

from agents.doctor.examine import examine
from agents.doctor.report import show
from agents.replay.terminal import BROKER, JSON


@click.command()
@BROKER
@click.option(
    "--no-write", is_flag=True, help="Leave out the clock: to compare it, an offset is committed and deleted again."
)
@JSON
def command(*, broker: str | None, no_write: bool, as_json: bool) -> None:
    """Look at this machine, the settings, the models and the broker; a line each, with its cure.

    ok: all is well.  warn: a worker runs, but this is worth a look.  fail: it does not start, or would lose something.
    Nothing is changed but for one offset of a group that exists for a moment (see --no-write).

    Exit codes: 0 nothing fails; 1 something does.

    \b
    Example:
      vitrine doctor --broker localhost:9092
    """  # noqa: D301  click's mark for lines that stay as they are
    looking = examine(os.environ, broker, writing=not no_write)
    found = list(looking) if as_json else show(looking)
    failed = any(it.status == "fail" for it in found)
    if as_json:
        click.echo(msgspec.json.encode({"ok": not failed, "findings": found}).decode())
    sys.exit(1 if failed else 0)
