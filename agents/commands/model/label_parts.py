"""`vitrine model label-parts`: lessons on aspects from reviews that nobody labelled."""

import random
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import click

from agents.commands.model.options import COLUMNS_OPTION, FILE, MODEL, asked, mapping, told
from agents.replay.log import created
from agents.replay.terminal import JSON, explained, report, watched

_BAD = 3
"""Stars of a review in which something bad is looked for."""


@click.command()
@click.option("--data", "files", multiple=True, required=True, type=FILE, help="Reviews; may be repeated.")
@MODEL
@click.option(
    "--at-least", type=click.FloatRange(0, 1), default=0.9, show_default=True, help="Probability that the model gives."
)
@click.option("--most", type=click.IntRange(1), default=4_000, show_default=True, help="Of each polarity.")
@click.option(
    "--reviews",
    "read",
    type=click.IntRange(1),
    default=20_000,
    show_default=True,
    help="How many to read, drawn by lot.",
)
@COLUMNS_OPTION
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The parts; packed if it ends in .gz or .zst.",
)
@JSON
def command(
    *, files: tuple[Path, ...], folder: Path | None, at_least: float, most: int, read: int, columns: tuple[str, ...],
    out: Path, as_json: bool,
) -> None:  # fmt: skip
    """Make lessons on aspects from reviews that nobody labelled: what the model surely says of a clause alone.

    They are a file for `vitrine model train sentiment --weak-parts`, from which a model learns to say it of the whole review in one
    reading.

    \b
    Example:
      vitrine model label-parts --data reviews.csv --out parts.txt.gz
    """  # noqa: D301  click's mark for lines that stay as they are
    with told(), explained():
        from agents.reviews.aspects import load  # noqa: PLC0415  so that a missing extra is told
        from agents.reviews.lessons import lessons  # noqa: PLC0415  as above
        from models.sentiment.files import reviews  # noqa: PLC0415  as above

        judge = asked(folder)
        given = drawn([review for path in files for review in reviews(path, mapping(columns))], read)
        counts = {-1: 0, 0: 0, 1: 0}
        with created(out) as file:
            for sentence, part, sign in lessons(
                watched(given, "judging", len(given)), judge, load(), at_least=at_least, most=most
            ):
                counts[sign] += 1
                file.write(f"{sentence}\n{part}\n{sign}\n".encode())
    names = {-1: "negative", 0: "neutral", 1: "positive"}
    report(
        {"reviews": len(given), "parts": {names[sign]: n for sign, n in counts.items()}, "out": str(out)},
        as_json=as_json,
    )


def drawn(reviews: Sequence[tuple[str, float | None]], count: int) -> list[str]:
    """Return *count* texts by lot, the same each time; where stars are known, as many bad as good ones while there are any.

    *reviews*: texts with their stars, often in the order of products or of time.
    """
    mixed = random.Random(1).sample(reviews, len(reviews))  # noqa: S311  a draw, no secret
    bad = [text for text, stars in mixed if stars is not None and stars <= _BAD]
    others = [text for text, stars in mixed if stars is None or stars > _BAD]
    return [text for pair in zip_longest(bad, others) for text in pair if text is not None][:count]
