"""All checks, one after another."""

from collections.abc import Iterator, Mapping

from agents.app import needed
from agents.doctor import broker as brokers
from agents.doctor import inference, surroundings
from agents.doctor.broker import Broker
from agents.doctor.clock import clock
from agents.doctor.finding import Check, Finding, examined, warn
from agents.doctor.group import group
from agents.doctor.tools import tools
from agents.doctor.topics import topic_settings, topics
from agents.settings import Settings

_ON_THE_BROKER = ("listeners", "topics", "copies", "topic settings", "workers", "clock")
_ON_SETTINGS = ("data dir", "web port", "models", "inference", "broker", *_ON_THE_BROKER)


def examine(environ: Mapping[str, str], broker: str | None = None, *, writing: bool = True) -> Iterator[Finding]:
    """Yield what each check finds, as soon as it is known.

    *broker* takes the place of the setting.  Without *writing* nothing is written to the broker, and clocks are not
    compared.
    """
    yield from examined("tools", tools)
    given = environ if broker is None else {**environ, "VITRINE_BROKER": broker}
    settings, finding = surroundings.configuration(given)
    yield finding
    if settings is None:
        yield from _unchecked(_ON_SETTINGS, "the settings can't be read", "mend them first")
        return
    for name, check in _here(settings):
        yield from examined(name, check)
    there, finding = brokers.answering(settings.broker)
    yield finding
    if there is None:
        yield from _unchecked(_ON_THE_BROKER, "no broker answers", "start one first")
        return
    for name, check in _there(settings, there, writing=writing):
        yield from examined(name, check)


def _here(settings: Settings) -> Iterator[tuple[str, Check]]:
    """Yield the checks that need no broker."""
    yield "data dir", lambda: surroundings.data_dir(settings.data_dir)
    yield "web port", lambda: [surroundings.web_port(settings.web_host, settings.web_port)]
    yield "models", lambda: inference.cards(settings.models_dir)
    yield "inference", lambda: inference.inference(settings, inference.gpus())


def _there(settings: Settings, broker: Broker, *, writing: bool) -> Iterator[tuple[str, Check]]:
    """Yield the checks that ask the broker."""
    yield "listeners", lambda: [brokers.listeners(broker)]
    if settings.environment == "production":
        yield "nodes", lambda: brokers.nodes(broker)
    yield "topics", lambda: topics(settings, broker)
    yield "copies", lambda: [brokers.copies([*needed(settings), brokers.OFFSETS], broker)]
    yield "topic settings", lambda: [topic_settings(settings, broker)]
    yield "workers", lambda: group(settings.app_id, broker)
    if writing:
        yield "clock", lambda: [clock(sorted(needed(settings)), broker)]


def _unchecked(names: tuple[str, ...], why: str, cure: str) -> Iterator[Finding]:
    for name in names:
        yield warn(name, f"not checked: {why}", cure)
