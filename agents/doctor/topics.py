"""The topics: whether they are there, of equal counts, and with the settings that they have to have."""

from collections.abc import Iterator

from agents.app import needed
from agents.doctor.broker import Broker
from agents.doctor.finding import Finding, fail, ok, told, warn
from agents.engine.errors import ConfigurationError
from agents.engine.topics import Plan, changelog, check, look, plan
from agents.processor import Folder
from agents.settings import Settings
from agents.topics import ALL, Topic
from agents.wiring import KINDS

_MANY = 3
_APPLY = "vitrine topics apply"

KEYED: dict[str, Topic] = {kind.name: kind.inputs[0].topic for kind in KINDS if issubclass(kind, Folder)}
"""Processor that keeps states, to a topic whose partitions its changelog shares."""


def topics(settings: Settings, broker: Broker) -> Iterator[Finding]:
    """Compare what there is with what a worker insists on."""
    wanted = needed(settings)
    missing = sorted(wanted.keys() - broker.topics.keys())
    if missing:
        yield fail("topics", f"{len(missing)} of {len(wanted)} are missing: {_some(missing)}", _APPLY)
        return
    yield ok("topics", f"all {len(wanted)} are there")
    changelogs = {changelog(settings.app_id, folder): topic for folder, topic in KEYED.items()}
    try:
        counts = check(ALL, changelogs, broker.topics, settings.topic_prefix)
    except ConfigurationError as error:
        yield told("partitions", error, "vitrine topics plan")
        return
    yield ok("partitions", f"equal for each key: {', '.join(map(str, sorted(set(counts.values()))))}")


def topic_settings(settings: Settings, broker: Broker) -> Finding:
    """Compare settings of topics with the plan for this environment."""
    name = "topic settings"
    if not broker.controller:
        return warn(
            name, "not checked: this broker tells no settings, as an embedded one", "set VITRINE_BROKER to a Kafka"
        )
    wanted = needed(settings)
    try:
        cluster = look(broker.servers, wanted)
    except ConfigurationError as error:
        return warn(name, f"not checked: {error}", "let this user describe topics")
    return drift(plan(wanted, cluster, prefix=settings.topic_prefix, app_id=settings.app_id), settings.environment)


def drift(found: Plan, environment: str) -> Finding:
    """Say how far a plan is from nothing to do; topics that are missing are told elsewhere."""
    name = "topic settings"
    refused = [it for it in found.refused if it.topic not in {made.topic for made in found.make}]
    if refused:
        topic, why = refused[0].topic, refused[0].why.partition(": ")[0]
        return warn(
            name,
            f"{len({it.topic for it in refused})} topics are not as {environment} wants: {topic}: {why}",
            "vitrine topics plan says what to do",
        )
    if found.change:
        changed = sorted({f"{it.topic} {it.setting}" for it in found.change})
        return warn(
            name,
            f"{len(changed)} are not as {environment} wants: {_some(changed)}",
            f"vitrine topics plan, then {_APPLY}",
        )
    return ok(name, f"as {environment} wants")


def _some(names: list[str]) -> str:
    more = len(names) - _MANY
    return ", ".join(names[:_MANY]) + (f" and {more} more" if more > 0 else "")
