"""The place of a run: brokers, topics, workers, and how they are set up."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from agents.app import needed
from agents.engine import topics
from agents.engine.topics import changelog
from agents.processor import Folder
from agents.settings import Settings, load
from agents.topics import BY_NAME, INPUTS
from agents.wiring import KINDS
from tests.chaos.brokers import Brokers
from tests.chaos.crew import Crew
from tests.chaos.plan import Setup

PARTITIONS = 4
PREFIX, GROUP = "chaos.", "chaos"
FOLDERS: tuple[type[Folder], ...] = tuple(kind for kind in KINDS if issubclass(kind, Folder))
CHANGELOGS = {folder.name: changelog(GROUP, folder.name) for folder in FOLDERS}
"""Processor to its changelog."""
READ = [PREFIX + topic.name for topic in BY_NAME.values() if f"dlq.{topic.name}" in BY_NAME]
"""Every topic that the group reads."""
FILLED = [PREFIX + topic.name for topic in INPUTS]
"""Those that the shop fills."""


class Options(NamedTuple):
    """What a run is told."""

    seed: int
    seconds: float
    nodes: int
    folder: Path
    """Of disks, logs and the brokers' data."""
    port: int = 0
    """Of the first broker; 0: any that is free."""
    rate: float = 2_000.0
    """Records a second, at most."""
    broken: str = ""
    """One of `breaks.BREAKS`."""
    models: str = "doubles"
    say: Callable[[str], None] = lambda _: None
    """Gets told how far the run is."""


class Site:
    """Brokers and workers of one run."""

    def __init__(self, options: Options, setup: Setup) -> None:
        self.brokers = Brokers(options.folder / "kafka", options.nodes, options.port)
        variables = {
            "VITRINE_BROKER": self.brokers.bootstrap,
            "VITRINE_APP_ID": GROUP,
            "VITRINE_TOPIC_PREFIX": PREFIX,
            "VITRINE_PARTITIONS": str(PARTITIONS),
            "VITRINE_WEB_PORT": "0",
            "VITRINE_SESSION_TIMEOUT": "PT4S",
            "VITRINE_COMMIT_INTERVAL": "PT0.5S",
            "VITRINE_CALLERS": "1",
            "VITRINE_LIST_SIZE": "4",
            "VITRINE_INFLIGHT_RECORDS": str(setup.inflight_records),
            "VITRINE_OWED_LISTS": str(setup.owed_lists),
        }
        self.settings: Settings = load(variables)
        self.crew = Crew(options.folder, {**variables, "CHAOS_BREAK": options.broken, "CHAOS_MODELS": options.models})
        self._nodes, self._setup = options.nodes, setup

    def start(self) -> None:
        """Start the brokers and make the topics; workers are for the run to start."""
        self.brokers.start()
        wanted = needed(self.settings, self._nodes)
        for name in CHANGELOGS.values():
            wanted[name] = wanted[name]._replace(config=self._setup.changelog())
        topics.create(self.brokers.bootstrap, wanted)

    def end(self) -> None:
        """End every process."""
        self.crew.end()
        self.brokers.stop()
