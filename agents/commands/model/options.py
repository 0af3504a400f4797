"""What the commands on models share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import click

from agents.replay.terminal import UnusableError, names
from models.card import ModelError
from models.sentiment.files import COLUMNS, FileError
from schemas.base import Language

LANGUAGE = click.option("--lang", "language", type=click.Choice(get_args(Language)), help="Of all texts.")
COLUMNS_OPTION = click.option(
    "--columns",
    multiple=True,
    metavar="FIELD=COLUMN,...",
    help=f"Which column of a table holds which of {', '.join(COLUMNS)}, where their names don't tell.",
)
VERSION = click.option(
    "--version", default="", help="Of the artefact, as `name@version` in records; else the beginning of its hash."
)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


@contextmanager
def told() -> Iterator[None]:
    """Turn a file or a model that can't be used, or a missing extra, into a line on standard error and exit code 2."""
    try:
        yield
    except (FileError, ModelError) as error:
        raise UnusableError(str(error)) from error
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in {"agents", "models", "schemas"}:
            raise
        message = (
            f"{error.name} is not installed: make setup for evaluate, make setup-train setup-weights for the others"
        )
        raise UnusableError(message) from error


def mapping(columns: tuple[str, ...]) -> dict[str, str]:
    """Return field to column."""
    found = {}
    for pair in names(columns):
        field, _, column = pair.partition("=")
        if field.strip() not in COLUMNS or not column.strip():
            message = f"{pair}: expected FIELD=COLUMN with a field of {', '.join(COLUMNS)}"
            raise click.UsageError(message)
        found[field.strip()] = column.strip()
    return found
