"""Brokers for tests: `embedded`, inside the process, and `kafka`, the real thing."""

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from agents.broker import EmbeddedBroker
from tests.kafka_broker import Kafka, missing
from tests.kafka_cluster import Cluster
from tests.lacks import skip_for

pytest.register_assert_rewrite("tests.engine_workers", "tests.fleet")  # so that a failure there says what differs


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"kafka", "kafka_node", "kafka_cluster"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("kafka")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap of a real Kafka: KAFKA_BOOTSTRAP, or one of our own; topics need the `prefix` of the test."""
    given = os.environ.get("KAFKA_BOOTSTRAP")
    if given:
        yield given
        return
    skip_for(missing())
    with Kafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker.bootstrap


@pytest.fixture
def kafka_node(tmp_path: Path) -> Iterator[Kafka]:
    """A real Kafka for one test, which may kill, freeze and start it."""
    skip_for(missing())
    with Kafka(tmp_path / "kafka") as broker:
        yield broker


@pytest.fixture
def kafka_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Three nodes for one test, which may kill, freeze and start one of them at a time."""
    skip_for(missing())
    with Cluster(tmp_path / "cluster") as cluster:
        yield cluster


@pytest.fixture
def prefix() -> str:
    """What comes before the names of topics and groups, so that tests can share a broker."""
    return f"t{uuid.uuid4().hex[:8]}."


@pytest.fixture
def embedded() -> Iterator[Callable[[Mapping[str, int]], str]]:
    """Start a broker inside the process with topics, name to number of partitions, and return its bootstrap."""
    with contextlib.ExitStack() as brokers:
        yield lambda topics: brokers.enter_context(EmbeddedBroker(topics)).bootstrap
