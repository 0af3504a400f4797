"""The workers: whether one runs, and how far behind they are."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition

from agents.doctor.broker import Broker
from agents.doctor.finding import Finding, fail, ok, warn
from agents.engine.topics.admin import ends

_SECONDS = 5.0
_START = "vitrine worker"

Place = tuple[str, int]
"""Topic and partition."""


class Marks(NamedTuple):
    """What a partition holds."""

    first: int
    end: int


def members(state: str, count: int, app_id: str) -> Finding:
    """Judge the group; *state* is Kafka's word for it."""
    if not count:
        return warn("workers", f"none runs in group {app_id}", _START)
    if state != "STABLE":
        return warn(
            "workers",
            f"{count} in group {app_id}, sharing out their work now ({state.lower()})",
            "look again in a minute",
        )
    return ok("workers", f"{count} in group {app_id}")


def lag(committed: Mapping[Place, int], marks: Mapping[Place, Marks], *, running: bool) -> Iterator[Finding]:
    """Judge the offsets that a group has committed by what its partitions hold."""
    known = {place: offset for place, offset in committed.items() if place in marks}
    if not known:
        yield ok("lag", "nothing is committed yet")
        return
    lost = [place for place, offset in known.items() if not marks[place].first <= offset <= marks[place].end]
    if lost:
        topic, partition = min(lost)
        offset, its = known[topic, partition], marks[topic, partition]
        yield fail(
            "lag",
            f"{topic}/{partition}: committed is {offset}, the log holds {its.first} to {its.end}: a worker stops here "
            f"({len(lost)} such partitions)",
            "find out why (retention, a topic made anew), then set the group's offset with kafka-consumer-groups.sh",
        )
    behind = sum(max(0, marks[place].end - max(offset, marks[place].first)) for place, offset in known.items())
    told = f"{behind:,} records of {len(known)} partitions are not committed"
    if behind and not running:
        yield warn("lag", f"{told}, and nobody reads them", _START)
    elif not lost:
        yield ok("lag", told)


def group(app_id: str, broker: Broker) -> Iterator[Finding]:
    """Look at the group of the workers."""
    try:
        (found,) = broker.client.describe_consumer_groups([app_id], request_timeout=_SECONDS).values()
        described = found.result()
        (found,) = broker.client.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(app_id)], request_timeout=_SECONDS
        ).values()
        offsets = found.result().topic_partitions
    except KafkaException as error:
        cure = "ask a Kafka, as a user who may describe the group"
        yield warn("workers", f"not checked: the broker does not tell: {error.args[0].str()}", cure)
        return
    count = len(described.members)
    yield members(described.state.name, count, app_id)
    committed = {(it.topic, it.partition): it.offset for it in offsets if it.offset >= 0}
    yield from lag(committed, _marks(broker, committed), running=bool(count))


def _marks(broker: Broker, places: Mapping[Place, Any]) -> dict[Place, Marks]:
    asked = [TopicPartition(*place) for place in places if place[1] < broker.topics.get(place[0], 0)]
    if not asked:
        return {}
    first, end = ends(broker.client, asked, first=True), ends(broker.client, asked)
    return {(it.topic, it.partition): Marks(first[it], end[it]) for it in asked if it in first and it in end}
