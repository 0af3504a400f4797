"""The clocks: whether this machine's agrees with the broker's.

Kafka has no request for the time.  What it stamps itself is the commit of an offset, so one is committed for a group
that exists only for it, on a topic of ours, and its time is read from `__consumer_offsets`.  Then the group is deleted.
"""

import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

import confluent_kafka.admin
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition

from agents.doctor.broker import OFFSETS, Broker
from agents.doctor.finding import Finding, fail, ok, warn
from agents.processor import MAX_SKEW

WORTH_A_LOOK = timedelta(seconds=1)

_SECONDS, _TRIES, _PAUSE_SECONDS = 5.0, 20, 0.2
_kafka: Any = confluent_kafka.admin


class Seen(NamedTuple):
    """A moment by the broker's clock, and what ours said before and after it; in seconds since 1970."""

    before: float
    broker: float
    after: float

    @property
    def skew(self) -> float:
        """Seconds by which the broker's clock is ahead of ours, at least; 0 if the two can be equal."""
        return max(0.0, self.broker - self.after) or min(0.0, self.broker - self.before)


def judged(seen: Seen) -> Finding:
    """Judge the clocks: behind MAX_SKEW, events of this machine are cut back to the broker's time."""
    skew, cure = abs(seen.skew), "synchronise both with NTP (chrony, systemd-timesyncd)"
    told = f"the broker's is {skew:.1f} s {'ahead of' if seen.skew > 0 else 'behind'} this machine's"
    if skew > MAX_SKEW / timedelta(seconds=1):
        return fail("clock", told, cure)
    if skew > WORTH_A_LOOK / timedelta(seconds=1):
        return warn("clock", told, cure)
    return ok("clock", f"agrees with the broker's within {max(1.0, (seen.after - seen.before) * 1000):.0f} ms")


def clock(topics: Iterable[str], broker: Broker) -> Finding:
    """Compare clocks; *topics* are the names of those that an offset may be committed for."""
    cure = "look at NTP on both machines (chronyc tracking)"
    topic = next((name for name in topics if name in broker.topics), None)
    if topic is None:
        return warn("clock", "not compared: that takes a topic of ours", "vitrine topics apply, then again")
    if not broker.controller:
        return warn("clock", "not compared: an embedded broker stamps no commits", "none needed on one machine")
    group = f"vitrine-doctor-{uuid.uuid4().hex[:8]}"
    try:
        return judged(_seen(broker.client, group, topic))
    except (KafkaException, TimeoutError) as error:
        why = error.args[0].name() if isinstance(error, KafkaException) else str(error)
        return warn("clock", f"not compared: the broker does not let us see its stamps ({why})", cure)
    finally:
        with suppress(KafkaException):
            for done in broker.client.delete_consumer_groups([group], request_timeout=_SECONDS).values():
                done.result()


def _seen(client: Any, group: str, topic: str) -> Seen:
    """Commit an offset until the group's coordinator is up, and read when it was."""
    for _ in range(_TRIES):
        asked = [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 0)])]
        before = time.time()
        (done,) = client.alter_consumer_group_offsets(asked, request_timeout=_SECONDS).values()
        committed = done.result().topic_partitions[0].error is None
        after = time.time()
        if committed and (stamp := _stamp(client, group)) >= 0:
            return Seen(before, stamp / 1000, after)
        time.sleep(_PAUSE_SECONDS)
    message = f"no commit of group {group} was stamped"
    raise TimeoutError(message)


def _stamp(client: Any, group: str) -> int:
    """Return the time of the newest record of *group*'s partition, in milliseconds since 1970; -1 if it has none."""
    count = len(client.list_topics(OFFSETS, timeout=_SECONDS).topics[OFFSETS].partitions)
    if not count:
        return -1
    place = TopicPartition(OFFSETS, partition(group, count))
    (found,) = client.list_offsets({place: _kafka.OffsetSpec.max_timestamp()}, request_timeout=_SECONDS).values()
    stamp: int = found.result().timestamp
    return stamp


def partition(group: str, count: int) -> int:
    """Return the partition of *group*: Kafka takes Java's hash of its name."""
    value = 0
    for character in group.encode("ascii"):
        value = (31 * value + character) & 0xFFFFFFFF
    return (value & 0x7FFFFFFF) % count
