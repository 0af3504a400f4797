"""Puts the input into topics, at a rate, while everything around it fails: one producer, and one that uses transactions."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from threading import Event, Thread
from typing import Any

from confluent_kafka import KafkaException, Producer

from tests.chaos.input import Sent, Source

_BURST_SECONDS = 0.05
_QUEUED = 20_000
"""Records without an ack, above which nothing more is produced."""
_FLUSH_SECONDS = 120
_TRANSACTION_MS = 10_000
"""After which the broker aborts what nobody ends."""
_IN_TRANSACTIONS = 0.3
_ABORTED = 0.5


class Producing(Thread):
    """Produces what *source* makes, until it is told to end."""

    def __init__(
        self, source: Source, bootstrap: str, prefix: str, *, seed: int, rate: float, behind: Callable[[], bool]
    ) -> None:
        """*rate*: records a second, none while workers are far *behind*."""
        super().__init__(name="producing", daemon=True)
        self.refused: list[str] = []
        """Why records were not taken; they are not in the log, so nobody waits for them."""
        self.aborted = 0
        """Records whose transaction was aborted on purpose."""
        self.failure: BaseException | None = None
        self._source, self._prefix, self._rate, self._behind = source, prefix, rate, behind
        self._rng = Random(f"{seed}/producing")
        self._ending = Event()
        shared = {"bootstrap.servers": bootstrap, "log_level": 0, "linger.ms": 5, "message.timeout.ms": 300_000}
        self._plain = Producer({**shared, "enable.idempotence": True, "queue.buffering.max.messages": 1_000_000})
        self._transactions = {
            **shared,
            "transactional.id": f"{prefix}chaos",
            "transaction.timeout.ms": _TRANSACTION_MS,
            "message.timeout.ms": _TRANSACTION_MS,
        }

    def run(self) -> None:
        """Produce."""
        try:
            self._run()
        except BaseException as error:  # noqa: BLE001  whoever ends this thread is told
            self.failure = error

    def end(self) -> None:
        """Stop, and return when everything is acknowledged."""
        self._ending.set()
        self.join(_FLUSH_SECONDS)
        self.flush()

    def put(self, records: Sequence[Sent]) -> None:
        """Produce *records* without a transaction."""
        for record in records:
            self._put(self._plain, record)

    def flush(self) -> None:
        """Return when everything is acknowledged."""
        if self.failure is not None:
            raise self.failure
        if left := self._plain.flush(_FLUSH_SECONDS):
            message = f"the broker did not take {left} records in {_FLUSH_SECONDS} s"
            raise RuntimeError(message)

    def _run(self) -> None:
        transactional = None
        due = time.monotonic()
        while not self._ending.is_set():
            self._plain.poll(0)
            due = max(due + _BURST_SECONDS, time.monotonic() - 1)
            if (wait := due - time.monotonic()) > 0:
                self._ending.wait(wait)
            if len(self._plain) > _QUEUED or self._behind():
                continue
            count = round(self._rate * _BURST_SECONDS)
            records = [self._source.one(int(time.time() * 1000)) for _ in range(count)]
            if self._rng.random() >= _IN_TRANSACTIONS:
                self.put(records)
                continue
            transactional = self._transact(transactional, records)

    def _transact(self, producer: Producer | None, records: Sequence[Sent]) -> Producer | None:
        """Produce *records* in a transaction that is aborted or committed; None if a new producer is needed."""
        aborts = self._rng.random() < _ABORTED
        try:
            if producer is None:
                producer = Producer(self._transactions)
                producer.init_transactions(20)
            producer.begin_transaction()
            for record in records:
                self._put(producer, record)
            producer.flush(20)
            producer.abort_transaction(20) if aborts else producer.commit_transaction(20)
        except KafkaException:  # whatever became of it, the log says
            with suppress(KafkaException):
                if producer is not None:
                    producer.abort_transaction(5)
            return None
        self.aborted += aborts * len(records)
        return producer

    def _put(self, producer: Producer, record: Sent) -> None:
        def acked(error: Any, message: Any) -> None:
            if error is not None and producer is self._plain:
                self.refused.append(f"{message.topic()}: {error}")

        topic = self._prefix + record.topic
        while True:
            try:
                producer.produce(
                    topic, record.value, record.key, record.partition, on_delivery=acked, headers=record.headers
                )
            except BufferError:
                producer.poll(0.1)
            else:
                return
