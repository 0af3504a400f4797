"""Records that are on a real broker all together or not at all, by one writer of a name at a time."""

from collections.abc import Collection, Sequence

from confluent_kafka import KafkaException, Producer

from agents.replay.errors import BrokerError
from agents.replay.kafka import PATIENCE, Outgoing, partition_counts

TIMEOUT = 20.0
"""Seconds after which the broker ends what a writer that died has begun; readers wait for it so long."""

_LARGE = 2 << 20
"""Bytes of a record with more headers than it came with."""

_TAKEN_OVER = {"_FENCED", "PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH"}


class Transactions:
    """A writer; one that comes later under the same name takes over, and this one is told so."""

    def __init__(self, broker: str, name: str) -> None:
        """Take over from who wrote under *name* before: what he began and did not end is gone."""
        self._broker = broker
        self._failures: list[str] = []
        self._producer = Producer(
            {
                "bootstrap.servers": broker,
                "transactional.id": name,
                "transaction.timeout.ms": int(TIMEOUT * 1000),
                "message.max.bytes": _LARGE,
                "compression.type": "lz4",
                "linger.ms": 5,
                "log_level": 0,
                "log.queue": True,  # nobody reads it: that another one took over is said below, in our words
            }
        )
        try:
            self._producer.init_transactions(TIMEOUT + PATIENCE)
        except KafkaException as error:
            raise self._explained(error) from error

    def partition_counts(self, topics: Collection[str]) -> dict[str, int]:
        """Return how many partitions each of *topics* has; one that is not there is a BrokerError."""
        return partition_counts(self._producer, self._broker, topics)

    def send(self, records: Sequence[Outgoing]) -> None:
        """Write *records* and return when all of them are there; after a BrokerError none of them is, or all are."""
        try:
            self._producer.begin_transaction()
            for it in records:
                self._producer.produce(
                    it.topic, it.value, it.key, partition=it.partition, headers=list(it.headers), on_delivery=self._note
                )
                self._producer.poll(0)
            self._producer.commit_transaction(TIMEOUT + PATIENCE)
        except (KafkaException, BufferError) as error:
            explained = self._explained(error)
            self._abort()
            raise explained from error

    def _note(self, error: object, message: object) -> None:
        del message
        if error is not None:
            self._failures.append(str(error))

    def _abort(self) -> None:
        try:
            self._producer.abort_transaction(TIMEOUT)
        except KafkaException:
            return  # the broker ends it after TIMEOUT

    def _explained(self, error: KafkaException | BufferError) -> BrokerError:
        cause = error.args[0] if isinstance(error, KafkaException) else None
        if cause is not None and cause.name() in _TAKEN_OVER:
            return BrokerError(
                "another `vitrine dlq` began meanwhile and took over: look what is left with `vitrine dlq list`"
            )
        text = cause.str() if cause is not None else str(error)
        why = "; ".join([text, *dict.fromkeys(self._failures)])
        return BrokerError(
            f"the broker at {self._broker} did not take everything: {why}; say it again, nothing is sent twice"
        )
