"""Which topics there have to be on the broker, and with which settings.  Pure."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from agents.engine.errors import ConfigurationError
from agents.engine.formats import TOMBSTONES_LAST
from agents.processor import Folder, Stage, sources
from agents.settings import Environment
from agents.topics import COPY, DEAD_LETTERS, RECOMMENDATIONS, REKEYS, Topic, dead_letters

COPIES: dict[Environment, int] = {"development": 1, "production": 3}
"""Of each partition."""

SHORTEST_RETENTION, LONGEST_RETENTION = timedelta(hours=1), timedelta(days=28)
"""What an erased shopper did has left every log of events after the longest."""

_LISTS_RETENTION = timedelta(days=7)
"""Of what a newer list replaces; longer than any storefront is away."""

_SHORT_LIVED = (RECOMMENDATIONS, COPY)


class Needed(NamedTuple):
    """One topic as it has to be."""

    partitions: int
    config: dict[str, str]
    """Settings by Kafka's names; what is not here is the broker's or the operator's."""
    replication: int = 1
    """Copies of each partition."""


def changelog(app_id: str, folder: str) -> str:
    """Return the topic that keeps the states of a processor."""
    return f"{app_id}-{folder}-changelog"


def needed(
    topics: Iterable[Topic],
    folders: Iterable[str],
    *,
    prefix: str,
    app_id: str,
    partitions: int,
    environment: Environment = "development",
    replication: int | None = None,
    retention: timedelta = LONGEST_RETENTION,
) -> dict[str, Needed]:
    """Return *topics* and the changelogs of *folders* by their names on the broker.

    *replication* takes the place of the environment's.  *retention* is that of events, in production only: elsewhere
    logs that are years old are sent to try things out.  A ConfigurationError if it is too short or too long.
    """
    if not SHORTEST_RETENTION <= retention <= LONGEST_RETENTION:
        message = f"VITRINE_RETENTION: {retention} is not between an hour (PT1H) and 28 days (P28D)"
        raise ConfigurationError(message)
    copies = replication or COPIES[environment]
    if environment == "production":
        safe = {"min.insync.replicas": str(max(1, min(2, copies - 1))), "unclean.leader.election.enable": "false"}
        events, compacted, states = retention, _COMPACTED_SOON, _CHANGELOG | _FORGETTING
    else:
        safe, events, compacted, states = {}, None, _COMPACTED, _CHANGELOG
    names = {prefix + it.name: _config(it, events, compacted) for it in topics}
    names |= {changelog(app_id, folder): states for folder in folders}
    return {name: Needed(partitions, config | safe, copies) for name, config in names.items()}


def used_by(stages: Sequence[Stage]) -> list[Topic]:
    """Return every topic that *stages* read, write or view, and where their bad and misplaced records go."""
    topics: dict[str, Topic] = {}
    for stage in stages:
        read = read_by(stage)
        views = tuple(view.topic for view in stage.views)
        refused = tuple(dead_letters(topic) for topic in read)
        topics |= {topic.name: topic for topic in (*read, *views, *stage.outputs, *refused)}
    return list(topics.values())


def read_by(stage: Stage) -> tuple[Topic, ...]:
    """Return the topics that a processor reads event by event."""
    return sources(stage) if isinstance(stage, Folder) else tuple(source.topic for source in stage.inputs)


def _config(topic: Topic, retention: timedelta | None, compacted: dict[str, str]) -> dict[str, str]:
    if topic.compacted:
        return compacted
    config = dict(_DELETED)
    if topic in DEAD_LETTERS or topic in REKEYS:
        config["max.message.bytes"] = _LARGE
    if retention is not None:
        kept = min(retention, _LISTS_RETENTION) if topic in _SHORT_LIVED else retention
        config["retention.ms"] = _milliseconds(kept)
    return config


def _milliseconds(duration: timedelta) -> str:
    return str(duration // timedelta(milliseconds=1))


_HOUR, _DAY = _milliseconds(timedelta(hours=1)), _milliseconds(timedelta(days=1))
_LARGE = str(2 << 20)
"""Bytes of a record that is sent on with more headers than it came with."""

_DELETED = {"cleanup.policy": "delete"}
_COMPACTED = {"cleanup.policy": "compact"}
_FORGETTING = {"max.compaction.lag.ms": _DAY}
"""What was replaced or taken away is gone from the disk a day later."""

_COMPACTED_SOON = {
    **_COMPACTED,
    **_FORGETTING,
    "min.cleanable.dirty.ratio": "0.1",
    "delete.retention.ms": _milliseconds(
        timedelta(days=7)
    ),  # longer than any reader is away: it must see the tombstone
}
_CHANGELOG = {
    **_COMPACTED,
    "delete.retention.ms": _milliseconds(TOMBSTONES_LAST),  # a local store that is older than half of it is made anew
    "min.compaction.lag.ms": _HOUR,  # a new owner has repaired what a former one wrote by then
    "segment.ms": _HOUR,  # the segment that is written to is never compacted
    "min.cleanable.dirty.ratio": "0.3",
}
