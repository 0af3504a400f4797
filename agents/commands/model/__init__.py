"""`vitrine model`: measure, train and export the models."""

import click

from agents.commands.lazy import LazyGroup

COMMANDS = {
    "evaluate": "Measure a model beside a baseline.",
    "train": "Train a model on what a shop has, to an artefact that workers load.",
    "export": "Make an artefact of a training run again, with other weights.",
    "quantize": "Make an artefact smaller, and say what that costs.",
    "label-parts": "Make lessons on aspects from reviews that nobody labelled.",
    "suggest-labels": "List the reviews most worth labelling next.",
}
"""Name to help; the module of that name, `_` for `-`, holds the click command `command`."""


@click.group(cls=LazyGroup, package=__name__, helps=COMMANDS)
def command() -> None:
    """Measure, train and export models.

    `evaluate` needs scikit-learn (`make setup`), the others torch (`make setup-train setup-weights`).
    """
