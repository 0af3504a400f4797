"""`vitrine doctor` on a real Kafka, with and without workers, and where nobody listens."""

import json
import time
from pathlib import Path
from typing import Any

import confluent_kafka.admin
import pytest
from click.testing import CliRunner
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition

from agents.__main__ import main
from tests.deployment import Deployment

admin: Any = confluent_kafka.admin

Told = dict[str, tuple[str, str]]
"""Name to status and message with cure."""


def doctor(deployment: Deployment, exit_code: int, *options: str, **variables: str) -> Told:
    """Run it in the place of *deployment*, and see that it is not about the models."""
    found = CliRunner().invoke(main, ["doctor", "--json", *options], env=deployment.variables | variables)
    assert found.exit_code == exit_code, found.output
    answer = json.loads(found.stdout)
    assert answer["ok"] is (exit_code == 0)
    return {it["name"]: (it["status"], f"{it['message']} → {it['cure']}") for it in answer["findings"]}


@pytest.fixture
def deployment(kafka: str, prefix: str, tmp_path: Path) -> Deployment:
    return Deployment(kafka, f"{prefix}doctor", tmp_path, VITRINE_PARTITIONS="2")


def groups(client: Any) -> set[str]:
    return {it.group_id for it in client.list_consumer_groups().result().valid}


def test_what_is_missing_is_told_then_what_runs(deployment: Deployment) -> None:
    bare = doctor(deployment, 1)
    deployment.run("topics", "apply")
    made = doctor(deployment, 0)
    with deployment.worker() as process:
        end = time.monotonic() + 60
        while doctor(deployment, 0)["workers"][0] != "ok":
            assert process.poll() is None
            assert time.monotonic() < end
        running = doctor(deployment, 0)

    assert bare["broker"][0] == "ok"
    assert bare["topics"][0] == "fail"
    assert "vitrine topics apply" in bare["topics"][1]
    assert bare["clock"][0] == "warn"
    assert {
        made[name][0]
        for name in ("listeners", "topics", "partitions", "copies", "topic settings", "inference", "clock")
    } == {"ok"}
    assert made["workers"] == ("warn", f"none runs in group {deployment.settings.app_id} → vitrine worker")
    assert running["workers"] == ("ok", f"1 in group {deployment.settings.app_id} → ")
    assert running["lag"][0] == "ok"


def test_the_clock_leaves_nothing_behind(deployment: Deployment) -> None:
    deployment.run("topics", "apply")
    client = admin.AdminClient({"bootstrap.servers": deployment.settings.broker})

    told = doctor(deployment, 0)

    assert told["clock"][0] == "ok"
    assert "clock" not in doctor(deployment, 0, "--no-write")
    assert not {name for name in groups(client) if name.startswith("vitrine-doctor-")}


def test_drift_and_records_lost_are_told(deployment: Deployment) -> None:
    deployment.run("topics", "apply")
    broker, topic = deployment.settings.broker, f"{deployment.settings.topic_prefix}clicks.v1"
    client = admin.AdminClient({"bootstrap.servers": broker})
    producer = Producer({"log_level": 0, "bootstrap.servers": broker})
    for _ in range(5):
        producer.produce(topic, b"{}", b"ada", 0)
    assert producer.flush(30) == 0
    group = ConsumerGroupTopicPartitions(deployment.settings.app_id, [TopicPartition(topic, 0, 2)])
    commit(client, group)

    behind = doctor(deployment, 0, VITRINE_ENVIRONMENT="production")
    for deleted in client.delete_records([TopicPartition(topic, 0, 4)]).values():
        deleted.result()
    lost = doctor(deployment, 1)

    assert behind["lag"] == (
        "warn",
        "3 records of 1 partitions are not committed, and nobody reads them → vitrine worker",
    )
    assert behind["topic settings"][0] == behind["nodes"][0] == "warn"
    assert "1 copy of each partition, wanted are 3" in behind["topic settings"][1]
    assert lost["lag"][0] == "warn"
    assert lost_line(deployment).startswith(f"fail lag: {topic}/0: committed is 2, the log holds 4 to 5")


def commit(client: Any, group: ConsumerGroupTopicPartitions) -> None:
    """Commit once the coordinator is up."""
    while True:
        (done,) = client.alter_consumer_group_offsets([group]).values()
        if done.result().topic_partitions[0].error is None:
            return
        time.sleep(0.1)


def lost_line(deployment: Deployment) -> str:
    """Return the first line about lag, as people see it."""
    found = CliRunner().invoke(main, ["doctor"], env=deployment.variables)
    assert found.exit_code == 1
    assert "a worker can't run here yet" in found.stdout
    return next(line for line in found.stdout.splitlines() if " lag: " in line)


def test_where_nobody_listens_the_rest_is_told_all_the_same(tmp_path: Path) -> None:
    lonely = Deployment("127.0.0.1:1", "lonely", tmp_path)

    told = doctor(lonely, 1)

    assert told["broker"][0] == "fail"
    assert told["inference"][0] == told["settings"][0] == "ok"
    assert {told[name] for name in ("listeners", "topics", "copies", "topic settings", "workers", "clock")} == {
        ("warn", "not checked: no broker answers → start one first")
    }


def test_settings_that_cannot_be_read_end_the_rest(tmp_path: Path) -> None:
    told = doctor(Deployment("127.0.0.1:1", "lonely", tmp_path), 1, VITRINE_SEED="x")

    assert told["settings"][0] == "fail"
    assert "VITRINE_SEED: Expected `int`" in told["settings"][1]
    assert told["python"][0] == "ok"
    assert told["inference"] == ("warn", "not checked: the settings can't be read → mend them first")
