"""The launcher of the real Kafka itself."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.kafka_broker import Kafka, KafkaError, create_topics, fetch

KEEPER = """
import pathlib, sys
from tests.kafka_broker import Kafka
kafka = Kafka(pathlib.Path(sys.argv[1]))
kafka.start()
print(kafka._process.pid, flush=True)
sys.stdin.read()
"""


def read(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "log_level": 0})
    consumer.assign([TopicPartition(topic, 0, 0)])
    records = consumer.consume(count, timeout=30)
    consumer.close()
    return [record.value() for record in records]


def running(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_killed_broker_comes_back_with_its_data(kafka_node: Kafka) -> None:
    create_topics(kafka_node.bootstrap, {"kept": 1})
    producer = Producer({"log_level": 0, "bootstrap.servers": kafka_node.bootstrap})
    producer.produce("kept", b"before")
    assert producer.flush(30) == 0

    kafka_node.kill()
    kafka_node.start()

    assert read(kafka_node.bootstrap, "kept", 1) == [b"before"]


@pytest.mark.kafka
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_broker_ends_with_the_process_that_started_it(kafka: str, tmp_path: Path) -> None:
    del kafka  # its fixture knows whether a broker can be had here
    keeper = subprocess.Popen(
        (sys.executable, "-c", KEEPER, str(tmp_path)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert keeper.stdin
    assert keeper.stdout
    broker = int(keeper.stdout.readline())
    assert running(broker)

    keeper.kill()
    keeper.wait()
    keeper.stdin.close()
    keeper.stdout.close()

    end = time.monotonic() + 20
    while running(broker) and time.monotonic() < end:
        time.sleep(0.05)
    assert not running(broker)


def test_what_a_machine_lacks_is_said_with_its_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))

    with pytest.raises(
        KafkaError, match=r"java.* not found: install Java 17 or later and Maven, or set KAFKA_BOOTSTRAP"
    ):
        fetch()
