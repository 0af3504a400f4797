"""The broker, or the three, as something to strike at."""

import socket
from pathlib import Path

from tests.kafka_broker import Kafka, KafkaError
from tests.kafka_cluster import Cluster


class Brokers:
    """One node or three."""

    def __init__(self, directory: Path, nodes: int, port: int) -> None:
        self._whole: Kafka | Cluster = Kafka(directory, port) if nodes == 1 else Cluster(directory, port)
        self.nodes = [self._whole] if isinstance(self._whole, Kafka) else self._whole.nodes
        self.bootstrap = self._whole.bootstrap
        self._frozen: set[Kafka] = set()

    def start(self) -> None:
        """Start all of them, and wait until they answer; a KafkaError if somebody else listens where they would."""
        for node in self.nodes:
            _check_free(node.port)
        self._whole.start()

    def stop(self) -> None:
        """End all of them at once; nobody needs their data."""
        for node in self.nodes:
            node.kill()

    @property
    def down(self) -> bool:
        """Whether one of them is killed or frozen."""
        return bool(self._frozen) or not all(node.running for node in self.nodes)

    def pick(self, number: float) -> Kafka:
        """Return the node that *number*, from 0 to 1, stands for."""
        return self.nodes[min(int(number * len(self.nodes)), len(self.nodes) - 1)]

    def freeze(self, node: Kafka) -> None:
        """Stop it from running."""
        node.freeze()
        self._frozen.add(node)

    def thaw(self, node: Kafka) -> None:
        """Let it run again."""
        node.thaw()
        self._frozen.discard(node)

    def heal(self) -> None:
        """Let all of them run, and wait until they answer."""
        for node in list(self._frozen):
            self.thaw(node)
        for node in self.nodes:
            if not node.running:
                node.launch()
        for node in self.nodes:
            node.wait()
        if isinstance(self._whole, Cluster):
            self._whole.wait_whole()


def _check_free(port: int) -> None:
    """Raise a KafkaError if *port* is taken: another's broker would answer in place of ours."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        message = f"port {port} is taken, perhaps by an earlier run: end it, or choose another with --port"
        raise KafkaError(message) from error
