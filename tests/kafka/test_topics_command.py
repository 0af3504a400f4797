"""`vitrine topics` on a real Kafka."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import confluent_kafka.admin
import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Producer

from agents.__main__ import main
from agents.app import needed
from agents.engine import topics
from agents.engine.errors import ConfigurationError
from agents.settings import load
from tests.kafka_broker import create_topics

admin: Any = confluent_kafka.admin


class Operator:
    """Somebody who runs `vitrine topics` in production with one broker, and looks at it with other tools."""

    def __init__(self, broker: str, prefix: str) -> None:
        self.prefix = prefix
        self.variables = {
            "VITRINE_BROKER": broker,
            "VITRINE_TOPIC_PREFIX": prefix,
            "VITRINE_APP_ID": f"{prefix}app",
            "VITRINE_PARTITIONS": "2",
            "VITRINE_ENVIRONMENT": "production",
        }
        self.client = admin.AdminClient({"bootstrap.servers": broker})

    def run(self, command: str, *options: str, **variables: str) -> Result:
        arguments = ["topics", command, "--replication", "1", "--json", *options]
        return CliRunner().invoke(main, arguments, env=self.variables | variables)

    def told(self, command: str, *options: str, **variables: str) -> dict[str, Any]:
        found = self.run(command, *options, **variables)
        assert found.exit_code == 0, found.output
        answer: dict[str, Any] = json.loads(found.stdout)
        return answer

    def set(self, topic: str, settings: Mapping[str, str]) -> None:
        set_ = admin.AlterConfigOpType.SET
        entries = [admin.ConfigEntry(name, value, incremental_operation=set_) for name, value in settings.items()]
        resource = admin.ConfigResource(admin.ResourceType.TOPIC, self.prefix + topic, incremental_configs=entries)
        for done in self.client.incremental_alter_configs([resource]).values():
            done.result()
        while not settings.items() <= self.settings(topic).items():  # the controller knows first
            time.sleep(0.05)

    def settings(self, topic: str) -> dict[str, str]:
        resource = admin.ConfigResource(admin.ResourceType.TOPIC, self.prefix + topic)
        (found,) = self.client.describe_configs([resource]).values()
        return {name: entry.value for name, entry in found.result().items()}

    def there(self) -> dict[str, int]:
        found = topics.existing(self.variables["VITRINE_BROKER"])
        return {name: count for name, count in found.items() if name.startswith(self.prefix)}

    def fill(self, topic: str) -> None:
        producer = Producer({"log_level": 0, "bootstrap.servers": self.variables["VITRINE_BROKER"]})
        producer.produce(self.prefix + topic, b"{}", b"ada")
        assert producer.flush(30) == 0


@pytest.fixture
def operator(kafka: str, prefix: str) -> Operator:
    return Operator(kafka, prefix)


def names(found: Sequence[Mapping[str, Any]]) -> list[str]:
    return [it["topic"] for it in found]


def test_plan_then_apply_then_nothing_is_left_to_do(operator: Operator) -> None:
    wanted = needed(load(operator.variables), 1)

    before = operator.told("plan")
    assert operator.there() == {}
    assert operator.run("plan", "--check").exit_code == 1
    done = operator.told("apply")
    after = operator.told("plan", "--check")

    assert names(before["make"]) == names(done["make"]) == sorted(wanted)
    assert operator.there() == dict.fromkeys(wanted, 2)
    assert (after["pending"], after["unchanged"]) == (False, len(wanted))
    assert (after["make"], after["change"]) == ([], [])
    found = operator.settings("clicks.v1")
    assert found["retention.ms"] == str(28 * 86_400_000)
    assert found["min.insync.replicas"] == "1"


def test_drift_is_found_and_mended_and_other_settings_stay(operator: Operator) -> None:
    operator.told("apply")
    operator.set("clicks.v1", {"retention.ms": "5000", "segment.bytes": "1234567"})
    operator.set("item-cards.v1", {"cleanup.policy": "delete"})

    found = operator.told("plan")
    operator.told("apply")

    assert [(it["topic"], it["setting"], it["found"]) for it in found["change"]] == [
        (f"{operator.prefix}clicks.v1", "retention.ms", "5000"),
        (f"{operator.prefix}item-cards.v1", "cleanup.policy", "delete"),
    ]
    assert operator.told("plan")["pending"] is False
    assert operator.settings("clicks.v1")["segment.bytes"] == "1234567"
    assert operator.settings("item-cards.v1")["cleanup.policy"] == "compact"


@pytest.mark.parametrize(("environment", "code"), [("production", 2), ("development", None)])
def test_a_changelog_that_could_lose_states_stops_a_worker_in_production(
    operator: Operator, tmp_path: Path, environment: str, code: int | None
) -> None:
    operator.told("apply")
    operator.set("app-shoppers-changelog", {"min.compaction.lag.ms": "0"})
    variables = {"VITRINE_ENVIRONMENT": environment, "VITRINE_DATA_DIR": str(tmp_path), "VITRINE_WEB_PORT": "0"}
    log = tmp_path / "log"
    with log.open("w") as out:
        worker = subprocess.Popen(
            [sys.executable, "-m", "agents", "worker"],
            env={**os.environ, **operator.variables, **variables},
            stdout=out,
            stderr=out,
        )
    try:
        end = time.monotonic() + 60
        while worker.poll() is None and "views read" not in log.read_text() and time.monotonic() < end:
            time.sleep(0.1)
        assert worker.poll() == code, log.read_text()
        assert f"{operator.prefix}app-shoppers-changelog has min.compaction.lag.ms=0" in log.read_text()
        assert "`vitrine topics apply` mends it" in log.read_text()
    finally:
        worker.kill()
        worker.wait()


def test_what_was_made_for_development_becomes_production(operator: Operator) -> None:
    operator.told("apply", VITRINE_ENVIRONMENT="development")

    found = operator.told("apply", VITRINE_ENVIRONMENT="production")

    assert found["change"]
    assert operator.told("plan")["pending"] is False
    assert operator.told("plan", VITRINE_ENVIRONMENT="development")["pending"] is False


def test_another_partition_count_is_refused_and_nothing_is_touched(operator: Operator) -> None:
    create_topics(
        operator.variables["VITRINE_BROKER"], {f"{operator.prefix}clicks.v1": 3, f"{operator.prefix}pairs.v1": 2}
    )
    operator.set("pairs.v1", {"retention.ms": "5000"})

    planned, applied = operator.run("plan"), operator.run("apply", "--yes")

    assert planned.exit_code == applied.exit_code == 1
    (refusal,) = json.loads(planned.stdout)["refused"]
    assert refusal["topic"] == f"{operator.prefix}clicks.v1"
    assert "set VITRINE_PARTITIONS=3" in refusal["why"]
    assert "nothing was changed" in applied.stderr
    assert operator.there() == {f"{operator.prefix}clicks.v1": 3, f"{operator.prefix}pairs.v1": 2}
    assert operator.settings("pairs.v1")["retention.ms"] == "5000"


def test_more_copies_than_brokers_are_refused_and_nothing_is_made(operator: Operator) -> None:
    found = operator.run("apply", "--replication", "3")

    assert found.exit_code == 1
    assert "3 copies need as many brokers" in found.output
    assert operator.there() == {}


def test_a_topic_that_nobody_needs_is_named_and_left_alone(operator: Operator) -> None:
    old = f"{operator.prefix}old.v1"
    create_topics(operator.variables["VITRINE_BROKER"], {old: 1}, {"retention.ms": "5000"})

    found = operator.told("apply")

    assert found["unknown"] == [old]
    assert operator.there()[old] == 1
    assert operator.settings("old.v1")["retention.ms"] == "5000"


def test_records_are_not_lost_without_a_yes(operator: Operator) -> None:
    operator.told("apply")
    operator.set("clicks.v1", {"retention.ms": "-1"})
    operator.fill("clicks.v1")

    without = operator.run("apply")
    kept = operator.settings("clicks.v1")["retention.ms"]
    operator.told("apply", "--yes")

    assert without.exit_code == 2
    assert "say --yes if that is meant" in without.stderr
    assert kept == "-1"
    assert operator.settings("clicks.v1")["retention.ms"] == str(28 * 86_400_000)


def test_compaction_does_not_end_while_there_are_records(operator: Operator) -> None:
    operator.told("apply")
    operator.set("clicks.v1", {"cleanup.policy": "compact"})
    operator.fill("clicks.v1")

    found = operator.run("apply", "--yes")

    assert found.exit_code == 1
    assert operator.settings("clicks.v1")["cleanup.policy"] == "compact"


def test_what_the_broker_refuses_is_known_before_anything_is_done(operator: Operator) -> None:
    wanted = needed(load(operator.variables), 1)
    broker = operator.variables["VITRINE_BROKER"]
    bad = {name: it._replace(config={"retention.ms": "soon"}) for name, it in wanted.items() if "clicks" in name}
    found = topics.plan(wanted | bad, topics.look(broker, wanted), prefix=operator.prefix, app_id="app")

    with pytest.raises(ConfigurationError, match=r"clicks.* could not be made: .*soon.*nothing was changed"):
        topics.apply(broker, found)

    assert operator.there() == {}
