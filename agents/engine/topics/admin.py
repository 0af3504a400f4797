"""Topics on a real broker: looked at, made, changed."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka import admin as _admin

from agents.engine.errors import ConfigurationError
from agents.engine.topics.declared import Needed
from agents.engine.topics.judging import will_do
from agents.engine.topics.planning import Change, Cluster, Found, Make, Plan

_kafka: Any = _admin
"""Its types don't say what it exports."""

_SECONDS = 5.0
_LONGER_SECONDS = 20.0
_LOOK_SECONDS = 0.1


def existing(servers: str) -> dict[str, int]:
    """Return topic to partition count on the broker; a ConfigurationError if nobody answers."""
    return {name: len(topic.partitions) for name, topic in _metadata(_client(servers), servers).topics.items()}


def identity(servers: str, topic: str) -> str | None:
    """Return the id that the broker gave *topic* when it was made, and gives to no other; None if there is no such topic.

    Empty where the broker tells none.

    A KafkaException or a ConfigurationError if nobody answers.
    """
    return identities(servers, [topic])[topic]


def identities(servers: str, names: Iterable[str]) -> dict[str, str | None]:
    """Return what `identity` says of each topic."""
    client, names = _client(servers), list(names)
    metadata = _metadata(client, servers)
    if _is_embedded(metadata):
        return dict.fromkeys(names, "")
    asked = client.describe_topics(TopicCollection(names), request_timeout=_LONGER_SECONDS)
    return {name: _identity(asked[name]) for name in names}


def settings(servers: str, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the settings of topics that are there; nothing of those of which the broker does not tell.

    A ConfigurationError if nobody answers.
    """
    client = _client(servers)
    metadata = _metadata(client, servers)
    if _is_embedded(metadata):
        return {}
    found: dict[str, dict[str, str]] = {}
    for name in names:
        with suppress(ConfigurationError):
            found |= _configs(client, [name])
    return found


def _identity(described: Any) -> str | None:
    try:
        return str(described.result().topic_id)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        raise


def look(servers: str, names: Iterable[str]) -> Cluster:
    """Return what the broker tells of the topics *names*; a ConfigurationError if it tells no settings."""
    client, names = _client(servers), set(names)
    metadata = _metadata(client, servers)
    _administrable(metadata, servers)
    there = {name: topic.partitions.values() for name, topic in metadata.topics.items() if name in names}
    configs = _configs(client, list(there))
    filled = _filled(client, {name: len(partitions) for name, partitions in there.items()})
    topics = {
        name: Found(
            partitions=len(partitions),
            replication=min((len(it.replicas) for it in partitions), default=0),
            in_sync=min((len(it.isrs) for it in partitions), default=0),
            empty=name not in filled,
            config=configs[name],
        )
        for name, partitions in there.items()
    }
    others = tuple(sorted(name for name in metadata.topics if name not in names and not name.startswith("__")))
    return Cluster(len(metadata.brokers), topics, others)


def create(servers: str, topics: Mapping[str, Needed]) -> list[str]:
    """Make those of *topics* that are not there; return their names."""
    there = existing(servers)
    missing = [Make(name, it.partitions, it.replication, it.config) for name, it in topics.items() if name not in there]
    _create(_client(servers), servers, missing)
    return sorted(it.topic for it in missing)


def apply(servers: str, plan: Plan) -> None:
    """Do all of *plan*, or nothing if something of it is refused, here or by the broker: it is asked before.

    A ConfigurationError names what was refused.  What is done stays done if the broker fails in between; do it again.
    """
    if plan.refused:
        message = "nothing was changed: the plan has refusals"
        raise ConfigurationError(message)
    client = _client(servers)
    _administrable(_metadata(client, servers), servers)
    for rehearsal in (True, False):
        _create(client, servers, plan.make, rehearsal=rehearsal)
        _change(client, plan, rehearsal=rehearsal)


def _create(client: Any, servers: str, topics: Sequence[Make], *, rehearsal: bool = False) -> None:
    new = [_kafka.NewTopic(it.topic, it.partitions, it.replication, config=it.config) for it in topics]
    if not new:
        return
    asked = client.create_topics(new, operation_timeout=_LONGER_SECONDS, validate_only=rehearsal)
    for name, future in asked.items():
        _done(future, f"topic {name} could not be made", rehearsal=rehearsal)
    if not rehearsal:
        _wait_known(client, servers, topics)


def _change(client: Any, plan: Plan, *, rehearsal: bool) -> None:
    entries: dict[str, list[_kafka.ConfigEntry]] = {}
    for it in plan.change:
        entry = _kafka.ConfigEntry(it.setting, it.wanted, incremental_operation=_kafka.AlterConfigOpType.SET)
        entries.setdefault(it.topic, []).append(entry)
    if not entries:
        return
    resources = [
        _kafka.ConfigResource(_kafka.ResourceType.TOPIC, name, incremental_configs=its) for name, its in entries.items()
    ]
    asked = client.incremental_alter_configs(resources, validate_only=rehearsal, request_timeout=_LONGER_SECONDS)
    for resource, future in asked.items():
        _done(future, f"the settings of topic {resource.name} could not be changed", rehearsal=rehearsal)
    if not rehearsal:
        _wait_in_force(client, plan.change)


def _done(future: Any, failure: str, *, rehearsal: bool) -> None:
    try:
        future.result()
    except KafkaException as error:
        what = "nothing was changed" if rehearsal else "what was done before stays; plan again"
        message = f"{failure}: {error.args[0].str()} ({what})"
        raise ConfigurationError(message) from error


def _wait_known(client: Any, servers: str, topics: Sequence[Make]) -> None:
    """Wait until clients can see new *topics* whole: before that they would refuse to write to some partitions."""

    def unknown() -> list[str]:
        found = _metadata(client, servers).topics
        return sorted(it.topic for it in topics if not _whole(found.get(it.topic), it.partitions))

    _wait(unknown, "topics are made and still not to be seen")


def _wait_in_force(client: Any, changes: Sequence[Change]) -> None:
    """Wait until the broker tells what it was told: its controller knows first."""

    def old() -> list[str]:
        found = _configs(client, sorted({it.topic for it in changes}))
        return [
            f"{it.topic} {it.setting}"
            for it in changes
            if not will_do(it.setting, found[it.topic].get(it.setting), it.wanted)
        ]

    _wait(old, "settings are changed and still not in force")


def _wait(left: Callable[[], list[str]], what: str) -> None:
    end = time.monotonic() + _LONGER_SECONDS
    while names := left():
        if time.monotonic() > end:
            message = f"{what}: {', '.join(names)}; look at the broker's log"
            raise ConfigurationError(message)
        time.sleep(_LOOK_SECONDS)


def _whole(topic: Any, partitions: int) -> bool:
    return topic is not None and len(topic.partitions) == partitions


def _metadata(client: Any, servers: str) -> Any:
    try:
        return client.list_topics(timeout=_SECONDS)
    except KafkaException as error:
        message = f"no broker answers at {servers}: start one, or set VITRINE_BROKER ({error.args[0].str()})"
        raise ConfigurationError(message) from error


def _is_embedded(metadata: Any) -> bool:
    """Tell whether the broker names no controller, which clients would wait for."""
    return metadata.controller_id not in metadata.brokers


def _administrable(metadata: Any, servers: str) -> None:
    if _is_embedded(metadata):
        message = (
            f"the broker at {servers} tells and takes no settings of topics (an embedded one has its topics from the start): "
            "set VITRINE_BROKER to a Kafka"
        )
        raise ConfigurationError(message)


def _configs(client: Any, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    asked = client.describe_configs(
        [_kafka.ConfigResource(_kafka.ResourceType.TOPIC, name) for name in names], request_timeout=_LONGER_SECONDS
    )
    found: dict[str, dict[str, str]] = {}
    for resource, future in asked.items():
        try:
            entries = future.result()
        except KafkaException as error:
            message = (
                f"the broker does not tell the settings of topic {resource.name}: {error.args[0].str()}; "
                "plan and apply need the right DescribeConfigs on topics"
            )
            raise ConfigurationError(message) from error
        found[resource.name] = {name: entry.value for name, entry in entries.items() if entry.value is not None}
    return found


def _filled(client: Any, counts: Mapping[str, int]) -> set[str]:
    """Return which topics hold records, or may: those of which the broker does not tell."""
    places = [TopicPartition(name, number) for name, count in counts.items() for number in range(count)]
    first, last = ends(client, places, first=True), ends(client, places)
    return {place.topic for place in places if place not in first or first[place] != last.get(place)}


def ends(client: Any, places: Sequence[TopicPartition], *, first: bool = False) -> dict[TopicPartition, int]:
    """Return the offset behind the last record of each of *places*, or of the *first* one.

    A place that has no leader for some seconds is left out; one of a new topic gets its leader in a moment.
    """
    spec = _kafka.OffsetSpec.earliest() if first else _kafka.OffsetSpec.latest()
    found: dict[TopicPartition, int] = {}
    end = time.monotonic() + _SECONDS
    while left := [place for place in places if place not in found]:
        for place, future in client.list_offsets(dict.fromkeys(left, spec), request_timeout=_SECONDS).items():
            with suppress(KafkaException):
                found[place] = future.result().offset
        if time.monotonic() > end:
            break
        if len(found) < len(places):
            time.sleep(_LOOK_SECONDS)
    return found


def _client(servers: str) -> Any:
    return _kafka.AdminClient({"bootstrap.servers": servers, "log_level": 0})
