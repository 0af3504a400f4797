"""How letters are named on the command line: places and filters."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, get_args

import click

from agents.deadletters.letter import Place
from agents.deadletters.selection import Filters, kind_of_field, moment_of
from agents.replay.terminal import names, settings
from agents.topics import DEAD_LETTERS
from schemas.dead_letters import Stage

F = TypeVar("F", bound=Callable[..., Any])

_TOPICS = [topic.name.removeprefix("dlq.") for topic in DEAD_LETTERS]
_STAGES = (*get_args(Stage), "unknown")


def filtered(command: F) -> F:
    """Give *command* the options that `filters` reads, as one argument `given`."""
    for option in (
        click.option("--until", metavar="TIME", help="Refused before; as --since."),
        click.option("--since", metavar="TIME", help="Refused at or after: 30m, 2h, 7d ago, or 2026-01-31T12:00Z."),
        click.option("--field", multiple=True, metavar="FIELD,...", help="Field at fault, as `list` prints it."),
        click.option("--reason", multiple=True, metavar="REASON,...", help="invalid, undecodable, unscored ..."),
        click.option("--stage", multiple=True, metavar="STAGE,...", help=f"{', '.join(_STAGES)}."),
        click.option("--topic", multiple=True, metavar="TOPIC,...", help="Where the records came from: clicks.v1 ..."),
    ):
        command = option(command)
    return command


def filters(given: dict[str, Any]) -> Filters:
    """Take the options of `filtered` out of *given*; one that can't mean anything is a usage error."""
    now = datetime.now(UTC)
    topics, stages = names(given.pop("topic")), names(given.pop("stage"))
    reasons, fields = names(given.pop("reason")), map(kind_of_field, names(given.pop("field")))
    since, until = given.pop("since"), given.pop("until")
    for option, found, known in (("--topic", topics, _TOPICS), ("--stage", stages, _STAGES)):
        for name in found:
            if name not in known:
                message = f"{option} {name}: expected one of {', '.join(known)}"
                raise click.UsageError(message)
    try:
        bounds = [None if text is None else moment_of(text, now) for text in (since, until)]
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return Filters(frozenset(topics), frozenset(stages), frozenset(reasons), frozenset(fields), *bounds)


def places(texts: tuple[str, ...]) -> list[Place]:
    """Return the places that *texts* name; one that is none is a usage error."""
    try:
        return [Place.of_letter(text) for text in texts]
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def where(broker: str | None, prefix: str | None) -> tuple[str, str]:
    """Return broker and prefix, those of the settings where they are not given."""
    chosen = settings(os.environ)
    return broker or chosen.broker, chosen.topic_prefix if prefix is None else prefix
