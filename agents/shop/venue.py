"""Where a demo happens: an embedded broker, or names of its own on a real Kafka; and the worker's files."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from agents.broker import EmbeddedBroker, Partition
from agents.engine import topics as engine_topics
from agents.shop.feed import Address
from agents.topics import ALL, INPUTS
from agents.wiring import FOLDERS

_SHORT = "PT0.005S"
"""The embedded broker does not end a poll when a record comes."""


class Venue(NamedTuple):
    """A broker with the topics of a demo, and a folder for its worker."""

    name: str
    """`embedded`, or the address of the broker."""
    address: Address
    app_id: str
    folder: Path
    embedded: EmbeddedBroker | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The settings of a worker here."""
        poll = {} if self.embedded is None else {"VITRINE_FETCH_WAIT": _SHORT}
        return {
            **poll,
            "VITRINE_BROKER": self.address.bootstrap,
            "VITRINE_TOPIC_PREFIX": self.address.prefix,
            "VITRINE_APP_ID": self.app_id,
            "VITRINE_PARTITIONS": str(self.address.partitions),
            "VITRINE_DATA_DIR": str(self.folder / "data"),
        }

    def guard(self, read: dict[tuple[str, int], int]) -> None:
        """Raise if the embedded broker dropped what the worker has not committed or the shop, at *read*, not read."""
        if self.embedded is None:
            return
        names = [self.address.prefix + topic.name for topic in INPUTS]
        asked = [TopicPartition(name, number) for name in names for number in range(self.address.partitions)]
        try:
            committed = _committed(self.address.bootstrap, self.app_id, asked)
        except KafkaException:  # too busy to answer: the next look will do
            return
        self.embedded.guard({Partition(*place): offset for place, offset in {**committed, **read}.items()})


@contextmanager
def embedded(partitions: int, port: int = 0) -> Iterator[Venue]:
    """Start a broker in this process, at *port* or any that is free, and stop it."""
    app_id = "vitrine-demo"
    needed = engine_topics.needed(ALL, FOLDERS, prefix="", app_id=app_id, partitions=partitions)
    with EmbeddedBroker({name: it.partitions for name, it in needed.items()}, port) as broker, _folder() as folder:
        yield Venue("embedded", Address(broker.bootstrap, "", partitions), app_id, folder, broker)


@contextmanager
def real(servers: str, partitions: int, *, keep: bool) -> Iterator[Venue]:
    """Make topics with a prefix of their own on a real Kafka, so that runs do not mix; delete them unless *keep*."""
    app_id = f"vitrine-demo-{uuid.uuid4().hex[:8]}"
    prefix = f"{app_id}."
    needed = engine_topics.needed(ALL, FOLDERS, prefix=prefix, app_id=app_id, partitions=partitions)
    try:
        engine_topics.create(servers, needed)
        with _folder() as folder:
            yield Venue(servers, Address(servers, prefix, partitions), app_id, folder)
    finally:
        if not keep:
            _delete(servers, [name for name in engine_topics.existing(servers) if name in needed], app_id)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vitrine-demo-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _committed(servers: str, group: str, asked: list[TopicPartition]) -> dict[tuple[str, int], int]:
    """Return the offsets of *group*, zero where it has committed none."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": group, "log_level": 0})
    try:
        return {(it.topic, it.partition): max(0, it.offset) for it in consumer.committed(asked, timeout=10)}
    finally:
        consumer.close()


def _delete(servers: str, topics: list[str], group: str) -> None:
    client = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    futures = [*client.delete_topics(topics).values()] if topics else []
    futures += client.delete_consumer_groups([group]).values()
    for future in futures:
        future.exception()
