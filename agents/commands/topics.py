"""`vitrine topics`: make the topics that are missing."""

import os

import click

from agents.app import needed
from agents.engine.errors import ConfigurationError
from agents.engine.topics import create
from agents.replay.terminal import UnusableError, report, settings


@click.command()
@click.option(
    "--replication", type=click.IntRange(1, 7), default=1, show_default=True, help="Copies of each partition."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(replication: int, *, as_json: bool) -> None:
    """Make the topics that are missing on VITRINE_BROKER; those that exist are left as they are.

    \b
    Example:
      VITRINE_BROKER=localhost:9092 vitrine topics --replication 3
    """  # noqa: D301  click's mark for lines that stay as they are
    wanted = needed(settings(os.environ))
    try:
        made = create(settings(os.environ).broker, wanted, replication=replication)
    except ConfigurationError as error:
        raise UnusableError(str(error)) from error
    report({"made": made, "existing": len(wanted) - len(made)}, as_json=as_json)
