"""What the commands that handle logs share: errors, progress and results for people and for programs."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from agents.replay.log import LogError
from agents.settings import Settings
from agents.settings import load as load_settings

T = TypeVar("T")


class UnusableError(click.ClickException):
    """Input or configuration that can't be used.  Operator action: mend what the message names."""

    exit_code = 2


@contextmanager
def explained() -> Iterator[None]:
    """Turn a log that can't be used into a line on standard error and exit code 2."""
    try:
        yield
    except LogError as error:
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


def say(text: str) -> None:
    """Tell a person something that is no result."""
    click.echo(text, err=True)


def report(result: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a result: JSON on standard output, or a line a field on standard error."""
    if as_json:
        click.echo(msgspec.json.encode(result).decode())
        return
    for name, value in result.items():
        if isinstance(value, Mapping):
            value = ", ".join(f"{key} {count:,}" for key, count in value.items()) or "none"  # noqa: PLW2901
        elif isinstance(value, (list, tuple)):
            value = "; ".join(map(str, value)) or "none"  # noqa: PLW2901
        say(
            f"{name.replace('_', ' ')}: {value:,}"
            if isinstance(value, (int, float))
            else f"{name.replace('_', ' ')}: {value}"
        )
