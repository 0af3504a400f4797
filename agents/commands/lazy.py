"""Groups of commands that load one when it is called, so that `--help` is quick and a replay needs no Faust."""

import importlib
import keyword
import os
from collections.abc import Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """Finds a command in the module of its name, as `command`."""

    def __init__(self, *given: Any, package: str, helps: Mapping[str, str], **named: Any) -> None:
        """*package* holds the modules, `_` for `-`, and `_` behind a word of Python's; *helps*: name to help, in their order."""
        super().__init__(*given, **named)
        self._package, self._helps = package, helps

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the names."""
        return list(self._helps)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Load the command; None if there is none of that name."""
        if cmd_name not in self._helps:
            return None
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's own threads spin, and ours are enough
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name.replace("-", "_")
        command: click.Command = importlib.import_module(f"{self._package}.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._helps.items()))
