"""`vitrine import`: turn foreign data into an event log."""

import os
from pathlib import Path
from typing import Literal

import click

from agents.replay import importers
from agents.replay.importers import REVIEW_FIELDS, Imported
from agents.replay.log import created, encode
from agents.replay.terminal import JSON, explained, names, report, settings, watched

FILES = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
OUT = click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The log; packed if it ends in .gz or .zst."
)
PARTITIONS = click.option(
    "--partitions", type=click.IntRange(1, 1024), help="Of each topic; VITRINE_PARTITIONS if not given."
)


@click.group()
def command() -> None:
    """Turn foreign data into an event log for `vitrine replay` and `vitrine produce`.

    What the data do not say is made up, the same each time, and listed.
    """


@command.command()
@FILES
@OUT
@click.option("--kind", type=click.Choice(["view", "click"]), default="view", show_default=True, help="Of each event.")
@PARTITIONS
@JSON
def yoochoose(
    files: tuple[Path, ...], out: Path, kind: Literal["view", "click"], partitions: int | None, *, as_json: bool
) -> None:
    """Import sessions: a table with columns SessionId, ItemId and Time (seconds since 1970).

    \b
    Example:
      vitrine import yoochoose train_full.tsv.gz test.tsv.gz --out sessions.jsonl.gz
    """  # noqa: D301  click's mark for lines that stay as they are
    with explained():
        _write(importers.yoochoose(watched(files, "reading"), kind, _partitions(partitions)), out, as_json=as_json)


@command.command()
@FILES
@OUT
@click.option(
    "--columns",
    required=True,
    multiple=True,
    metavar="FIELD=COLUMN,...",
    help=f"Which column holds which of {', '.join(REVIEW_FIELDS)}; `text` is needed.  May be repeated.",
)
@PARTITIONS
@JSON
def reviews(
    files: tuple[Path, ...], out: Path, columns: tuple[str, ...], partitions: int | None, *, as_json: bool
) -> None:
    """Import reviews: a table with a line of column names; rows without text, or with another empty field that they need, are left out and counted.

    \b
    Example:
      vitrine import reviews womens_clothing.csv.gz --out reviews.jsonl.gz \\
        --columns "text=Review Text,stars=Rating,item=Clothing ID"
    """  # noqa: D301  click's mark for lines that stay as they are
    mapping = _mapping(columns)
    with explained():
        _write(importers.reviews(watched(files, "reading"), mapping, _partitions(partitions)), out, as_json=as_json)


def _mapping(columns: tuple[str, ...]) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in names(columns))
    mapping = {field.strip(): column.strip() for field, _, column in pairs}
    for field, column in mapping.items():
        if field not in REVIEW_FIELDS or not column:
            message = f"{field}={column}: expected FIELD=COLUMN with a field of {', '.join(REVIEW_FIELDS)}"
            raise click.UsageError(message)
    if "text" not in mapping:
        message = "--columns needs text=COLUMN"
        raise click.UsageError(message)
    return mapping


def _partitions(given: int | None) -> int:
    return settings(os.environ).partitions if given is None else given


def _write(imported: Imported, out: Path, *, as_json: bool) -> None:
    with created(out) as file:
        for record in watched(imported.records, "writing", len(imported.records)):
            file.write(encode(record))
    result = {"records": len(imported.records), "skipped": imported.skipped, "out": str(out)}
    report(result | {"made_up": imported.made_up}, as_json=as_json)
