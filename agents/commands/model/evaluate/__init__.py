"""`vitrine model evaluate`: measure a model beside a baseline."""

import click

from agents.commands.lazy import LazyGroup

COMMANDS = {
    "sentiment": "What is said of whole texts.",
    "aspects": "What is said of parts of texts.",
    "search": "The order of titles that a query finds.",
    "stream": "Lists that workers make, on a log of events.",
    "interest": "Lists of what comes next, on sequences of users or on sessions.",
}
"""Name to help; the module of that name holds the click command `command`."""


@click.group(cls=LazyGroup, package=__name__, helps=COMMANDS)
def command() -> None:
    """Measure a model, beside a baseline with the same training."""
