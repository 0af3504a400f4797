"""The broker: whether it answers, and whether all of its nodes are reached from here."""

import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

import confluent_kafka.admin
from confluent_kafka import KafkaException

from agents.doctor.finding import Finding, fail, ok, warn

_SECONDS = 5.0
_CONNECT_SECONDS = 2.0
_kafka: Any = confluent_kafka.admin


class Broker(NamedTuple):
    """A broker that answers."""

    servers: str
    client: Any
    nodes: dict[int, tuple[str, int]]
    """Id to host and port, as the broker says that it is reached."""
    topics: dict[str, int]
    """Name to partition count."""
    controller: bool
    """Whether it takes orders about topics; an embedded one does not."""


def answering(servers: str) -> tuple[Broker | None, Finding]:
    """Ask the broker what it has; None if it does not answer."""
    client = _kafka.AdminClient({"bootstrap.servers": servers, "log_level": 0})
    try:
        metadata = client.list_topics(timeout=_SECONDS)
    except KafkaException as error:
        cure = "start one there, or set VITRINE_BROKER; `vitrine demo` needs none"
        return None, fail("broker", f"nobody answers at {servers}: {error.args[0].str()}", cure)
    nodes = {node.id: (node.host, node.port) for node in metadata.brokers.values()}
    counts = {name: len(topic.partitions) for name, topic in metadata.topics.items()}
    found = Broker(servers, client, nodes, counts, metadata.controller_id in metadata.brokers)
    many = "1 node" if len(nodes) == 1 else f"{len(nodes)} nodes"
    return found, ok("broker", f"{servers} answers: {many}, {len(counts)} topics")


def listeners(broker: Broker) -> Finding:
    """Connect to each node at the address that it gives to clients; an address behind a container often fails here."""
    lost = [f"{host}:{port}" for host, port in broker.nodes.values() if not _connects(host, port)]
    if lost:
        message = f"the broker says that it is at {', '.join(lost)}, which can't be reached from here"
        return fail(
            "listeners", message, "set its advertised.listeners to an address for this network, or open the way"
        )
    return ok("listeners", f"reached at {', '.join(f'{host}:{port}' for host, port in broker.nodes.values())}")


def copies(broker: Broker, environment: str) -> Iterator[Finding]:
    """Compare the number of nodes with what production asks for."""
    least = 3
    if environment == "production" and len(broker.nodes) < least:
        message = f"{len(broker.nodes)} nodes in production: the loss of one can lose records, or stop writers"
        yield warn("nodes", message, f"run {least} or more")


def _connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), _CONNECT_SECONDS).close()
    except OSError:
        return False
    return True
