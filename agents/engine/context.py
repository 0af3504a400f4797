"""What the parts of an engine share."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from agents.engine.delivery import Delivery, Entry
from agents.engine.outbox import Headers, Outbox
from agents.headers import SOURCE, cloud_event
from agents.intake import partition_of
from agents.metrics import Metrics
from agents.processor import Output
from agents.topics import Topic

_encode = msgspec.json.Encoder().encode


class Batch(NamedTuple):
    """What an agent receives: consecutive records of one partition."""

    topic: str
    """Without the prefix."""
    partition: int
    records: Sequence[Any]
    entry: Entry


class Context:
    """Delivery, the way out, numbers and names of one worker."""

    def __init__(
        self,
        *,
        delivery: Delivery,
        outbox: Outbox,
        metrics: Metrics,
        prefix: str,
        partitions: dict[str, int],
        group: str,
        changed: Callable[[], None],
        fail: Callable[[BaseException], Awaitable[None]],
        identities: Mapping[str, str] | None = None,
    ) -> None:
        """*partitions*: topic to count; *changed* is called when a batch is finished; *fail* stops the worker.

        *identities*: topic to the id that the broker gave it, where it gave one.
        """
        self.delivery = delivery
        self.outbox = outbox
        self.metrics = metrics
        self.partitions = partitions
        self.group = group
        self.changed = changed
        self.fail = fail
        self.identities = identities or {}
        self._sources = {topic: f"{topic}@{self.identities.get(topic, '')}".encode() for topic in partitions}
        self._prefix = prefix

    def place(self, topic: str, partition: int, offset: int, number: int) -> bytes:
        """Return where a fact comes from: it is the *number*-th of the event at *offset*.

        A topic that is made anew is another source: its offsets begin again.
        """
        return b"%s/%d/%d/%d" % (self._sources[topic], partition, offset, number)

    def name(self, topic: str) -> str:
        """Return the name of a topic on the broker."""
        return self._prefix + topic

    def emit(
        self, output: Output, source: str, settled: Callable[[], None] | None = None, place: bytes | None = None
    ) -> None:
        """Send what a processor put out; *source* names it (`/vitrine/items`), *place* says what it comes from."""
        value = None if output.value is None else _encode(output.value)
        headers: Headers = cloud_event(output, source)
        if place is not None and output.topic.in_order:
            headers = [(SOURCE, place), *headers]
        self.send(output.topic, output.key.encode(), value, headers, settled)

    def send(
        self,
        topic: Topic,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        settled: Callable[[], None] | None = None,
    ) -> None:
        """Send bytes under *key*, where records of this key belong."""
        partition = partition_of(key or b"", self.partitions[topic.name])
        self.outbox.put(self.name(topic.name), partition, key, value, headers, settled)
