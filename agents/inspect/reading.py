"""Topics of a broker, read without a group and without a trace: from a place on, or backwards from the end.

Only the oldest requests of the protocol are made, so the broker inside the demo answers, too.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from types import TracebackType
from typing import Any, NamedTuple, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from agents.inspect.starts import Start
from agents.replay.errors import BrokerError
from agents.replay.log import Headers, LogRecord

PATIENCE = 5.0
"""Seconds in which a broker has to answer."""
BEAT = 0.2
"""Seconds after which a reader looks whether it should stop."""
CHUNK = 100
"""Records of a partition that are asked for at once when it is read backwards."""

_AT_ONCE = 1_000
"""Records taken from the client at once when a partition is read whole."""

_END = KafkaError._PARTITION_EOF  # noqa: SLF001  librdkafka names its own errors so


class Place(NamedTuple):
    """One partition; the topic's name without the prefix."""

    topic: str
    partition: int


class Reader:
    """Reads committed records of topics, whose names have *prefix* on the broker, from entering its context to leaving it."""

    def __init__(self, broker: str, prefix: str) -> None:
        self._broker = broker
        self._prefix = prefix
        self._counts: dict[str, int] = {}
        self._consumer = Consumer(
            {
                "bootstrap.servers": broker,
                "group.id": "vitrine-inspect",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 10,
                "fetch.queue.backoff.ms": 2,
                "queued.max.messages.kbytes": 4096,
                "log_level": 0,
            }
        )

    def __enter__(self) -> Self:
        try:
            found = self._consumer.list_topics(timeout=PATIENCE).topics
        except KafkaException as error:
            self._consumer.close()
            message = (
                f"no broker answers at {self._broker}: start one there, or say --broker (VITRINE_BROKER) with another "
                "address"
            )
            raise BrokerError(message) from error
        self._counts = {
            name.removeprefix(self._prefix): len(topic.partitions)
            for name, topic in found.items()
            if name.startswith(self._prefix) and topic.error is None
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def resolve(self, name: str) -> str:
        """Return the name of the topic that *name* means, `clicks` for `clicks.v1`; BrokerError if there is none."""
        for found in (name, f"{name}.v1"):
            if found in self._counts:
                return found
        there = ", ".join(sorted(it for it in self._counts if not it.startswith("__"))) or "none"
        prefixed = f" with the prefix {self._prefix}" if self._prefix else ""
        message = f"there is no topic {name} on the broker at {self._broker}; topics{prefixed}: {there}"
        raise BrokerError(message)

    def partitions(self, topic: str) -> int:
        """Return how many partitions a topic has, 0 if it is not there."""
        return self._counts.get(topic, 0)

    def follow(
        self, places: Collection[Place], start: Start, stopped: Callable[[], bool], key: bytes | None = None
    ) -> Iterator[LogRecord]:
        """Yield records, of *key* if one is given, from *start* on, as they come, until *stopped*."""
        ends = {place: self._ends(place) for place in places}
        if start.last:
            yield from self._newest(ends, start.last, key)
        begins = {place: self._begin(place, ends[place], start) for place in places}
        self._assign(begins)
        since = int(start.since.timestamp() * 1000) if start.since is not None else 0
        while not stopped():
            for message in self._consumer.consume(500, BEAT):
                record = self._record(message)
                if record is not None and record.timestamp >= since and key in {None, record.key}:
                    yield record

    def ends(self, place: Place) -> tuple[int, int]:
        """Return the first offset of a partition, and the one behind its last record."""
        return self._ends(place)

    def whole(self, place: Place) -> Iterator[LogRecord]:
        """Yield the records of a partition, the oldest first, up to the one that is the newest now."""
        low, end = self._ends(place)
        if low == end:
            return
        self._assign({place: low})
        patience = time.monotonic() + PATIENCE
        while time.monotonic() < patience:
            messages = self._consumer.consume(_AT_ONCE, BEAT)
            for message in messages:
                record = self._record(message)
                if record is None or record.offset >= end:
                    return
                yield record
                if record.offset == end - 1:
                    return
            if messages:
                patience = time.monotonic() + PATIENCE
        raise self._silent(place, low)

    def backwards(self, place: Place) -> Iterator[LogRecord]:
        """Yield the records of a partition, the newest first, reading no more of it than is taken, by chunks."""
        yield from self._back(place, *self._ends(place))

    def _back(self, place: Place, low: int, end: int, chunk: int = CHUNK) -> Iterator[LogRecord]:
        while end > low:
            begin = max(low, end - chunk)
            yield from reversed(self._stretch(place, begin, end))
            end, chunk = begin, 4 * chunk

    def _newest(self, ends: Mapping[Place, tuple[int, int]], count: int, key: bytes | None) -> list[LogRecord]:
        """Return the newest *count* records of all places, in the order of time."""
        found: list[LogRecord] = []
        for place, (low, end) in ends.items():
            records = self._back(place, low, end, min(count, CHUNK))
            found += islice((record for record in records if key in {None, record.key}), count)
        found.sort(key=lambda it: (it.timestamp, it.topic, it.partition, it.offset))
        return found[-count:]

    def _stretch(self, place: Place, begin: int, end: int) -> list[LogRecord]:
        """Return the records from offset *begin* to before *end*; offsets that hold none are passed over."""
        self._assign({place: begin})
        found: list[LogRecord] = []
        patience = time.monotonic() + PATIENCE
        while time.monotonic() < patience:
            for message in self._consumer.consume(end - begin - len(found), BEAT):
                record = self._record(message)
                if record is None or record.offset >= end:
                    return found
                found.append(record)
                patience = time.monotonic() + PATIENCE
                if record.offset == end - 1:
                    return found
        raise self._silent(place, begin)

    def _silent(self, place: Place, begin: int) -> BrokerError:
        text = f"the broker at {self._broker} does not give out {place.topic}[{place.partition}] from offset {begin} on"
        return BrokerError(text)

    def _begin(self, place: Place, ends: tuple[int, int], start: Start) -> int:
        low, end = ends
        if start.beginning:
            return low
        if start.since is None:
            return end
        since = int(start.since.timestamp() * 1000)
        asked = self._partition(place, since)
        [found] = self._ask(place, lambda: self._consumer.offsets_for_times([asked], timeout=PATIENCE))
        if low <= found.offset < end:
            offset: int = found.offset
            return offset
        if end > low and any(record.timestamp >= since for record in self._stretch(place, end - 1, end)):
            return low  # the embedded broker knows no times, and says that there is nothing
        return end

    def _ends(self, place: Place) -> tuple[int, int]:
        """Return the first offset, and the one behind the last record."""
        low, end = self._ask(
            place, lambda: self._consumer.get_watermark_offsets(self._partition(place), timeout=PATIENCE)
        )
        return low, end

    def _ask(self, place: Place, question: Callable[[], Any]) -> Any:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return question()
            except KafkaException as error:  # a leader that was just elected may not know yet
                if time.monotonic() > end:
                    what = f"{place.topic}[{place.partition}]: {error.args[0].str()}"
                    message = f"the broker at {self._broker} does not say what is on {what}"
                    raise BrokerError(message) from error
            time.sleep(0.1)

    def _assign(self, begins: Mapping[Place, int]) -> None:
        self._consumer.assign([self._partition(place, offset) for place, offset in begins.items()])

    def _partition(self, place: Place, offset: int = 0) -> TopicPartition:
        return TopicPartition(self._prefix + place.topic, place.partition, offset)

    def _record(self, message: Any) -> LogRecord | None:
        """Return a message as a record, None if it says that a partition is at its end."""
        error = message.error()
        topic = (message.topic() or "").removeprefix(self._prefix)
        if error is None:
            headers: Headers = tuple(message.headers() or ())
            place = (topic, message.partition(), message.offset())
            return LogRecord(*place, message.timestamp()[1], message.key(), message.value(), headers)
        if error.code() == _END:
            return None
        text = f"{topic}[{message.partition()}] can't be read on from {message.offset()}: {error.str()}"
        raise BrokerError(text)
