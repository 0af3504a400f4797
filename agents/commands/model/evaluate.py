"""`vitrine model evaluate`: measure a model on labelled texts, beside a baseline."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from agents.commands.model.options import COLUMNS_OPTION, FILE, LANGUAGE, MODEL, asked, mapping, told
from agents.commands.model.showing import shown
from agents.replay.terminal import JSON, tell, watched
from schemas.base import Language

if TYPE_CHECKING:
    from models.sentiment.evaluate import Result

DATA = click.option("--data", "files", multiple=True, required=True, type=FILE, help="Labelled texts; may be repeated.")
TRAIN = click.option(
    "--train", "learnt", multiple=True, type=FILE, help="What the model learnt from, for the baseline; may be repeated."
)
WORST = click.option("--worst", type=click.IntRange(0), default=0, help="How many of the surest mistakes to show.")


@click.group()
def command() -> None:
    """Measure a model on labelled texts, beside a baseline.

    The baseline is logistic regression on TF-IDF with the same training texts; without --train there is none.
    """


@command.command()
@DATA
@TRAIN
@LANGUAGE
@MODEL
@COLUMNS_OPTION
@WORST
@JSON
def sentiment(
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
        _show(of_texts(whole, judge, language, train, worst=worst, watch=_watch("judging")), as_json=as_json)


@command.command()
@DATA
@TRAIN
@LANGUAGE
@MODEL
@WORST
@JSON
def aspects(
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
        _show(of_parts(given, judge, language, train, worst=worst, watch=_watch("judging")), as_json=as_json)


def _watch(what: str) -> Callable[[Sequence[Any]], Iterable[Any]]:
    return lambda items: watched(items, what, len(items))


def _show(result: "Result", *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(result).decode())
        return
    tell(shown(result))
