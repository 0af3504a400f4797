"""What a worker looks at before it joins its group: in which format the states are that it would take over."""

import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from agents.engine.errors import ConfigurationError, StateError
from agents.engine.formats import Kept

_SECONDS = 20.0
_POLL_SECONDS = 0.5
_STEP = 16
"""How many times farther back to look where nothing stands but control records."""


def check_formats(servers: str, kept: Collection[Kept], partitions: Mapping[str, int]) -> None:
    """Raise a FormatError if the last record of a changelog's partition is of another format than *kept* says.

    A ConfigurationError if it is no state at all.  *partitions*: changelog to count.  Nothing is written anywhere.
    """
    by_topic = {it.changelog: it for it in kept}
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "vitrine-preflight",  # never joined
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "log_level": 0,
        }
    )
    try:
        places = [(topic, number) for topic in by_topic for number in range(partitions[topic])]
        for message in _last_records(consumer, places):
            kind, number, headers = by_topic[message.topic()], message.partition(), message.headers() or ()
            kind.check(number, kind.epoch(number, message.offset(), message.key(), message.value(), headers))
    except StateError as error:
        raise ConfigurationError(str(error)) from error
    finally:
        consumer.close()


def _ends(consumer: Consumer, place: tuple[str, int], end: float) -> tuple[int, int]:
    while True:
        try:
            found: tuple[int, int] = consumer.get_watermark_offsets(TopicPartition(*place), timeout=_SECONDS)
        except KafkaException as error:  # a leader that was just elected may not know it yet
            if time.monotonic() > end:
                text = f"no answer about {place[0]}-{place[1]}: {error.args[0].str()}; see whether it has a leader"
                raise ConfigurationError(text) from error
            time.sleep(_POLL_SECONDS)
        else:
            return found


def _last_records(consumer: Consumer, places: Collection[tuple[str, int]]) -> Iterator[Any]:
    """Yield what stands at the end of each of *places*: some records, the last one among them; nothing if it is empty."""
    end = time.monotonic() + _SECONDS
    ends = {place: _ends(consumer, place, end) for place in places}
    steps = {place: 1 for place, (low, high) in ends.items() if high > low}
    while steps:
        starts = {place: max(ends[place][0], ends[place][1] - step) for place, step in steps.items()}
        consumer.assign([TopicPartition(*place, offset) for place, offset in starts.items()])
        waiting, found = set(steps), set[tuple[str, int]]()
        while waiting:
            message: Any = consumer.poll(_POLL_SECONDS)
            if message is None:
                if time.monotonic() > end:
                    silent = ", ".join(sorted(f"{topic}-{number}" for topic, number in waiting))
                    text = f"no answer about {silent}: see whether the brokers are up and their partitions have leaders"
                    raise ConfigurationError(text)
                continue
            place = (message.topic(), message.partition())
            if message.error() is None:
                found.add(place)
                yield message
            elif message.error().code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  librdkafka names its own errors so
                waiting.discard(place)
        steps = {
            place: steps[place] * _STEP for place in steps if place not in found and starts[place] > ends[place][0]
        }
