"""The cluster of three nodes itself."""

import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # theirs to export

from tests.kafka_broker import Kafka, create_topics
from tests.kafka_cluster import Cluster

pytestmark = pytest.mark.timeout(180)


def produce(bootstrap: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "log_level": 0})
    producer.produce("kept", value, partition=0)
    assert producer.flush(60) == 0


def end_of(bootstrap: str) -> int:
    place = TopicPartition("kept", 0)
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    latest: Any = OffsetSpec
    offset: int = admin.list_offsets({place: latest.latest()})[place].result().offset
    return offset


def other_leader(cluster: Cluster, than: Kafka) -> Kafka:
    end = time.monotonic() + 60
    while (found := cluster.leader("kept", 0)) is than:
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


def test_another_node_leads_when_one_is_killed_or_frozen_and_nothing_is_lost(kafka_cluster: Cluster) -> None:
    create_topics(kafka_cluster.bootstrap, {"kept": 1})
    produce(kafka_cluster.bootstrap, b"before")
    first = kafka_cluster.leader("kept", 0)

    first.kill()
    second = other_leader(kafka_cluster, first)
    produce(kafka_cluster.bootstrap, b"one is dead")
    first.start()
    kafka_cluster.wait_whole()
    second = kafka_cluster.leader("kept", 0)
    second.freeze()
    other_leader(kafka_cluster, second)
    produce(kafka_cluster.bootstrap, b"one is frozen")
    second.thaw()
    kafka_cluster.wait_whole()

    assert end_of(kafka_cluster.bootstrap) == 3


def test_a_cluster_has_the_ports_that_it_is_told(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, 21_950)

    assert cluster.bootstrap == "127.0.0.1:21950,127.0.0.1:21951,127.0.0.1:21952"
