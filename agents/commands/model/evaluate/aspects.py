"""`vitrine model evaluate aspects`: measure what is said of parts of texts."""

from pathlib import Path

import click

from agents.commands.model.evaluate.options import DATA, TRAIN, WORST, show
from agents.commands.model.options import LANGUAGE, MODEL, asked, told, watch
from agents.replay.terminal import JSON
from schemas.base import Language


@click.command()
@DATA
@TRAIN
@LANGUAGE
@MODEL
@WORST
@JSON
def command(
    *, files: tuple[Path, ...], learnt: tuple[Path, ...], language: Language | None, folder: Path | None, worst: int,
    as_json: bool,
) -> None:  # fmt: skip
    """Measure what is said of parts of texts.

    A file holds three lines a record, as SemEval 2014 has them: a sentence with $T$ in the place of the part, the part, and -1, 0
    or 1.  It may end in .gz.

    \b
    Example:
      vitrine model evaluate aspects --data laptops.txt --lang en --json
    """  # noqa: D301  click's mark for lines that stay as they are
    with told():
        from models.sentiment import targets  # noqa: PLC0415  it brings scikit-learn
        from models.sentiment.evaluate import of_parts  # noqa: PLC0415  so that a missing extra is told

        given, train = ([it for path in paths for it in targets.read(path)] for paths in (files, learnt))
        judge = asked(folder)
        show(of_parts(given, judge, language, train, worst=worst, watch=watch("judging")), as_json=as_json)
