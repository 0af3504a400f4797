"""Builds a worker of settings: the one place that wires."""

import platform
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version

import faust
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from agents.engine import topics
from agents.engine.app import App, Config
from agents.engine.app import build as build_engine
from agents.engine.errors import ConfigurationError
from agents.engine.topics import Needed
from agents.health import Health
from agents.metrics import Metrics
from agents.processor import Stage
from agents.settings import Settings
from agents.shoppers.agent import Shoppers
from agents.topics import ALL
from agents.wiring import FOLDERS
from models.api import Models

LISTS = "agents.lists:lists"
"""What makes the processor of lists in a process of its own."""
_TOLD = ("vitrine", "faust-streaming", "aiokafka", "onnxruntime", "onnxruntime-gpu")
"""Packages whose versions a worker exports, where they are installed."""


def build(
    settings: Settings, stages: Sequence[Stage], models: Models | None = None, lists: str = LISTS
) -> tuple[App, Health]:
    """Return the app of one worker and what it tells; a ConfigurationError if the broker is not ready for it.

    *models* are those of the *stages*, to be told of.  *lists*: see `config`.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a birth time for each series: twice as many
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    metrics = Metrics(registry)
    metrics.build.info(_versions())
    for name, model in (models.loaded() if models is not None else {}).items():
        provider = getattr(model, "provider", "none")
        metrics.model(name, version=model.version, provider=provider, wanted=settings.provider)
    app = build_engine(config(settings, lists), stages, metrics)
    health = Health(
        metrics,
        settings.web_host,
        settings.web_port,
        ready=app.engine.ready,
        failed=lambda: app.should_stop,
        report=app.engine.report,
    )
    return app, health


def run(app: App, health: Health) -> int:
    """Run a worker until it is told to stop; return its exit code: 1 if it failed, 2 if it met states that it can't keep."""
    worker = faust.Worker(app, health, quiet=True, override_logging=False)
    worker.spinner = None  # it would write to the terminal
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        if isinstance(app.crash_reason, ConfigurationError):
            return 2
        return end.code if isinstance(end.code, int) else 1
    finally:
        if app.limit is not None:
            app.limit.cancel()
    return 1 if app.crashed else 0


def config(settings: Settings, lists: str = LISTS) -> Config:
    """Return the part of the settings that the engine needs; *lists* makes the processor of lists in a process of its own."""
    return Config(
        servers=settings.broker,
        app_id=settings.app_id,
        prefix=settings.topic_prefix,
        directory=settings.data_dir,
        commit_seconds=settings.commit_interval / timedelta(seconds=1),
        session_seconds=settings.session_timeout / timedelta(seconds=1),
        inflight_records=settings.inflight_records,
        owed_lists=settings.owed_lists,
        callers=settings.callers,
        wait_ms=settings.fetch_wait // timedelta(milliseconds=1),
        memory=settings.cache << 20,
        instance=settings.instance_id,
        warm_copies=settings.warm_copies,
        asides={Shoppers.name: lists} if settings.list_process else {},
        strict=settings.environment == "production",
    )


def needed(settings: Settings, replication: int | None = None) -> dict[str, Needed]:
    """Return every topic of this system by its name on the broker; a ConfigurationError if a setting will not do.

    *replication*: copies of each partition, if not as many as the environment wants.
    """
    return topics.needed(
        ALL,
        FOLDERS,
        prefix=settings.topic_prefix,
        app_id=settings.app_id,
        partitions=settings.partitions,
        environment=settings.environment,
        replication=replication,
        retention=settings.retention,
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _TOLD:
        try:
            found[_label(package)] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _label(package: str) -> str:
    """Name the label of a package; ours is simply `version`."""
    return "version" if package == "vitrine" else package.replace("-", "_")
