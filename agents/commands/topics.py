"""`vitrine topics`: the topics of this system on a broker, as they have to be."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, get_args

import click
import msgspec

from agents.app import needed
from agents.engine.errors import ConfigurationError
from agents.engine.topics import Plan, apply, look, plan
from agents.engine.topics.judging import copies, duration
from agents.engine.topics.planning import Change, Make
from agents.replay.terminal import BROKER, JSON, UnusableError, say, settings
from agents.settings import Environment, Settings

_WIDTH, _INDENT = 116, "    "

ENVIRONMENT = click.option(
    "--environment", type=click.Choice(get_args(Environment)), help="VITRINE_ENVIRONMENT (development) if not given."
)
REPLICATION = click.option(
    "--replication", type=click.IntRange(1, 7), help="Copies of each partition: 1 in development, 3 in production."
)


@click.group()
def command() -> None:
    """Plan and apply: bring the broker's topics to what this system needs.

    Partition counts never change, settings that this system does not declare are left alone, and topics that nobody
    needs are mentioned and not touched.
    """


@command.command("plan")
@BROKER
@ENVIRONMENT
@REPLICATION
@click.option("--check", is_flag=True, help="Exit with 1 if there is anything to do.")
@JSON
def plan_command(
    *, broker: str | None, environment: Environment | None, replication: int | None, check: bool, as_json: bool
) -> None:
    """Show what `vitrine topics apply` would do, and do nothing.

    Exit codes: 0 the plan is shown; 1 something in it is refused, or, with --check, there is something to do; 2 no
    broker, or bad usage or configuration.

    \b
    Example:
      vitrine topics plan --broker localhost:9092 --environment production --replication 1
    """  # noqa: D301  click's mark for lines that stay as they are
    given = _chosen(broker, environment)
    found = _planned(given, replication)
    _show(found, given, as_json=as_json)
    sys.exit(1 if found.refused or (check and found.pending) else 0)


@command.command("apply")
@BROKER
@ENVIRONMENT
@REPLICATION
@click.option("--yes", is_flag=True, help="Also make the changes by which something could be lost.")
@JSON
def apply_command(
    *, broker: str | None, environment: Environment | None, replication: int | None, yes: bool, as_json: bool
) -> None:
    """Make the topics that are missing, and bring the settings of the others to what they have to be.

    All or nothing: one refusal, and nothing is changed.  Refused are another partition count (keys would move away
    from their states), more copies than there are brokers or than a topic has, and an end of compaction while a topic
    holds records.  Shorter retention, a beginning of compaction, and another minimum of copies in sync, if it is lower
    or not reached now, need --yes, or a yes at the terminal.

    Exit codes: 0 done, or nothing to do; 1 refused; 2 no broker, no --yes, or bad usage or configuration.

    \b
    Example:
      VITRINE_PARTITIONS=16 vitrine topics apply --broker localhost:9092
    """  # noqa: D301  click's mark for lines that stay as they are
    given = _chosen(broker, environment)
    found = _planned(given, replication)
    _show(found, given, as_json=as_json)
    if found.refused:
        say("nothing was changed")
        sys.exit(1)
    if found.risky and not yes:
        _confirm(len(found.risky))
    _or_end(lambda: apply(given.broker, found))
    if found.pending:
        say("done")


def _chosen(broker: str | None, environment: Environment | None) -> Settings:
    given = settings(os.environ)
    return msgspec.structs.replace(given, broker=broker or given.broker, environment=environment or given.environment)


def _planned(given: Settings, replication: int | None) -> Plan:
    def planned() -> Plan:
        wanted = needed(given, replication)
        return plan(wanted, look(given.broker, wanted), prefix=given.topic_prefix, app_id=given.app_id)

    found: Plan = _or_end(planned)
    return found


def _or_end(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except ConfigurationError as error:
        raise UnusableError(str(error)) from error


def _confirm(count: int) -> None:
    if not sys.stdin.isatty():
        message = f"nothing was changed: {count} of these changes could lose something; say --yes if that is meant"
        raise UnusableError(message)
    if not click.confirm(f"{count} of these changes could lose something. Go on?", err=True):
        message = "nothing was changed"
        raise UnusableError(message)


def _show(found: Plan, given: Settings, *, as_json: bool) -> None:
    if as_json:
        result = {"broker": given.broker, "environment": given.environment, "pending": found.pending}
        click.echo(msgspec.json.encode(result | msgspec.structs.asdict(found)).decode())
        return
    for line in lines(found):
        click.echo(line)
    counts = {
        "to be made": len(found.make),
        "settings to change": len(found.change),
        "refused": len(found.refused),
        "unknown": len(found.unknown),
        "as they have to be": found.unchanged,
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    click.echo(f"{given.environment} at {given.broker}: {told}{'' if found.pending else '; nothing to do'}")


def lines(found: Plan) -> Iterator[str]:
    """Yield what there is to do, topics of which the same is to be said together.

    `+` is to be made, `~` to be changed, `!` refused, `?` needed by nobody.
    """
    yield from _together((f"+ {_described(it)}", it.topic) for it in found.make)
    yield from _together((f"~ {_changed(it)}", it.topic) for it in found.change)
    yield from _together((f"! {it.why}", it.topic) for it in found.refused)
    yield from _together(("? needed by nobody, left alone", name) for name in found.unknown)


def _together(said: Iterable[tuple[str, str]]) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for what, topic in said:
        groups.setdefault(what, []).append(topic)
    for what, topics in groups.items():
        yield what
        yield click.wrap_text(", ".join(topics), _WIDTH, _INDENT, _INDENT)


def _described(it: Make) -> str:
    return ", ".join(
        [f"{it.partitions} partitions", copies(it.replication), *(f"{name}={it.config[name]}" for name in it.config)]
    )


def _changed(it: Change) -> str:
    risk = f"; risky: {it.risk}" if it.risk else ""
    return f"{it.setting}: {_value(it, it.found)} → {_value(it, it.wanted)}{risk}"


def _value(change: Change, value: str | None) -> str:
    if value is None:
        return "unknown to this broker"
    return f"{value} ({duration(value)})" if change.setting.endswith(".ms") else value
