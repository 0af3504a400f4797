"""Logs from and to a real broker, on librdkafka."""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from agents.replay.errors import BrokerError
from agents.replay.log import Headers, LogRecord

PATIENCE = 5.0
"""Seconds in which a broker has to answer."""

DELIVERY_TIMEOUT = 60.0
"""Seconds in which a record has to be acked."""

_SILENCE = 10
"""Fetches of a second without anything, after which the broker is asked whether it still lives."""


class Stretch(NamedTuple):
    """What is to be read of one partition."""

    topic: str
    partition: int
    low: int
    end: int
    """The offset behind the last record."""


class Outgoing(NamedTuple):
    """A record to be written."""

    topic: str
    partition: int
    timestamp: int | None
    """In milliseconds since 1970; None: now."""
    key: bytes | None
    value: bytes | None
    headers: Headers


class Sent(NamedTuple):
    """What became of the records, by topic."""

    written: Counter[str]
    failed: Counter[str]
    why: list[str]
    """The reasons of the failures, each once."""


def partition_counts(client: Consumer | Producer, broker: str, topics: Collection[str]) -> dict[str, int]:
    """Return how many partitions each of *topics* has; one that is not there is a BrokerError."""
    try:
        found = client.list_topics(timeout=PATIENCE).topics
    except KafkaException as error:
        message = (
            f"no broker answers at {broker}: start one there, or say --broker (VITRINE_BROKER) with another address"
        )
        raise BrokerError(message) from error
    missing = [topic for topic in topics if topic not in found or found[topic].error]
    if missing:
        message = (
            f"the broker at {broker} has no topic {', '.join(missing)}: `vitrine topics apply` makes those of this system; "
            "or say --topics, or --prefix if the names have one"
        )
        raise BrokerError(message)
    return {topic: len(found[topic].partitions) for topic in topics}


class Recorder:
    """Reads topics from their first record on; only what is committed."""

    def __init__(self, broker: str, topics: Collection[str]) -> None:
        """Find out what is there; *topics* are names on the broker."""
        self._broker = broker
        self._topics = topics
        self.stopped = False
        """Set by `stop`."""
        self._consumer = Consumer(
            {
                "bootstrap.servers": broker,
                "group.id": "vitrine-record",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "log_level": 0,
            }
        )
        counts = partition_counts(self._consumer, broker, topics)
        self.stretches = [
            Stretch(topic, partition, *self._watermarks(topic, partition))
            for topic in topics
            for partition in range(counts[topic])
        ]

    def batches(self, *, follow: bool) -> Iterator[list[LogRecord]]:
        """Yield what was there at the start, each partition in its order; with *follow*, go on until stopped."""
        left = {(it.topic, it.partition): it.end for it in self.stretches if follow or it.end > it.low}
        starts = [TopicPartition(it.topic, it.partition, it.low) for it in self.stretches]
        self._consumer.assign([start for start in starts if (start.topic, start.partition) in left])
        silent = 0
        while left and not self.stopped:
            messages: list[Any] = self._consumer.consume(num_messages=2_000, timeout=1.0)
            silent = 0 if messages else silent + 1
            if silent >= _SILENCE:
                partition_counts(self._consumer, self._broker, self._topics)
                silent = 0
            batch: list[LogRecord] = []
            for message in messages:
                place = (message.topic(), message.partition())
                if message.error():
                    self._check(message)
                    done = message.error().code() == KafkaError._PARTITION_EOF  # noqa: SLF001  librdkafka names its own errors so
                elif place not in left:
                    continue
                elif follow or message.offset() < left[place]:
                    batch.append(_record(message))
                    done = message.offset() + 1 >= left[place]
                else:
                    done = True
                if done and not follow:
                    left.pop(place, None)
            yield batch

    def stop(self) -> None:
        """Let `records` end soon; may be called by a signal's handler."""
        self.stopped = True

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()

    def _watermarks(self, topic: str, partition: int) -> tuple[int, int]:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=PATIENCE)
            except KafkaException as error:  # a leader that was just elected may not know it yet
                if time.monotonic() > end:
                    message = f"the broker at {self._broker} does not say what is on {topic}[{partition}]: {error.args[0].str()}"
                    raise BrokerError(message) from error
            time.sleep(0.1)

    def _check(self, message: Any) -> None:
        error = message.error()
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  librdkafka names its own errors so
            return
        text = f"{message.topic()}[{message.partition()}] can't be read on from {message.offset()}: {error.str()}"
        raise BrokerError(text)


class Sender:
    """Writes records, each to its partition, and waits for the acks."""

    def __init__(self, broker: str) -> None:
        self._broker = broker
        self._failed: Counter[str] = Counter()
        self._why: dict[str, None] = {}
        self._producer = Producer(
            {
                "bootstrap.servers": broker,
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 5,
                "queue.buffering.max.messages": 100_000,
                "message.timeout.ms": int(DELIVERY_TIMEOUT * 1000),
                "delivery.report.only.error": True,
                "log_level": 0,
            }
        )

    def partition_counts(self, topics: Collection[str]) -> dict[str, int]:
        """Return how many partitions each of *topics* has; one that is not there is a BrokerError."""
        return partition_counts(self._producer, self._broker, topics)

    def send(self, records: Iterable[Outgoing], rate: float | None) -> Sent:
        """Write *records*, at most *rate* a second, and wait until each is acked or given up."""
        tried: Counter[str] = Counter()
        started = time.monotonic()
        for number, record in enumerate(records):
            if rate is not None:
                while (ahead := started + number / rate - time.monotonic()) > 0:
                    self._producer.poll(ahead)
            tried[record.topic] += 1
            self._produce(record)
        if self._producer.flush(DELIVERY_TIMEOUT + PATIENCE):
            message = f"the broker at {self._broker} did not ack every record in time: look at its log and send again"
            raise BrokerError(message)
        return Sent(tried - self._failed, self._failed, list(self._why))

    def _produce(self, record: Outgoing) -> None:
        arguments: dict[str, Any] = {} if record.timestamp is None else {"timestamp": record.timestamp}
        while True:
            try:
                self._producer.produce(
                    record.topic,
                    record.value,
                    record.key,
                    partition=record.partition,
                    headers=list(record.headers),
                    on_delivery=self._on_delivery,
                    **arguments,
                )
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                self._fail(record.topic, error.args[0])
                return
            else:
                self._producer.poll(0)
                return

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._fail(message.topic() or "", error)

    def _fail(self, topic: str, error: KafkaError) -> None:
        self._failed[topic] += 1
        self._why[f"{topic}: {error.str()}"] = None


def _record(message: Any) -> LogRecord:
    headers: Headers = tuple(message.headers() or ())
    _, timestamp = message.timestamp()
    place = (message.topic(), message.partition(), message.offset())
    return LogRecord(*place, timestamp, message.key(), message.value(), headers)
