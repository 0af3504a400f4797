"""`vitrine model train sentiment`: labelled texts to an artefact that workers load."""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

import click
import msgspec

from agents.commands.model.options import COLUMNS_OPTION, FILE, FOLDER, VERSION, mapping, told
from agents.commands.model.showing import shown
from agents.replay.terminal import JSON, report, say, tell
from schemas.base import Language

if TYPE_CHECKING:
    from models.sentiment.course import Files, Outcome

ENCODERS: Mapping[Language, str] = {"en": "e5-small", "zh": "bge-small-zh"}

_LISTED = 20
"""Groups that a message names."""


def _options(function: Any) -> Any:
    for option in reversed(
        [
            click.option("--data", "files", multiple=True, type=FILE, help="Labelled texts; may be repeated."),
            click.option("--parts", multiple=True, type=FILE, help="Parts of texts, as SemEval 2014 has them; may be repeated."),
            click.option("--weak-parts", multiple=True, type=FILE, help="The same, labelled by a model (label-parts): never tested on; may be repeated."),
            click.option("--test-data", "tested", multiple=True, type=FILE, help="Labelled texts to test on; may be repeated."),
            click.option("--lang", "language", type=click.Choice(get_args(Language)), default="en", show_default=True, help="Of the texts; others are left out."),
            click.option("--out", required=True, type=FOLDER, help="Gets run/ and the artefact."),
            COLUMNS_OPTION,
            click.option("--test", type=click.FloatRange(0, 0.9), default=0.0, show_default=True, help="Share of the texts that are the test."),
            click.option("--by-item", is_flag=True, help="Split by item (or what the file groups by), so that none is on both sides."),
            click.option("--leave-out", metavar="GROUP", default="", help="The group that is the test, such as one category; `each`: train once for each."),
            click.option("--balance", type=click.FloatRange(1), default=3.0, show_default=True, help="How many times as frequent as the rarest a label may be."),
            click.option("--most", type=click.IntRange(0), default=0, help="Texts of each label of a file that are trained on; 0: all."),
            click.option("--encoder", help="Whose weights it starts from: minilm, e5-small, bge-small-zh; by language if not given."),
            click.option("--weights", type=click.Choice(["float32", "float16", "int8", "int4"]), default="int4", show_default=True, help="Of the artefact."),
            click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Of the training: epochs, batch, rate, seed, lora, longest, vocabulary, threads, …; may be repeated."),
            VERSION,
            click.option("--resume", is_flag=True, help="Go on from the last checkpoint in OUT."),
            JSON,
        ]
    ):  # fmt: skip
        function = option(function)
    return function


@click.command()
@_options
def command(**given: Any) -> None:
    """Train a model of sentiment on labelled texts, parts of texts, or both; test it, and say so beside the baseline.

    OUT gets `sentiment-en` or `sentiment-zh`, which a worker loads with VITRINE_MODELS_DIR=OUT:models/artifacts, and `run`
    with the weights, the curves, TensorBoard's logs and the last checkpoint.

    \b
    Examples:
      vitrine model train sentiment --data our_reviews.csv --test 0.1 --by-item --out runs/ours
      vitrine model train sentiment --lang zh --data reviews.csv.gz --leave-out each --out runs/categories
    """  # noqa: D301  click's mark for lines that stay as they are
    if not given["files"] and not given["parts"]:
        message = "nothing to learn from: give --data, --parts or both"
        raise click.UsageError(message)
    with told():
        from models.sentiment.course import Files  # noqa: PLC0415  it brings torch

        files = Files(given["files"], given["parts"], given["weak_parts"], given["tested"], mapping(given["columns"]))
        outcomes = dict(_each(files, given))
    if given["as_json"]:
        click.echo(msgspec.json.encode(outcomes if len(outcomes) > 1 else next(iter(outcomes.values()))).decode())
        return
    for name, outcome in outcomes.items():
        if len(outcomes) > 1:
            say(name)
        _show(outcome)
    tested = [it.texts for it in outcomes.values() if it.texts is not None]
    if len(tested) > 1:
        report({
            "mean accuracy": sum(it.accuracy for it in tested) / len(tested),
            "of the baseline": sum(it.baseline.accuracy for it in tested if it.baseline) / len(tested),
        }, as_json=False)  # fmt: skip


def _each(files: "Files", given: dict[str, Any]) -> "Iterator[tuple[str, Outcome]]":
    """Train once, or once for each group that is left out."""
    from models.sentiment.course import Setting, teach  # noqa: PLC0415  it brings torch
    from models.sentiment.data import Plan, groups  # noqa: PLC0415  as above
    from models.sentiment.labelled import read  # noqa: PLC0415  as above

    config, language, out = _config(given), given["language"], given["out"]
    left_out = [""]
    if given["leave_out"]:
        left_out = _left_out(sorted(groups([read(path, files.columns) for path in files.texts])), given["leave_out"])
    called = shlex.join(["vitrine", *sys.argv[1:]])
    for group in left_out:
        plan = Plan(
            language=language, seed=config.seed, test=given["test"], by_group=given["by_item"], balance=given["balance"],
            most=given["most"], left_out=group,
        )  # fmt: skip
        setting = Setting(plan, config, given["weights"], called, given["version"], given["resume"])
        yield group, teach(files, setting, out / group.rpartition(":")[2] if len(left_out) > 1 else out)


def _left_out(known: Sequence[str], wanted: str) -> list[str]:
    """Return the groups that are meant, by their whole name or by that within their file."""
    found = [group for group in known if wanted in {"each", group, group.partition(":")[2]}]
    if not found:
        listed = ", ".join(group.partition(":")[2] for group in known[:_LISTED]) or "none: no column tells them apart"
        message = f"--leave-out {wanted}: no such group; the files have {listed}{' …' if len(known) > _LISTED else ''}"
        raise click.UsageError(message)
    return found


def _config(given: dict[str, Any]) -> Any:
    from models.sentiment.train import Config  # noqa: PLC0415  it brings torch

    chosen = dict(pair.partition("=")[::2] for pair in given["settings"])
    bits = {"int4": 4, "int8": 8}.get(given["weights"], 0)
    encoder = given["encoder"] or ENCODERS[given["language"]]
    try:
        return msgspec.convert({"bits": bits, **chosen, "encoder": encoder}, Config, strict=False)
    except msgspec.ValidationError as error:
        message = f"--set: {error}"
        raise click.UsageError(message) from error


def _show(outcome: "Outcome") -> None:
    report(
        {"artifact": outcome.artifact, "minutes": outcome.minutes, **msgspec.to_builtins(outcome.report)}, as_json=False
    )
    for result in (outcome.texts, outcome.parts):
        if result is not None:
            tell(shown(result))
