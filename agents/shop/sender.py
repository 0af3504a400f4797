"""The shop's records to a broker; each one is acknowledged, or the run ends."""

import time
from functools import partial

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError, Message, Producer

from agents.shop import wire
from agents.shop.recording import Recording

PRETENDED = 1234
"""When any record was appended, as the embedded broker reports it; what it keeps is the time that the producer gave."""
LINGER_MS = 1
"""A list is waited for: records leave almost at once."""


class SendError(Exception):
    """A record of the shop did not reach the broker.

    *Operator action:* see that the broker runs and that its topics exist (`vitrine topics apply`).
    """


class Sender:
    """A producer that counts acknowledgements."""

    def __init__(self, bootstrap: str, prefix: str, recording: Recording | None = None) -> None:
        """Send to *bootstrap*, topics with *prefix* before their names; tell *recording* of what is acknowledged."""
        self.acked = 0
        self._error: str | None = None
        self._recording = recording
        self._prefix = prefix
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "linger.ms": LINGER_MS,
                "compression.type": "lz4",
                "partitioner": "murmur2_random",
                "log_level": 3,
            }
        )

    def send(self, message: wire.Message) -> None:
        """Send a record; raise SendError if this or an earlier one can't be delivered."""
        topic, now = self._prefix + message.topic.name, int(time.time() * 1000)
        while True:
            try:
                self._producer.produce(
                    topic,
                    key=message.key,
                    value=message.value,
                    headers=message.headers,
                    partition=-1 if message.partition is None else message.partition,
                    timestamp=now,
                    on_delivery=partial(self._delivered, message, now),
                )
                break
            except BufferError:
                self._producer.poll(0.1)
                self._check()
        self._producer.poll(0)
        self._check()

    def flush(self, timeout: float) -> None:
        """Return when everything sent is acknowledged; raise SendError if it is not after *timeout* seconds."""
        left = self._producer.flush(timeout)
        self._check()
        if left:
            message = f"{left} records were not acknowledged within {timeout:g} s: does the broker run?"
            raise SendError(message)

    def close(self) -> None:
        """Drop what is not acknowledged."""
        self._producer.purge()
        self._producer.flush(1)

    def _delivered(self, sent: wire.Message, at: int, error: KafkaError | None, record: Message) -> None:
        if error is None:
            self.acked += 1
            if self._recording is not None:
                # a report of delivery has no headers, so what was sent is taken
                kind, time_there = record.timestamp()
                if kind == TIMESTAMP_LOG_APPEND_TIME and time_there != PRETENDED:
                    at = time_there
                self._recording.take(sent, record.partition() or 0, record.offset() or 0, at)
        elif self._error is None:
            self._error = f"{record.topic()}: {error.str()}"

    def _check(self) -> None:
        if self._error is not None:
            raise SendError(self._error)
