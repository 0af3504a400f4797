"""Three Kafka nodes on this machine, each broker and controller, each partition on all of them, two of them in sync.

One node may be killed, frozen and started again on its data and port while the others go on: `cluster.nodes[0].kill()`.
"""

import contextlib
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from confluent_kafka.admin import AdminClient

from tests.kafka_broker import Kafka, KafkaError, Seat, cluster_id, free_port

NODES = 3
_PATIENCE_SECONDS = 60


class Cluster:
    """Nodes whose data are in folders of *directory*, at *port* and the ports behind it."""

    def __init__(self, directory: Path, port: int = 0) -> None:
        self.directory = directory.absolute()
        controllers = [port + NODES + number if port else free_port() for number in range(NODES)]
        cluster = cluster_id()
        self.nodes = [
            Kafka(self.directory / f"node{number + 1}", port and port + number, Seat(number + 1, controllers, cluster))
            for number in range(NODES)
        ]
        self.bootstrap = ",".join(node.bootstrap for node in self.nodes)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start every node, and return when they know one another."""
        try:
            for node in self.nodes:
                node.launch()
            for node in self.nodes:
                node.wait()
            self.wait_whole()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every node at once: the last ones would wait for those that left."""
        for node in self.nodes:
            node.kill()

    def wait_whole(self) -> None:
        """Return when every node is there and every partition is in sync on all of them."""
        end = time.monotonic() + _PATIENCE_SECONDS
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        while time.monotonic() < end:
            with contextlib.suppress(Exception):  # nobody answers yet
                found = admin.list_topics(timeout=5)
                partitions = [it for topic in found.topics.values() for it in topic.partitions.values()]
                if len(found.brokers) == NODES and all(len(it.isrs) == NODES for it in partitions):
                    return
            time.sleep(0.1)
        message = f"the nodes at {self.bootstrap} do not come together; see {self.directory}/node*/kafka.log"
        raise KafkaError(message)

    def leader(self, topic: str, partition: int) -> Kafka:
        """Return the node that leads a partition now."""
        admin: Any = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        number: int = admin.list_topics(topic, timeout=10).topics[topic].partitions[partition].leader
        return self.nodes[number - 1]
