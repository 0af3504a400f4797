"""The topics that a worker needs on its broker: made, and checked before it starts."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # theirs to export

from agents.engine.errors import ConfigurationError
from agents.processor import Folder, Stage, sources
from agents.topics import DEAD_LETTERS, REKEYS, Topic, dead_letters

_SECONDS = 5.0
_LOOK_SECONDS = 0.1
_LARGE = str(2 << 20)
"""Bytes of a record that is sent on with more headers than it came with."""


class Needed(NamedTuple):
    """One topic as it has to be."""

    partitions: int
    config: dict[str, str]


def changelog(app_id: str, folder: str) -> str:
    """Return the topic that keeps the states of a processor."""
    return f"{app_id}-{folder}-changelog"


def needed(
    topics: Iterable[Topic], folders: Iterable[str], *, prefix: str, app_id: str, partitions: int
) -> dict[str, Needed]:
    """Return *topics* and the changelogs of *folders* by their names on the broker."""
    names = {prefix + topic.name: Needed(partitions, _config(topic)) for topic in topics}
    return names | {changelog(app_id, folder): Needed(partitions, _COMPACTED | _LAGGING) for folder in folders}


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


def existing(servers: str) -> dict[str, int]:
    """Return topic to partition count on the broker; a ConfigurationError if nobody answers."""
    try:
        found = _client(servers).list_topics(timeout=_SECONDS).topics
    except KafkaException as error:
        message = f"no broker answers at {servers}: start one, or set VITRINE_BROKER ({error.args[0].str()})"
        raise ConfigurationError(message) from error
    return {name: len(topic.partitions) for name, topic in found.items()}


def create(servers: str, topics: Mapping[str, Needed], *, replication: int = 1) -> list[str]:
    """Make those of *topics* that are not there; return their names."""
    missing = {name: topic for name, topic in topics.items() if name not in existing(servers)}
    if not missing:
        return []
    new = [NewTopic(name, it.partitions, replication, config=it.config) for name, it in missing.items()]
    client = _client(servers)  # its end would end the calls
    for name, future in client.create_topics(new, operation_timeout=_SECONDS * 4).items():
        try:
            future.result()
        except KafkaException as error:
            message = f"topic {name} could not be made: {error.args[0].str()}"
            raise ConfigurationError(message) from error
    _wait_known(servers, missing)
    return sorted(missing)


def _wait_known(servers: str, topics: Mapping[str, Needed]) -> None:
    """Wait until clients can see new *topics* whole: before that they would refuse to write to some partitions."""
    end = time.monotonic() + _SECONDS * 4
    while True:
        found = existing(servers)
        unknown = sorted(name for name, it in topics.items() if found.get(name) != it.partitions)
        if not unknown:
            return
        if time.monotonic() > end:
            message = f"topics are made and still not to be seen: {', '.join(unknown)}; look at the broker's log"
            raise ConfigurationError(message)
        time.sleep(_LOOK_SECONDS)


def check(
    topics: Sequence[Topic], changelogs: Mapping[str, Topic], found: Mapping[str, int], prefix: str
) -> dict[str, int]:
    """Return the partition count of each of *topics* by its name without prefix, if a worker can start on them.

    *changelogs*: name on the broker to a topic of the same key.
    """
    missing = sorted(
        {name for it in topics if (name := prefix + it.name) not in found} | changelogs.keys() - found.keys()
    )
    if missing:
        message = f"topics are missing: {', '.join(missing)}; make them with `vitrine topics`"
        raise ConfigurationError(message)
    counts: dict[str, dict[str, int]] = {}
    for it in topics:
        counts.setdefault(it.key, {})[prefix + it.name] = found[prefix + it.name]
    for name, it in changelogs.items():
        counts[it.key][name] = found[name]
    for key, its in counts.items():
        if len(set(its.values())) > 1:
            few, many = min(its, key=lambda name: its[name]), max(its, key=lambda name: its[name])
            message = (
                f"topics keyed by {key} must have equal partition counts, fixed for life: {few} has {its[few]}, "
                f"{many} has {its[many]}; make one of them anew with `vitrine topics`"
            )
            raise ConfigurationError(message)
    return {it.name: found[prefix + it.name] for it in topics}


_COMPACTED = {"cleanup.policy": "compact"}
_LAGGING = {"min.compaction.lag.ms": "3600000", "segment.ms": "3600000", "min.cleanable.dirty.ratio": "0.3"}


def _config(topic: Topic) -> dict[str, str]:
    if topic.compacted:
        return dict(_COMPACTED)
    if topic in DEAD_LETTERS or topic in REKEYS:
        return {"max.message.bytes": _LARGE}
    return {}


def _client(servers: str) -> Any:
    return AdminClient({"bootstrap.servers": servers, "log_level": 0})
