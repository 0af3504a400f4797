"""What the agents send, handed to the shop floor by a thread."""

import time
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import msgspec
from confluent_kafka import Consumer, Message, TopicPartition

from agents.shop.floor import Floor
from agents.topics import COPY, DEAD_LETTERS, DECISIONS, RECOMMENDATIONS, SENTIMENTS
from schemas.recommendations import Decision

POLL_SECONDS = 0.1
BATCH = 500
WAIT_MS = 5
"""How long an empty fetch may last; the embedded broker does not end it when a record comes, a real one does."""
_DECISION = msgspec.json.Decoder(Decision)
REASON = "__dlq.errors.reason"
"""Header of a dead letter."""


class Listener:
    """Reads lists, copy, sentiments and dead letters from the moment it starts until it is left."""

    def __init__(self, floor: Floor, bootstrap: str, prefix: str, partitions: int, *, decisions: bool = False) -> None:
        """Read the topics with *prefix* before their names, each of *partitions* partitions.

        *decisions*: also what the lists of the shopper who is followed were made from.
        """
        self.failure: BaseException | None = None
        """Why the thread ended, if it did."""
        self._floor = floor
        self._stop = Event()
        self._thread = Thread(target=self._run, name="listener", daemon=True)
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "vitrine-shop",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": WAIT_MS,
                "isolation.level": "read_committed",
                "log_level": 3,
            }
        )
        self._takers = {prefix + topic.name: self._letter for topic in DEAD_LETTERS}
        for topic in (RECOMMENDATIONS, COPY, SENTIMENTS):
            self._takers[prefix + topic.name] = self._taker(msgspec.json.Decoder(topic.record))
        if decisions:
            self._takers[prefix + DECISIONS.name] = self._decision
        self._places = [TopicPartition(topic, number) for topic in self._takers for number in range(partitions)]
        self._next: dict[tuple[str, int], int] = {}

    def __enter__(self) -> Self:
        for place in self._places:
            _, place.offset = self._consumer.get_watermark_offsets(place, timeout=10)
            self._next[place.topic, place.partition] = place.offset
        self._consumer.assign(self._places)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def read(self) -> dict[tuple[str, int], int]:
        """Return the next offset to be read of each topic and partition; any thread may ask."""
        return dict(self._next)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                first = self._consumer.poll(POLL_SECONDS)
                rest = self._consumer.consume(BATCH, 0) if first is not None else []
                for message in filter(None, (first, *rest)):
                    if message.error() is None:
                        topic, partition, offset = (
                            message.topic() or "",
                            message.partition() or 0,
                            message.offset() or 0,
                        )
                        self._takers[topic](message)
                        self._next[topic, partition] = offset + 1
        except BaseException as error:
            self.failure = error
            raise

    def _taker(self, decoder: Any) -> Any:
        def take(message: Message) -> None:
            record = self._record(decoder, message)
            if record is not None:
                self._floor.receive(record, time.monotonic())

        return take

    def _decision(self, message: Message) -> None:
        key = message.key()
        if isinstance(key, bytes) and self._floor.follows(key.decode(errors="replace")):
            decision = self._record(_DECISION, message)
            if decision is not None:
                self._floor.explain(decision)

    def _record(self, decoder: Any, message: Message) -> Any:
        """Return the record; None if it can't be read: somebody else's, for agents send what can be."""
        try:
            return decoder.decode(message.value() or b"")
        except (ValueError, RecursionError):
            self._floor.puzzle()
            return None

    def _letter(self, message: Message) -> None:
        reason = dict(message.headers() or []).get(REASON) or b"unknown"
        self._floor.refuse(reason if isinstance(reason, str) else reason.decode(errors="replace"))
