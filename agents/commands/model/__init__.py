"""`vitrine model`: measure, train and export the models."""

import importlib

import click

COMMANDS = {
    "evaluate": "Measure a model on labelled texts, beside a baseline.",
    "train": "Train a model on labelled texts, to an artefact that workers load.",
    "export": "Make an artefact of a training run again, with other weights.",
    "quantize": "Make an artefact smaller, and say what that costs.",
    "label-parts": "Make lessons on aspects from reviews that nobody labelled.",
    "suggest-labels": "List the reviews most worth labelling next.",
}
"""Name to help; the module of that name, `_` for `-`, holds the click command `command`."""


class _Commands(click.Group):
    """Loads a subcommand when it is called: training brings torch."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands)
def command() -> None:
    """Measure, train and export the models of sentiment.

    `evaluate` needs scikit-learn (`make setup`), the others torch (`make setup-train setup-weights`).
    """
