import json
import os
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from agents.__main__ import main
from agents.intake import partition_of
from agents.replay import kafka as transport
from agents.replay.log import LogRecord, created, encode, read
from tests.kafka_broker import create_topics

ROOT = Path(__file__).parents[2]
PARTITIONS = 3
OLD = 1_767_000_000_000


def record(
    offset: int, topic: str = "clicks.v1", key: bytes | None = b"ada", partition: int = 0, **fields: Any
) -> LogRecord:
    body = {"at": f"2026-01-01T00:00:{offset:02}Z", "n": offset}
    given: dict[str, Any] = {"timestamp": OLD + offset, "value": json.dumps(body).encode(), "headers": ()}
    return LogRecord(topic, partition, offset, key=key, **(given | fields))


RECORDS = [
    record(0, headers=(("ce_id", b"e-0"), ("trace", None), ("raw", b"\xff"))),
    record(1, key=b"bob"),
    record(2, value=None),
    record(3, value=b"\xff\xfe"),
    record(4, key=None),
    record(5, "searches.v1", headers=(("replay_id", b"earlier"),)),
]


def log(path: Path, records: Sequence[LogRecord]) -> Path:
    with created(path) as file:
        for it in records:
            file.write(encode(it))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def done(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def readable(path: Path) -> int:
    """Return how many lines of a .gz that is still being written can be read."""
    return zlib.decompressobj(31).decompress(path.read_bytes()).count(b"\n") if path.exists() else 0


@pytest.fixture
def topics(kafka: str, prefix: str) -> tuple[str, ...]:
    """Make clicks and searches; return the options that lead there."""
    create_topics(kafka, {f"{prefix}clicks.v1": PARTITIONS, f"{prefix}searches.v1": PARTITIONS})
    return ("--broker", kafka, "--prefix", prefix)


def recorded(topics: Sequence[str], folder: Path, names: str = "clicks.v1,searches.v1") -> list[LogRecord]:
    done(run("record", *topics, "--topics", names, "--out", folder / "recorded.jsonl", "--json"))
    return [it for _, it in read(folder / "recorded.jsonl")]


def test_what_is_produced_is_recorded_as_it_was(topics: tuple[str, ...], tmp_path: Path) -> None:
    sent = done(run("produce", log(tmp_path / "log.jsonl.zst", RECORDS), *topics, "--json"))

    got = {(it.topic, it.key, it.value): it for it in recorded(topics, tmp_path)}
    assert len(got) == len(RECORDS) == sum(sent["written"].values())
    for before in RECORDS:
        after = got[before.topic, before.key, before.value]
        kept = tuple(header for header in before.headers if header[0] != "replay_id")
        assert after.headers == (*kept, ("replay_id", sent["replay_id"].encode()))
        if before.key is not None:
            assert after.partition == partition_of(before.key, PARTITIONS)


def test_each_key_keeps_its_order(topics: tuple[str, ...], tmp_path: Path) -> None:
    keys = [b"ada", b"bob", b"eve"]
    many = [record(n // 3, key=keys[n % 3], partition=n % 3) for n in range(150)]

    done(run("produce", log(tmp_path / "log", many), *topics, "--json"))

    got = recorded(topics, tmp_path, "clicks.v1")
    for key in keys:
        assert [json.loads(it.value or b"")["n"] for it in got if it.key == key] == list(range(50))
    for partition in range(PARTITIONS):
        offsets = [it.offset for it in got if it.partition == partition]
        assert offsets == list(range(len(offsets)))


def test_timestamps_are_the_present_unless_those_of_the_log_are_kept(topics: tuple[str, ...], tmp_path: Path) -> None:
    before = time.time() * 1000 - 60_000
    path = log(tmp_path / "log", [record(0)])

    run("produce", path, *topics)
    run("produce", path, *topics, "--keep-timestamps")

    new, old = recorded(topics, tmp_path, "clicks.v1")
    assert new.timestamp > before
    assert old.timestamp == OLD


def test_partitions_of_the_log_are_kept_on_demand(topics: tuple[str, ...], tmp_path: Path) -> None:
    other = (partition_of(b"ada", PARTITIONS) + 1) % PARTITIONS

    done(run("produce", log(tmp_path / "log", [record(0, partition=other)]), *topics, "--keep-partitions", "--json"))

    assert [it.partition for it in recorded(topics, tmp_path, "clicks.v1")] == [other]


def test_a_partition_that_the_topic_has_not_ends_with_2(topics: tuple[str, ...], tmp_path: Path) -> None:
    result = run("produce", log(tmp_path / "log", [record(0, partition=9)]), *topics, "--keep-partitions")

    assert result.exit_code == 2
    assert f"has {PARTITIONS} partitions, the log has a record for 9: leave out --keep-partitions" in result.stderr


def test_what_agents_made_is_sent_only_when_named(topics: tuple[str, ...], tmp_path: Path) -> None:
    path = log(tmp_path / "log", [record(0), record(0, "pairs.v1"), record(1, "pairs.v1")])

    plain = run("produce", path, *topics, "--json")
    mapped = run("produce", path, *topics, "--map", "pairs.v1=searches.v1", "--json")

    assert done(plain)["skipped"] == {"pairs.v1": 2}
    assert "not sent: 2 of pairs.v1" in plain.stderr
    assert sorted(done(mapped)["written"].values()) == [1, 2]
    assert len(recorded(topics, tmp_path, "searches.v1")) == 2


def test_a_record_that_the_broker_does_not_take_ends_with_1(topics: tuple[str, ...], tmp_path: Path) -> None:
    path = log(tmp_path / "log", [record(0), record(1, value=b"x" * 3_000_000), record(2)])

    result = run("produce", path, *topics, "--json")

    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (list(report["written"].values()), list(report["failed"].values())) == ([2], [1])
    assert "too large" in report["why"][0]
    assert len(recorded(topics, tmp_path, "clicks.v1")) == 2


def test_only_what_is_committed_is_recorded(kafka: str, prefix: str, topics: tuple[str, ...], tmp_path: Path) -> None:
    for commit in (True, False):
        producer = Producer({"log_level": 0, "bootstrap.servers": kafka, "transactional.id": f"{prefix}{commit}"})
        producer.init_transactions()
        producer.begin_transaction()
        producer.produce(f"{prefix}clicks.v1", b"committed" if commit else b"aborted", partition=0)
        producer.flush()
        producer.commit_transaction() if commit else producer.abort_transaction()

    assert [it.value for it in recorded(topics, tmp_path)] == [b"committed"]


def test_a_transaction_that_is_not_ended_does_not_hold_a_recording(
    kafka: str, prefix: str, topics: tuple[str, ...], tmp_path: Path
) -> None:
    run("produce", log(tmp_path / "log", [record(0)]), *topics)
    producer = Producer({"log_level": 0, "bootstrap.servers": kafka, "transactional.id": prefix})
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce(f"{prefix}clicks.v1", b"open", partition=partition_of(b"ada", PARTITIONS))
    producer.flush()

    got = recorded(topics, tmp_path, "clicks.v1")

    producer.abort_transaction()
    assert [it.offset for it in got] == [0]


def test_records_that_are_gone_are_told(kafka: str, prefix: str, topics: tuple[str, ...], tmp_path: Path) -> None:
    run("produce", log(tmp_path / "log", [record(n) for n in range(5)]), *topics)
    place = TopicPartition(f"{prefix}clicks.v1", partition_of(b"ada", PARTITIONS), 2)
    admin = AdminClient({"bootstrap.servers": kafka})
    for deleted in admin.delete_records([place]).values():
        deleted.result()

    result = run("record", *topics, "--topics", "clicks.v1", "--out", tmp_path / "out", "--json")

    assert done(result)["records"] == 3
    assert f"{prefix}clicks.v1: 2 older records are no longer on the broker" in result.stderr


def test_topics_without_records_make_an_empty_log(topics: tuple[str, ...], tmp_path: Path) -> None:
    assert recorded(topics, tmp_path) == []


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_recording_that_follows_is_closed_when_stopped(
    topics: tuple[str, ...], tmp_path: Path, stop: signal.Signals
) -> None:
    out = tmp_path / "out.jsonl.gz"
    run("produce", log(tmp_path / "log", [record(0)]), *topics)
    command = [
        sys.executable,
        "-m",
        "agents",
        "record",
        *topics,
        "--topics",
        "clicks.v1",
        "--out",
        str(out),
        "--follow",
    ]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE) as recording:
        while readable(out) < 1:
            time.sleep(0.05)
        run("produce", log(tmp_path / "log", [record(n) for n in range(1, 4)]), *topics)
        while readable(out) < 4:
            time.sleep(0.05)

        recording.send_signal(stop)
        printed, _ = recording.communicate(timeout=30)

    assert recording.returncode == 0
    assert b"records: 4" in printed
    assert len(list(read(out))) == 4


@pytest.mark.parametrize("command", ["record", "produce"])
def test_a_topic_that_is_not_there_ends_with_2(kafka: str, tmp_path: Path, command: str) -> None:
    given = ("--out", tmp_path / "out") if command == "record" else (log(tmp_path / "log", [record(0)]),)

    result = run(command, *given, "--broker", kafka, "--prefix", "nowhere.", "--topics", "clicks.v1")

    assert result.exit_code == 2
    assert "has no topic nowhere.clicks.v1: `vitrine topics apply` makes those of this system" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["record", "produce"])
def test_a_broker_that_is_not_there_ends_with_2(tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "PATIENCE", 0.5)
    given = ("--out", tmp_path / "out") if command == "record" else (log(tmp_path / "log", [record(0)]),)

    result = run(command, *given, "--broker", "127.0.0.1:1")

    assert result.exit_code == 2
    assert "no broker answers at 127.0.0.1:1: start one there" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_dry_run_says_what_would_be_sent_without_a_broker(tmp_path: Path) -> None:
    result = run("produce", log(tmp_path / "log", RECORDS), "--dry-run", "--prefix", "shop.", "--json")

    assert done(result)["would_write"] == {"shop.clicks.v1": 5, "shop.searches.v1": 1}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--map", "clicks.v1"), "expected FROM=TO"),
        (("--rate", "5", "--as-fast"), "exclude each other"),
        (("--rate", "0"), "0"),
    ],
)
def test_wrong_options_end_with_2(tmp_path: Path, options: tuple[str, ...], problem: str) -> None:
    result = run("produce", log(tmp_path / "log", RECORDS), *options)

    assert result.exit_code == 2
    assert problem in result.stderr
