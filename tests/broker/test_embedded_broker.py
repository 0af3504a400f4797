"""The embedded broker: what it must do for the demo and for the tests that run on it."""

import os
import re
import signal
import socket
import sys
from pathlib import Path

import confluent_kafka
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Place
from confluent_kafka import Consumer, Producer, TopicPartition

from agents.broker import (
    PARTITION_BYTES,
    EmbeddedBroker,
    EmbeddedBrokerError,
    Partition,
    RecordsDroppedError,
    Watermarks,
)


def send(broker: EmbeddedBroker, topic: str, values: list[bytes], partition: int = 0) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    for value in values:
        producer.produce(topic, value, partition=partition)
        producer.poll(0)
    assert producer.flush(30) == 0


def read(broker: EmbeddedBroker, topic: str, count: int, partition: int = 0) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "g", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(topic, partition, 0)])
    messages = consumer.consume(count, timeout=30)
    consumer.close()
    return [message.value() or b"" for message in messages]


def test_what_is_sent_can_be_read() -> None:
    with EmbeddedBroker({"a": 3}) as broker:
        send(broker, "a", [b"one", b"two"], partition=2)

        values = read(broker, "a", 2, partition=2)

    assert values == [b"one", b"two"]


def test_topics_have_the_partitions_that_were_asked_for() -> None:
    with EmbeddedBroker({"a": 3, "b": 16}) as broker:
        topics = Producer({"bootstrap.servers": broker.bootstrap}).list_topics(timeout=10).topics

    assert {name: len(topic.partitions) for name, topic in topics.items()} == {"a": 3, "b": 16}


async def test_an_aiokafka_client_reads_it_in_a_group() -> None:
    with EmbeddedBroker({"a": 1}) as broker:
        send(broker, "a", [b"one"])
        consumer = AIOKafkaConsumer("a", bootstrap_servers=broker.bootstrap, group_id="g", auto_offset_reset="earliest")
        await consumer.start()

        record = await consumer.getone()

        await consumer.commit()
        committed = await consumer.committed(confluent_kafka_partition())
        await consumer.stop()
    assert (record.value, committed) == (b"one", 1)


def confluent_kafka_partition() -> object:
    return Place("a", 0)


def test_two_brokers_share_nothing() -> None:
    with EmbeddedBroker({"a": 1}) as one, EmbeddedBroker({"a": 1}) as other:
        send(one, "a", [b"one"])

        marks = other.watermarks()

    assert one.bootstrap != other.bootstrap
    assert marks == {Partition("a", 0): Watermarks(0, 0)}


def test_after_its_end_nothing_listens() -> None:
    with EmbeddedBroker({"a": 1}) as broker:
        pass

    client = Producer({"bootstrap.servers": broker.bootstrap, "log_level": 0})

    with pytest.raises(confluent_kafka.KafkaException):
        client.list_topics(timeout=1)


def test_watermarks_count_what_was_written() -> None:
    with EmbeddedBroker({"a": 2, "b": 1}) as broker:
        send(broker, "a", [b"one", b"two"], partition=1)

        marks = broker.watermarks(["a"])

    assert marks == {Partition("a", 0): Watermarks(0, 0), Partition("a", 1): Watermarks(0, 2)}


def test_the_guard_lets_pass_what_is_kept() -> None:
    with EmbeddedBroker({"a": 1}) as broker:
        send(broker, "a", [b"one"])

        broker.guard({Partition("a", 0): 0})


def test_the_guard_names_a_partition_that_dropped_unread_records() -> None:
    with EmbeddedBroker({"a": 1}) as broker:
        send(broker, "a", [os.urandom(100_000) for _ in range(2 * PARTITION_BYTES // 100_000)])

        with pytest.raises(RecordsDroppedError, match=r"a/0: .* offsets 3 to \d+"):
            broker.guard({Partition("a", 0): 3})


def test_the_guard_lets_pass_a_drop_of_what_was_read() -> None:
    with EmbeddedBroker({"a": 1}) as broker:
        send(broker, "a", [os.urandom(100_000) for _ in range(2 * PARTITION_BYTES // 100_000)])
        high = broker.watermarks()[Partition("a", 0)].high

        broker.guard({Partition("a", 0): high})

        assert broker.watermarks()[Partition("a", 0)].low > 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_thread_of_the_broker_takes_a_signal() -> None:
    with EmbeddedBroker({"a": 1}):
        threads = [task for task in Path("/proc/self/task").iterdir() if "mock" in (task / "comm").read_text()]
        masks = [re.search(r"SigBlk:\t(\w+)", (task / "status").read_text()) for task in threads]

    assert threads
    assert all(mask is not None and int(mask[1], 16) >> (signal.SIGINT - 1) & 1 for mask in masks)


def test_it_listens_where_it_is_told_and_nowhere_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with EmbeddedBroker({"t": 2}, port) as broker:
        assert broker.bootstrap == f"127.0.0.1:{port}"
        producer = Producer({"bootstrap.servers": broker.bootstrap})
        producer.produce("t", b"x", partition=1)
        assert producer.flush(60) == 0
        (node,) = producer.list_topics(timeout=60).brokers.values()
        assert (node.host, node.port) == ("127.0.0.1", port)
        assert broker.watermarks()[Partition("t", 1)].high == 1
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(EmbeddedBrokerError, match=f"can't have port {port} of 127.0.0.1: Address already in use"):
            EmbeddedBroker({"t": 1}, port).__enter__()
