"""What only a real Kafka has: transactions, control records at the end of a partition, starts by time."""

import json
import time

import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from agents.__main__ import main
from agents.inspect.reading import Place, Reader
from tests.kafka_broker import create_topics

PARTITIONS = 2


def search(query: str) -> bytes:
    return json.dumps({"shopper": "ann", "query": query, "at": "2026-01-01T00:00:00Z"}).encode()


@pytest.fixture
def topic(kafka: str, prefix: str) -> str:
    """Searches: one plain, one committed, one aborted, in partition 0, which so ends with control records."""
    name = f"{prefix}searches.v1"
    create_topics(kafka, {name: PARTITIONS})
    plain = Producer({"log_level": 0, "bootstrap.servers": kafka})
    plain.produce(name, search("plain"), b"ann", 0)
    assert plain.flush(30) == 0
    for query in ("committed", "aborted"):
        producer = Producer({"log_level": 0, "bootstrap.servers": kafka, "transactional.id": f"{prefix}{query}"})
        producer.init_transactions(30)
        producer.begin_transaction()
        producer.produce(name, search(query), b"ann", 0)
        assert producer.flush(30) == 0
        if query == "aborted":
            producer.abort_transaction(30)
        else:
            producer.commit_transaction(30)
    return name


def test_only_what_is_committed_is_read_backwards(kafka: str, prefix: str, topic: str) -> None:
    with Reader(kafka, prefix) as reader:
        name = reader.resolve("searches")
        queries = [json.loads(it.value or b"")["query"] for it in reader.backwards(Place(name, 0))]
        nothing = list(reader.backwards(Place(name, 1)))

    assert topic == prefix + name
    assert queries == ["committed", "plain"]
    assert nothing == []


@pytest.mark.usefixtures("topic")
@pytest.mark.parametrize("start", ["beginning", "-4", "1h"])
def test_records_are_told_from_any_start(kafka: str, prefix: str, start: str) -> None:
    arguments = ("tail", "searches", "--broker", kafka, "--prefix", prefix, "--from", start, "--count", "2")

    result = CliRunner().invoke(main, arguments)

    assert result.exit_code == 0, result.output
    assert [line.split(" ", 1)[1].split()[-1] for line in result.stdout.splitlines()[1:]] == ["“plain”", "“committed”"]


def test_a_time_is_where_the_broker_says_it_is(kafka: str, prefix: str, topic: str) -> None:
    later = int(time.time() * 1000) + 3_600_000
    producer = Producer({"log_level": 0, "bootstrap.servers": kafka})
    producer.produce(topic, search("late"), b"ann", 0, timestamp=later)
    assert producer.flush(30) == 0
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(later / 1000 - 60))

    result = CliRunner().invoke(
        main, ("tail", "searches", "--broker", kafka, "--prefix", prefix, "--from", at, "--count", "1")
    )

    assert "“late”" in result.stdout
