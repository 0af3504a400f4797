"""What the commands that handle logs share: errors, progress and results for people and for programs."""

import io
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console, RenderableType
from rich.progress import Progress

from agents.replay.errors import ReplayError
from agents.settings import Settings
from agents.settings import load as load_settings

T = TypeVar("T")

WIDTH = 160
"""Columns of a result that goes into a file or through a pipe."""

LOGS = click.argument("logs", metavar="LOG...", nargs=-1, required=True, type=click.Path(path_type=Path))
BROKER = click.option("--broker", metavar="HOST:PORT", help="VITRINE_BROKER if not given.")
PREFIX = click.option("--prefix", help="Of the topics' names on the broker; VITRINE_TOPIC_PREFIX if not given.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


class UnusableError(click.ClickException):
    """Input or configuration that can't be used.  Operator action: mend what the message names."""

    exit_code = 2


def names(given: Iterable[str]) -> list[str]:
    """Return the names of an option that may be repeated and may hold several, separated by commas."""
    return [name.strip() for group in given for name in group.split(",") if name.strip()]


@contextmanager
def explained() -> Iterator[None]:
    """Turn a log or a broker that can't be used into a line on standard error and exit code 2."""
    try:
        yield
    except ReplayError as error:
        raise UnusableError(str(error)) from error


def settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings; one that is misspelt or malformed ends the command."""
    try:
        return load_settings(environ)
    except msgspec.ValidationError as error:
        message = f"settings: {error}"
        raise UnusableError(message) from error


def watched(items: Iterable[T], what: str, total: int | None = None) -> Iterable[T]:
    """Yield *items* and, where standard error is a terminal, show how far they are."""
    if not sys.stderr.isatty():
        yield from items
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(items, total=total, description=what)


def tell(parts: Iterable[RenderableType]) -> None:
    """Print a result in words: in colour on a terminal unless NO_COLOR is set, and plain, in wide lines, elsewhere."""
    if sys.stdout.isatty():
        Console(highlight=False).print(*parts, sep="\n")
        return
    console = Console(highlight=False, width=WIDTH, file=io.StringIO())
    with console.capture() as printed:
        console.print(*parts, sep="\n")
    click.echo("\n".join(line.rstrip() for line in printed.get().splitlines()))


def say(text: str) -> None:
    """Tell a person something that is no result."""
    click.echo(text, err=True)


def report(result: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a result: as JSON, or a line a field."""
    if as_json:
        click.echo(msgspec.json.encode(result).decode())
        return
    for name, value in result.items():
        click.echo(f"{name.replace('_', ' ')}: {_words(value)}")


def _words(value: Any) -> str:
    """Return *value* for a person; mappings in mappings as an indented line each."""
    if isinstance(value, Mapping):
        if any(isinstance(inner, Mapping) for inner in value.values()):
            return "".join(f"\n  {name}: {_words(inner)}" for name, inner in value.items())
        return ", ".join(f"{name} {_words(inner)}" for name, inner in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(map(_words, value)) or "none"
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)
