"""What the commands on models share."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from agents.replay.terminal import UnusableError, names, settings, watched
from models.card import ModelError
from models.files import FileError
from models.sentiment.files import COLUMNS, texts
from schemas.base import Language

if TYPE_CHECKING:
    from models.sentiment.judge import Judge

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
MODEL = click.option(
    "--model",
    "folder",
    type=FOLDER,
    help="The folder that training wrote, or any with sentiment-en or sentiment-zh in it; else VITRINE_MODELS_DIR.",
)

MOST_COMPARED = 2_000
"""Texts that two forms of a model are compared on."""


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


def asked(folder: Path | None) -> "Judge":
    """Return the judge in *folder*, of those languages that lie there; without one, that of workers."""
    from models.load import sentiment  # noqa: PLC0415  so that a missing extra is told
    from models.runtime import start  # noqa: PLC0415  as above

    chosen = settings(os.environ)
    return sentiment(folder or chosen.models_dir, start(chosen.provider, chosen.callers), partial=folder is not None)


def compared(files: Sequence[Path], columns: Mapping[str, str]) -> list[str]:
    """Return MOST_COMPARED texts of *files* at most, evenly spread."""
    given = [text for path in files for text in texts(path, columns)]
    return given[:: max(1, len(given) // MOST_COMPARED)][:MOST_COMPARED]


def watch(what: str) -> Callable[[Sequence[Any]], Iterable[Any]]:
    """Return what shows how far a measurement is."""
    return lambda items: watched(items, what, len(items))
