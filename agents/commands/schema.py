"""`vitrine schema`: the contract of every topic, written and compared."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

import click

from agents.app import needed
from agents.contract.asyncapi import Place
from agents.contract.files import RELEASED, ContractError, export, load, versions
from agents.contract.promises import broken, present
from agents.replay.terminal import JSON, UnusableError, report, settings


@click.group()
def command() -> None:
    """Write the contract with storefronts, and compare it with what was released.

    It is `asyncapi.json` (AsyncAPI 3.0), and a JSON Schema (2020-12) of each topic's value and of the headers.
    """


@command.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@JSON
def export_command(folder: Path, *, as_json: bool) -> None:
    """Write the present contract to DIR, which is made if it is missing; other files in it are left alone.

    Names of topics, partitions and the address are those of the settings.

    \b
    Example:
      vitrine schema export contract
    """  # noqa: D301  click's mark for lines that stay as they are
    given = settings(os.environ)
    place = Place(version("vitrine"), given.broker, given.topic_prefix, given.app_id, needed(given))
    try:
        written = export(folder, place)
    except ContractError as error:
        raise UnusableError(str(error)) from error
    report({"written": len(written), "folder": str(folder)}, as_json=as_json)


@command.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@JSON
def check(folder: Path | None, *, as_json: bool) -> None:
    """Compare the present contract with a released one, or with each one in DIR; by default with all that were released.

    What was valid input must stay so; what is written must stay within what was promised.  A line for each breach.

    \b
    Example:
      vitrine schema check schemas/released/0.1.0
    """  # noqa: D301  click's mark for lines that stay as they are
    now = present()
    try:
        released = {path.name: load(path) for path in versions(folder or RELEASED)}
    except ContractError as error:
        raise UnusableError(str(error)) from error
    found = [(name, finding) for name, promises in released.items() for finding in broken(promises, now)]
    lines = [f"{name} {it.topic} {it.path + ' ' if it.path else ''}{it.message}" for name, it in found]
    if as_json:
        breaches = [{"version": name, **finding._asdict()} for name, finding in found]
        report({"compared": list(released), "breaches": breaches}, as_json=True)
    else:
        for line in lines:
            click.echo(line)
        click.echo(f"compared with {', '.join(released)}: {len(found) or 'no'} breach{'' if len(found) == 1 else 'es'}")
    sys.exit(1 if found else 0)
