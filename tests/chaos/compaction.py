"""Changelogs that are really compacted: only the last record of each key is left."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from confluent_kafka import Producer
from confluent_kafka import admin as _admin

from agents.engine.formats import EPOCH, FENCE_KEY
from agents.processor import Folder
from agents.replay.log import LogRecord
from tests.chaos.reading import fold, read

_kafka: Any = _admin
_AT_ONCE = {
    "min.compaction.lag.ms": "0",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.001",
    "delete.retention.ms": "0",
}
_SPARED = 3
"""Records of a partition that the cleaner may leave: those of the segment that is written to."""
_SECONDS = 60


def compact(bootstrap: str, changelogs: Mapping[str, type[Folder]], partitions: int) -> tuple[int, int, bool]:
    """Compact *changelogs* that nobody writes to; return how many records there were, and are.

    The last value tells whether hardly anything but the last record of each key is left.
    """
    topics = list(changelogs)
    _set(bootstrap, topics)
    before = after = len(read(bootstrap, topics))
    producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0, "enable.idempotence": True})
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        records = read(bootstrap, topics)
        after = len(records)
        if after <= _keys(records) + _SPARED * partitions * len(topics):
            return before, after, True
        time.sleep(0.5)  # older than segment.ms, so that what follows begins a new segment
        for topic, folder in changelogs.items():
            epochs = fold((it for it in records if it.topic == topic), folder).epochs
            for partition, epoch in epochs.items():  # the fence that is there again: it changes nothing
                producer.produce(topic, EPOCH.pack(epoch), FENCE_KEY, partition)
        producer.flush(30)
        time.sleep(0.7)
    return before, after, False


def _keys(records: Iterable[LogRecord]) -> int:
    return len({(it.topic, it.partition, it.key) for it in records})


def _set(bootstrap: str, topics: Sequence[str]) -> None:
    client = _kafka.AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    entries = [
        _kafka.ConfigEntry(name, value, incremental_operation=_kafka.AlterConfigOpType.SET)
        for name, value in _AT_ONCE.items()
    ]
    resources = [
        _kafka.ConfigResource(_kafka.ResourceType.TOPIC, topic, incremental_configs=entries) for topic in topics
    ]
    for done in client.incremental_alter_configs(resources).values():
        done.result()
