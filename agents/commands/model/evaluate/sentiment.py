"""`vitrine model evaluate sentiment`: measure what is said of whole texts."""

from pathlib import Path

import click

from agents.commands.model.evaluate.options import DATA, TRAIN, WORST, show
from agents.commands.model.options import COLUMNS_OPTION, LANGUAGE, MODEL, asked, mapping, told, watch
from agents.replay.terminal import JSON
from schemas.base import Language


@click.command()
@DATA
@TRAIN
@LANGUAGE
@MODEL
@COLUMNS_OPTION
@WORST
@JSON
def command(
    *, files: tuple[Path, ...], learnt: tuple[Path, ...], language: Language | None, folder: Path | None,
    columns: tuple[str, ...], worst: int, as_json: bool,
) -> None:  # fmt: skip
    """Measure what is said of whole texts.

    A file holds lines `label<TAB>text` or `label text`, with labels -1 0 1, or 0 1, or grades; or it is a table (.csv, .tsv,
    .jsonl) with text and stars or labels.  It may end in .gz.  Where a file knows no neutral, the model has to choose one of the
    other two.

    \b
    Examples:
      vitrine model evaluate sentiment --data reviews.tsv.gz --lang en
      vitrine model evaluate sentiment --data test.txt --train train.txt --model runs/mine --worst 10 --json
    """  # noqa: D301  click's mark for lines that stay as they are
    with told():
        from models.sentiment.evaluate import of_texts  # noqa: PLC0415  it brings scikit-learn
        from models.sentiment.labelled import Labelled, read  # noqa: PLC0415  so that a missing extra is told

        given = [read(path, mapping(columns)) for path in files]
        whole = Labelled([it for each in given for it in each.examples], any(each.neutral for each in given), 0)
        train = [it for path in learnt for it in read(path, mapping(columns)).examples]
        judge = asked(folder)
        show(of_texts(whole, judge, language, train, worst=worst, watch=watch("judging")), as_json=as_json)
