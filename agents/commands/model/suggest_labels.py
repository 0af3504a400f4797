"""`vitrine model suggest-labels`: the reviews most worth labelling next."""

import csv
import io
from pathlib import Path

import click
import msgspec

from agents.commands.model.options import COLUMNS_OPTION, FILE, LANGUAGE, MODEL, asked, mapping, told
from agents.replay.terminal import JSON, say, watched
from schemas.base import Language

_AT_ONCE = 64


@click.command()
@click.option(
    "--data", "files", multiple=True, required=True, type=FILE, help="Reviews, with stars or without; may be repeated."
)
@click.option("--count", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many to list.")
@click.option(
    "--most", type=click.IntRange(1), default=20_000, show_default=True, help="How many to judge, evenly spread."
)
@LANGUAGE
@MODEL
@COLUMNS_OPTION
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A table to fill in; else it is printed.")
@JSON
def command(
    *, files: tuple[Path, ...], count: int, most: int, language: Language | None, folder: Path | None,
    columns: tuple[str, ...], out: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """List the reviews most worth labelling next: what the model is unsure of, or what its stars contradict, each unlike the others.

    The table has an empty column `label`: fill it with -1, 0 or 1, and it is a file for `vitrine model train --data`.

    \b
    Example:
      vitrine model suggest-labels --data reviews.csv --count 200 --out to_label.csv
    """  # noqa: D301  click's mark for lines that stay as they are
    with told():
        from models.sentiment.files import reviews  # noqa: PLC0415  so that a missing extra is told
        from models.sentiment.suggest import Asked, suggest  # noqa: PLC0415  it brings scikit-learn

        judge = asked(folder)
        given = [review for path in files for review in reviews(path, mapping(columns))]
        given = given[:: -(-len(given) // most)] if given else []
        judged = [
            judgement
            for start_ in watched(range(0, len(given), _AT_ONCE), "judging", -(-len(given) // _AT_ONCE))
            for texts in [[text for text, _ in given[start_ : start_ + _AT_ONCE]]]
            for judgement in judge.judge(texts, [language] * len(texts))
        ]
        judgements = [Asked(text, stars, it) for (text, stars), it in zip(given, judged, strict=True)]
        found = suggest(judgements, count)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    table = io.StringIO(newline="")
    rows = csv.writer(table)
    rows.writerow(["label", "text", "found", "probability", "worth", "why"])
    rows.writerows(["", it.text, it.found, it.probability, it.worth, it.why] for it in found)
    if out is None:
        click.echo(table.getvalue(), nl=False)
        return
    out.write_text(table.getvalue(), encoding="utf-8-sig", newline="")
    say(f"{len(found)} reviews of {len(given):,}: {out}")
