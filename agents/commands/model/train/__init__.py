"""`vitrine model train`: what a shop has to an artefact that workers load."""

import click

from agents.commands.lazy import LazyGroup

COMMANDS = {
    "sentiment": "Labelled texts, parts of texts, or both.",
    "interest": "Sequences of users, or sessions.",
}
"""Name to help; the module of that name holds the click command `command`."""


@click.group(cls=LazyGroup, package=__name__, helps=COMMANDS)
def command() -> None:
    """Train a model to an artefact that workers load."""
