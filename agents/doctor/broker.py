"""The broker: whether it answers, and whether all of its nodes are reached from here."""

import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import confluent_kafka.admin
from confluent_kafka import KafkaException

from agents.doctor.finding import Finding, fail, ok, warn

_SECONDS = 5.0
_CONNECT_SECONDS = 2.0
_kafka: Any = confluent_kafka.admin


OFFSETS = "__consumer_offsets"
"""Where Kafka keeps what groups have committed."""

LEAST_NODES = 3
"""In production: the loss of one loses nothing, and stops nobody."""


class Kept(NamedTuple):
    """How the partitions of a topic are kept."""

    copies: int
    """Of the partition that has the fewest."""
    leaderless: int = 0
    """Partitions that nobody can read or write."""
    behind: int = 0
    """Partitions of which some copies are not in sync."""


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
    kept: Mapping[str, Kept] = MappingProxyType({})
    """Topic to how it is kept."""


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
    kept = {name: _kept(topic.partitions.values()) for name, topic in metadata.topics.items()}
    found = Broker(servers, client, nodes, counts, metadata.controller_id in metadata.brokers, kept)
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


def nodes(broker: Broker) -> Iterator[Finding]:
    """Look for what production needs of a cluster, beside our topics."""
    if len(broker.nodes) < LEAST_NODES:
        message = f"{len(broker.nodes)} in production: the loss of one can lose records, or stop writers"
        yield warn("nodes", message, f"run {LEAST_NODES} or more")
    else:
        yield ok("nodes", str(len(broker.nodes)))
    if OFFSETS in broker.kept and broker.kept[OFFSETS].copies < LEAST_NODES:
        message = (
            f"{OFFSETS} has {broker.kept[OFFSETS].copies} of each partition: without its node no worker can commit"
        )
        cure = f"kafka-reassign-partitions.sh adds copies; for new clusters, offsets.topic.replication.factor={LEAST_NODES}"
        yield warn("offsets", message, cure)


def copies(names: Iterable[str], broker: Broker) -> Finding:
    """See whether the partitions of topics have leaders, and all copies in sync."""
    kept = {name: broker.kept[name] for name in names if name in broker.kept}
    dead, behind = sum(it.leaderless for it in kept.values()), sum(it.behind for it in kept.values())
    cure = "see to the broker that is down, or its log"
    if dead:
        name = next(name for name, it in sorted(kept.items()) if it.leaderless)
        return fail("copies", f"{dead} partitions can't be read or written: they have no leader, as of {name}", cure)
    if behind:
        name = next(name for name, it in sorted(kept.items()) if it.behind)
        return warn("copies", f"of {behind} partitions some copies are not in sync, as of {name}", cure)
    return ok("copies", f"all in sync, each of the {len(kept)} topics has a leader everywhere")


def _kept(partitions: Collection[Any]) -> Kept:
    return Kept(
        min((len(it.replicas) for it in partitions), default=0),
        sum(it.leader < 0 for it in partitions),
        sum(len(it.isrs) < len(it.replicas) for it in partitions),
    )


def _connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), _CONNECT_SECONDS).close()
    except OSError:
        return False
    return True
