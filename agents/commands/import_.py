"""`vitrine import`: turn foreign data into an event log."""

import os
from pathlib import Path
from typing import Literal

import click

from agents.replay import importers
from agents.replay.importers import REVIEW_FIELDS, Imported
from agents.replay.log import created, encode
from agents.replay.terminal import explained, report, say, settings, watched

FILE = click.argument("file", type=click.Path(path_type=Path))
OUT = click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The log; packed if it ends in .gz or .zst."
)
PARTITIONS = click.option(
    "--partitions", type=click.IntRange(1, 1024), help="Of each topic; VITRINE_PARTITIONS if not given."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def command() -> None:
    """Turn foreign data into an event log for `vitrine replay` and `vitrine produce`.

    What the data do not say is made up, the same each time, and listed.
    """


@command.command()
@FILE
@OUT
@click.option("--kind", type=click.Choice(["view", "click"]), default="view", show_default=True, help="Of each event.")
@PARTITIONS
@JSON
def yoochoose(file: Path, out: Path, kind: Literal["view", "click"], partitions: int | None, *, as_json: bool) -> None:
    """Import sessions: a table with columns SessionId, ItemId and Time (seconds since 1970).

    \b
    Example:
      vitrine import yoochoose train_full.tsv.gz --out sessions.jsonl.gz
    """  # noqa: D301  click's mark for lines that stay as they are
    with explained():
        _write(importers.yoochoose(file, kind, _partitions(partitions)), out, as_json=as_json)


@command.command()
@FILE
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
def reviews(file: Path, out: Path, columns: tuple[str, ...], partitions: int | None, *, as_json: bool) -> None:
    """Import reviews: a table with a line of column names; rows without text are left out and counted.

    \b
    Example:
      vitrine import reviews womens_clothing.csv.gz --out reviews.jsonl.gz \\
        --columns "text=Review Text,stars=Rating,item=Clothing ID"
    """  # noqa: D301  click's mark for lines that stay as they are
    mapping = _mapping(columns)
    with explained():
        _write(importers.reviews(file, mapping, _partitions(partitions)), out, as_json=as_json)


def _mapping(columns: tuple[str, ...]) -> dict[str, str]:
    pairs = [pair for group in columns for pair in group.split(",")]
    mapping = {field.strip(): column.strip() for field, _, column in (pair.partition("=") for pair in pairs)}
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
    say(f"made up: {'; '.join(imported.made_up) or 'nothing'}")
    skipped = {reason: count for reason, count in imported.skipped.items() if count}
    report({"records": len(imported.records), "skipped": skipped, "out": str(out)}, as_json=as_json)
