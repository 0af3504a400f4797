"""Three workers on three brokers: leaders and the group's coordinator change, and no worker stops."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fleet import Fleet
from tests.kafka_broker import Kafka
from tests.kafka_cluster import Cluster
from tests.witness import flowing

PARTITIONS = 6
SHOPPERS = 200
RATE = 300
FROZEN_SECONDS = 8
"""Longer than brokers wait for one another (3 s in these tests): a frozen one loses what it leads."""

pytestmark = pytest.mark.timeout(420)


def busiest(cluster: Cluster, fleet: Fleet) -> Kafka:
    """Return the node that leads most partitions of what is read and written."""
    led = Counter(cluster.nodes.index(cluster.leader(topic, n)) for topic in fleet.topics() for n in range(PARTITIONS))
    return cluster.nodes[led.most_common(1)[0][0]]


def coordinator(cluster: Cluster, fleet: Fleet) -> Kafka:
    return cluster.nodes[fleet.coordinator() - 1]


def kill(cluster: Cluster, node: Kafka, fleet: Fleet) -> None:
    """Kill a node, see that work goes on without it, and start it again."""
    node.kill()
    goes_on(fleet)
    node.start()
    cluster.wait_whole()


def freeze(cluster: Cluster, node: Kafka, fleet: Fleet) -> None:
    node.freeze()
    time.sleep(FROZEN_SECONDS)
    node.thaw()
    goes_on(fleet)
    cluster.wait_whole()


def goes_on(fleet: Fleet) -> None:
    """Return when each partition of the clicks was committed further than it is now."""
    before = fleet.clicks_committed()
    fleet.wait(lambda: all(offset > before.get(n, 0) for n, offset in fleet.clicks_committed().items()))


@pytest.mark.parametrize(
    ("do", "which"),
    [(kill, busiest), (kill, coordinator), (freeze, busiest), (freeze, coordinator)],
    ids=["killed-leader", "killed-coordinator", "frozen-leader", "frozen-coordinator"],
)
def test_workers_outlive_a_broker(
    kafka_cluster: Cluster,
    prefix: str,
    tmp_path: Path,
    do: Callable[[Cluster, Kafka, Fleet], None],
    which: Callable[[Cluster, Fleet], Kafka],
) -> None:
    folder = tmp_path / prefix.rstrip(".")
    with Fleet(kafka_cluster.bootstrap, folder, partitions=PARTITIONS, environment="production", warm=1) as fleet:
        workers = [fleet.start() for _ in range(3)]
        fleet.settle()
        with flowing(fleet, RATE, SHOPPERS) as witness:
            goes_on(fleet)
            do(kafka_cluster, which(kafka_cluster, fleet), fleet)
            goes_on(fleet)

        assert [it.process.poll() for it in workers] == [None] * 3
        assert witness.lost(fleet.sent) == 0
        assert fleet.counted() == fleet.sent
