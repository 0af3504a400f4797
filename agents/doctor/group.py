"""The workers: whether one runs, and how far behind they are."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition

from agents.doctor.broker import Broker
from agents.doctor.finding import Finding, fail, ok, warn
from agents.engine.topics.admin import ends

_SECONDS, _PAUSE_SECONDS = 5.0, 0.2
_FINAL = (KafkaError._UNSUPPORTED_FEATURE, KafkaError.GROUP_AUTHORIZATION_FAILED)  # noqa: SLF001  librdkafka names its own errors so
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
    asked = [ConsumerGroupTopicPartitions(app_id)]
    try:
        described = _asked(lambda: broker.client.describe_consumer_groups([app_id], request_timeout=_SECONDS))
        offsets = _asked(
            lambda: broker.client.list_consumer_group_offsets(asked, request_timeout=_SECONDS)
        ).topic_partitions
    except KafkaException as error:
        cure = "ask a Kafka, as a user who may describe the group"
        yield warn("workers", f"not checked: the broker does not tell ({error.args[0].name()})", cure)
        return
    count = len(described.members)
    yield members(described.state.name, count, app_id)
    committed = {(it.topic, it.partition): it.offset for it in offsets if it.offset >= 0}
    yield from lag(committed, _marks(broker, committed), running=bool(count))


def _asked(ask: Callable[[], Any]) -> Any:
    """Return the one answer; ask again while the group's coordinator is not up, as at a group's first time."""
    end = time.monotonic() + _SECONDS
    while True:
        (found,) = ask().values()
        try:
            return found.result()
        except KafkaException as error:
            if error.args[0].code() in _FINAL or time.monotonic() > end:
                raise
            time.sleep(_PAUSE_SECONDS)


def _marks(broker: Broker, places: Mapping[Place, Any]) -> dict[Place, Marks]:
    asked = [TopicPartition(*place) for place in places if place[1] < broker.topics.get(place[0], 0)]
    if not asked:
        return {}
    first, end = ends(broker.client, asked, first=True), ends(broker.client, asked)
    return {(it.topic, it.partition): Marks(first[it], end[it]) for it in asked if it in first and it in end}
