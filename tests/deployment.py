"""A worker on a real Kafka, as an operator runs it: started, killed, and looked at from outside."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # theirs to export

from agents.app import needed
from agents.intake import partition_of
from agents.replay.log import LogRecord
from agents.settings import load
from agents.topics import BY_NAME
from tests.changelogs import entries, in_force

ASKED, ANSWER_SECONDS, LOOK_SECONDS = 20, 3, 0.2
FACT = ("ce_id",)
DEAD_LETTER = ("__dlq.errors.partition", "__dlq.errors.offset")
"""Headers that name a record."""


class Deployment:
    """One installation: its topics, and the workers that share its group."""

    def __init__(self, bootstrap: str, name: str, folder: Path, **variables: str) -> None:
        self.variables = {
            "VITRINE_BROKER": bootstrap,
            "VITRINE_APP_ID": name,
            "VITRINE_TOPIC_PREFIX": f"{name}.",
            "VITRINE_DATA_DIR": str(folder / name),
            "VITRINE_WEB_PORT": "0",
            "VITRINE_PARTITIONS": "4",
            "VITRINE_SESSION_TIMEOUT": "PT3S",
            **variables,
        }
        self.settings = load(self.variables)
        self.log = folder / f"{name}.log"
        self._admin = AdminClient({"bootstrap.servers": bootstrap})

    def run(self, *arguments: str) -> None:
        """Run a `vitrine` command to its end."""
        subprocess.run(self._command(*arguments), env=self._environment(), check=True, timeout=120)

    def start(self) -> subprocess.Popen[bytes]:
        """Start a worker."""
        with self.log.open("ab") as log:
            return subprocess.Popen(self._command("worker"), env=self._environment(), stdout=log, stderr=log)

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker, and stop it as an orchestrator does."""
        process = self.start()
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)

    def produce(self, records: list[LogRecord], rate: float) -> None:
        """Send *records* in their order, *rate* a second."""
        producer = Producer(
            {"log_level": 0, "bootstrap.servers": self.settings.broker, "linger.ms": 5, "enable.idempotence": True}
        )
        begun = time.monotonic()
        refused: list[str] = []
        for n, record in enumerate(records):
            while n > (time.monotonic() - begun) * rate:
                producer.poll(0.01)
            self._send(producer, record, refused)
        if producer.flush(60) or refused:
            message = f"the broker did not take everything: {refused[:3]}"
            raise RuntimeError(message)

    def _send(self, producer: Producer, record: LogRecord, refused: list[str]) -> None:
        def acked(error: Any, message: Any) -> None:
            if error is not None:
                refused.append(f"{message.topic()}: {error}")

        partition = partition_of(record.key or b"", self.settings.partitions)
        topic = self.settings.topic_prefix + record.topic
        while True:
            try:
                producer.produce(topic, record.value, record.key, partition, acked, headers=list(record.headers))
            except BufferError:
                producer.poll(0.1)
            else:
                producer.poll(0)
                return

    # -- what is there

    def lag(self) -> int:
        """Return how many records of all topics that the group reads are not committed."""
        committed = self.group_offsets()
        return sum(end - committed.get(place, 0) for place, end in self.ends(self._read()).items())

    def committed(self) -> int:
        """Return how many records of all topics are committed."""
        return sum(self.group_offsets().values())

    def group_offsets(self) -> dict[tuple[str, int], int]:
        """Return what the group has committed; ask again where nobody answers: a young coordinator forgets who asked."""
        group = ConsumerGroupTopicPartitions(self.settings.app_id)
        for _ in range(ASKED):
            asked = self._admin.list_consumer_group_offsets([group], request_timeout=ANSWER_SECONDS)
            with suppress(KafkaException):
                found = asked[self.settings.app_id].result().topic_partitions
                return {(it.topic, it.partition): max(0, it.offset) for it in found}
        message = f"nobody knows the offsets of {self.settings.app_id}"
        raise RuntimeError(message)

    def set_group_offsets(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Commit *offsets* for the group; a young coordinator says so of each partition, or forgets who asked."""
        group = ConsumerGroupTopicPartitions(
            self.settings.app_id, [TopicPartition(*at, n) for at, n in offsets.items()]
        )
        for _ in range(ASKED):
            asked = self._admin.alter_consumer_group_offsets([group], request_timeout=ANSWER_SECONDS)
            with suppress(KafkaException):
                if not any(place.error for place in asked[self.settings.app_id].result().topic_partitions):
                    return
            time.sleep(0.5)
        message = f"nobody takes the offsets of {self.settings.app_id}"
        raise RuntimeError(message)

    def wait_done(self, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
        """Wait until the worker has committed all there is, and nothing new comes of it."""
        end = time.monotonic() + seconds
        calm = 0
        while calm < 3:
            if process.poll() is not None or time.monotonic() > end:
                message = f"lag {self.lag()}, exit code {process.poll()}: {self.log.read_text()[-3000:]}"
                raise RuntimeError(message)
            calm = calm + 1 if not self.lag() else 0
            time.sleep(0.4)

    def ends(self, topics: list[str]) -> dict[tuple[str, int], int]:
        """Return topic and partition to the end of its log; ask again where new partitions have no leader yet."""
        places = [TopicPartition(topic, n) for topic in topics for n in range(self.settings.partitions)]
        latest: Any = OffsetSpec
        for asked in range(ASKED):
            found = self._admin.list_offsets({place: latest.latest() for place in places})
            with suppress(KafkaException):  # of a topic that was just made a broker may not know yet that it leads it
                return {(place.topic, place.partition): future.result().offset for place, future in found.items()}
            time.sleep(asked * LOOK_SECONDS)
        message = f"nobody knows the ends of {', '.join(topics)}"
        raise RuntimeError(message)

    def read(self, topic: str, *, changelog: bool = False) -> list[Any]:
        """Return the committed messages of a topic, by partition and offset."""
        name = f"{self.settings.app_id}-{topic}-changelog" if changelog else self.settings.topic_prefix + topic
        ends = {place: end for place, end in self.ends([name]).items() if end}
        consumer = Consumer(
            {
                "bootstrap.servers": self.settings.broker,
                "group.id": "unused",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
            }
        )
        consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in ends])
        messages, open_ends = [], set(ends)
        while open_ends:
            message = consumer.poll(10)
            if message is None:
                text = f"{name} can't be read to its end"
                raise RuntimeError(text)
            if message.error():
                open_ends.discard((message.topic(), message.partition()))
            else:
                messages.append(message)
        consumer.close()
        return sorted(messages, key=lambda it: (it.partition(), it.offset()))

    def records(self, topic: str) -> list[Any]:
        """Return the decoded records of a topic."""
        decode = msgspec.json.Decoder(BY_NAME[topic].record).decode
        return [decode(message.value()) for message in self.read(topic)]

    def good(self, topic: str) -> list[Any]:
        """Return the decoded records of a topic without those that are none."""
        decode = msgspec.json.Decoder(BY_NAME[topic].record).decode
        found = []
        for message in self.read(topic):
            with suppress(msgspec.MsgspecError):
                found.append(decode(message.value()))
        return found

    def facts(self, topic: str) -> dict[bytes, bytes]:
        """Return the records of a topic by id: what comes twice comes as the same bytes, or this fails."""
        found: dict[bytes, bytes] = {}
        for message in self.read(topic):
            headers = dict(message.headers())
            name = b"/".join(headers[part] for part in (DEAD_LETTER if topic.startswith("dlq.") else FACT))
            assert found.setdefault(name, message.value()) == message.value()
        return found

    def states(self, folder: str) -> dict[str, list[Any]]:
        """Return what the changelog says: key to state."""
        found = in_force(entries(self.read(folder, changelog=True))).states
        return {key.decode(): msgspec.msgpack.decode(state) for key, state in found.items()}

    def _read(self) -> list[str]:
        return [
            self.settings.topic_prefix + name
            for name in BY_NAME
            if f"dlq.{name}" in BY_NAME and self.settings.topic_prefix + name in needed(self.settings)
        ]

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, **self.variables}

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "agents", *arguments]


def replayed_states(path: Path, folder: str) -> dict[str, list[Any]]:
    """Return the states that `vitrine replay --state` wrote."""
    lines = map(msgspec.json.decode, path.read_bytes().splitlines())
    return {line["key"]: line["state"] for line in lines if line["processor"] == folder}
