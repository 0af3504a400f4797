"""A Faust app with an engine in it: the one place that knows how Faust has to be set up."""

import logging
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import faust
import structlog
from confluent_kafka import KafkaException
from faust.tables import TableManager

from agents.engine import private, topics
from agents.engine.assignor import CoPartitionAssignor
from agents.engine.consumer import Transport
from agents.engine.engine import Engine
from agents.engine.errors import ConfigurationError, EngineError
from agents.engine.folder import claim
from agents.engine.formats import Kept
from agents.engine.preflight import check_formats
from agents.engine.tuning import tune
from agents.metrics import Metrics
from agents.processor import Folder, Stage

log = structlog.get_logger(__name__)

_STOP_SECONDS = 45.0
"""A stop that takes longer is ended by force; what is not committed is repeated by the next worker."""


_HEARTBEAT_SECONDS = 0.5
"""A rebalance waits until every worker has heard of it, which is at its next heartbeat."""


class Config(NamedTuple):
    """What an engine needs to know of its surroundings."""

    servers: str
    """Bootstrap servers, separated by commas."""
    app_id: str
    prefix: str
    directory: Path
    """Of the local stores."""
    commit_seconds: float
    session_seconds: float
    inflight_records: int
    owed_lists: int
    callers: int
    wait_ms: int = 500
    """Longest poll of a broker without records."""
    memory: int = 256 << 20
    """Bytes that states in use may take."""
    instance: str = ""
    """Name of the worker that stays over restarts; empty if it has none."""
    warm_copies: int = 0
    """Of each state, on workers that do not own it."""
    asides: Mapping[str, str] = {}
    """Stages that are scored in a process of their own, by name, to what makes them there: `module:function`."""
    strict: bool = False
    """Whether a changelog that could lose states stops the worker; else it is only told of."""


class Tables(TableManager):
    """Faust's tables, of which there are none."""

    async def sleep(self, n: Any, *, loop: Any = None) -> None:
        """Do not wait for tables to be declared, a second at each start."""


class App(faust.App):
    """Starts the engine before it joins the group, and stops it last."""

    engine: Engine
    claimed: IO[str]
    """Keeps other workers out of the folder of the stores."""
    limit: threading.Timer | None = None
    """Ends the process by force if stopping takes too long; whoever runs the app cancels it when all has ended."""

    async def crash(self, reason: BaseException) -> None:
        """Stop because of the first thing that went wrong; the others follow from it, or say the same."""
        if not self.crashed:
            await super().crash(reason)

    async def on_start(self) -> None:
        """Connect and read the views."""
        await super().on_start()
        await self.engine.start()
        tune()

    async def on_stop(self) -> None:
        """Stop as Faust does, then release what is the engine's."""
        self.limit = threading.Timer(_STOP_SECONDS, os._exit, [1])
        self.limit.daemon = True
        self.limit.start()
        try:
            await super().on_stop()
        finally:
            await self.engine.stop()
            self.claimed.close()


def build(config: Config, stages: Sequence[Stage], metrics: Metrics) -> App:
    """Return an app that runs *stages*; a ConfigurationError if they can't be run on this broker."""
    found = topics.existing(config.servers)
    folders = [stage for stage in stages if isinstance(stage, Folder)]
    changelogs = {topics.changelog(config.app_id, it.name): it.inputs[0].topic for it in folders}
    partitions = topics.check(topics.used_by(stages), changelogs, found, config.prefix)
    _insist(topics.losing(topics.settings(config.servers, changelogs)), strict=config.strict)
    kept = [Kept(topics.changelog(config.app_id, it.name), it.state.format) for it in folders]
    check_formats(config.servers, kept, found)
    identities = _identities(config, stages)
    claimed = claim(config.directory)
    app = _app(config)
    app.claimed = claimed
    app.engine = engine = Engine(
        app,
        stages,
        servers=config.servers,
        prefix=config.prefix,
        partitions=partitions,
        directory=config.directory,
        metrics=metrics,
        inflight_records=config.inflight_records,
        owed_lists=config.owed_lists,
        callers=config.callers,
        wait_ms=config.wait_ms,
        memory=config.memory,
        identities=identities,
        asides=config.asides,
    )
    for name in (App.__module__, Transport.__module__):
        logging.getLogger(name).addFilter(_without_trace)
    transport = Transport(list(app.conf.broker), app)
    transport.engine = engine
    app.transport = transport
    app.assignor = assignor = CoPartitionAssignor(
        engine.layout(), engine.on_disk, copies=config.warm_copies, caught_up=engine.warm.caught_up
    )
    engine.warm_units = lambda: assignor.warm
    private.use_batches()
    private.use_coordinator()
    private.use_sessions(
        frozenset(config.prefix + it.topic.name for stage in stages for it in stage.inputs if it.patient)
    )
    return app


def _insist(losing: Sequence[str], *, strict: bool) -> None:
    if losing and strict:
        message = f"{'; '.join(losing)}; `vitrine topics apply` mends it"
        raise ConfigurationError(message)
    for line in losing:
        log.warning("states could be lost, `vitrine topics apply` mends it", why=line)


def _identities(config: Config, stages: Sequence[Stage]) -> dict[str, str]:
    """Return the broker's id of each topic that is read, without the prefix; a ConfigurationError if it does not tell."""
    names = {config.prefix + topic.name: topic.name for stage in stages for topic in topics.read_by(stage)}
    try:
        found = topics.identities(config.servers, names)
    except KafkaException as error:
        message = (
            f"{config.servers} does not describe its topics: {error.args[0].str()}; see what this client may do there"
        )
        raise ConfigurationError(message) from error
    return {names[name]: identity for name, identity in found.items() if identity}


def _app(config: Config) -> App:
    wrong = {name: found for name, found in private.versions().items() if found != private.PINNED[name]}
    if wrong:
        message = f"installed: {wrong}, known: {private.PINNED}; install requirements/ again"
        raise ConfigurationError(message)
    options: dict[str, Any] = {
        "broker": [f"kafka://{server.strip()}" for server in config.servers.split(",")],
        "datadir": config.directory,
        "broker_commit_interval": config.commit_seconds,
        "broker_session_timeout": config.session_seconds,
        "broker_heartbeat_interval": min(_HEARTBEAT_SECONDS, config.session_seconds / 5),
        "consumer_group_instance_id": config.instance or None,
        "broker_rebalance_timeout": max(60.0, config.session_seconds),
        "broker_request_timeout": max(90.0, config.session_seconds * 2),
        "consumer_auto_offset_reset": "none",  # positions are set here; an offset out of the log is an error
        "consumer_metadata_max_age_ms": 5_000,
        "TableManager": Tables,
        "table_standby_replicas": 1,  # at 0 Faust takes no assignor of ours
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "stream_wait_empty": True,
        "web_enabled": False,
        "worker_redirect_stdouts": False,
    }
    return App(config.app_id, **options)


def _without_trace(record: logging.LogRecord) -> bool:
    """Let what stops a worker be one line where the line says what to do, and where a thread was only faster to end."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, EngineError) or (isinstance(error, RuntimeError) and str(error) == "Event loop is closed"):
        record.exc_info = None
    return True
