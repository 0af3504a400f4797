"""The engine on a real Kafka: killed, frozen, robbed of its disk, fed with aborted transactions."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from agents.engine import topics
from agents.intake import partition_of
from tests.engine_worker import CLICKS, PAIRS, SEARCHES
from tests.engine_workers import (
    PARTITIONS,
    Workers,
    check,
    good,
    newest_lists,
    numbers,
    producing,
    states,
    stop,
    ticks,
    wait_commits,
)

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def workers(kafka: str, prefix: str, tmp_path: Path) -> Iterator[Workers]:
    found = Workers(kafka, prefix, tmp_path)
    yield found
    found.end()


def test_nothing_is_lost_or_counted_twice_when_a_worker_is_killed_and_its_disk_wiped(workers: Workers) -> None:
    records = ticks(6_000)
    with producing(workers, records, 700):
        for kill in range(3):
            process = workers.start()
            wait_commits(workers, process, 200)
            process.kill()
            process.wait()
            if kill == 1:
                shutil.rmtree(workers.disk("a"))
    process = workers.start()

    workers.wait_done(process)

    check(workers, records)
    assert stop(process) == 0


def test_a_worker_that_wakes_up_after_its_partitions_were_taken_away_spoils_nothing(workers: Workers) -> None:
    records = ticks(9_000)
    with producing(workers, records, 600):
        first, second = workers.start("a"), workers.start("b")
        wait_commits(workers, first, 300)
        first.send_signal(signal.SIGSTOP)
        wait_commits(workers, second, 300)
        time.sleep(workers.settings.session_timeout.total_seconds() + 1)
        wait_commits(workers, second, 300)
        first.send_signal(signal.SIGCONT)

    workers.wait_done(first)

    assert second.poll() is None
    check(workers, records)
    assert (stop(first), stop(second)) == (0, 0)


def test_what_a_former_owner_writes_is_ignored_and_its_rightful_owner_goes_on(workers: Workers) -> None:
    records = ticks(1_000)
    process = workers.start()
    workers.produce(records[:500], 1e9)
    workers.wait_done(process)
    changelog = topics.changelog(workers.settings.app_id, "sums")
    stale = b"\0\0\0\0" + msgspec.msgpack.encode([[9, 9, 9], 9, [], "s7", 777, 777])
    producer = Producer({"log_level": 0, "bootstrap.servers": workers.settings.broker})
    for key in (b"s7", b"ghost"):
        producer.produce(changelog, stale, key, partition_of(key, PARTITIONS))
    producer.flush(30)

    workers.produce(records[500:], 1e9)
    workers.wait_done(process)

    check(workers, records)
    assert "restoring a partition again" in workers.log.read_text()
    assert stop(process) == 0
    shutil.rmtree(workers.disk("a"))
    process = workers.start()
    workers.produce(more := ticks(200, 1_000), 1e9)
    workers.wait_done(process)
    check(workers, records + more)


def test_aborted_transactions_are_not_seen_and_commits_reach_the_end(workers: Workers) -> None:
    records = ticks(400)
    producer = Producer(
        {"log_level": 0, "bootstrap.servers": workers.settings.broker, "transactional.id": workers.settings.app_id}
    )
    producer.init_transactions()
    process = workers.start()
    for part, aborts in ((records[:200], False), (ticks(200, 10_000), True), (records[200:], False), (ticks(9), True)):
        producer.begin_transaction()
        for it in part:
            producer.produce(workers.name(it.topic), it.value, it.key, partition_of(it.key or b"", PARTITIONS))
        producer.flush(30)
        producer.abort_transaction() if aborts else producer.commit_transaction()

    workers.wait_done(process, 60)

    check(workers, records)
    assert stop(process) == 0


def test_an_offset_that_left_the_log_stops_the_worker(workers: Workers) -> None:
    workers.produce(ticks(400), 1e9)
    admin = AdminClient({"bootstrap.servers": workers.settings.broker})
    clicks = [TopicPartition(workers.name(CLICKS.name), n) for n in range(PARTITIONS)]
    workers.set_group_offsets({(it.topic, it.partition): 0 for it in clicks})
    for deleted in admin.delete_records([TopicPartition(it.topic, it.partition, 5) for it in clicks]).values():
        deleted.result()

    process = workers.start()

    assert process.wait(60) == 1
    text = workers.log.read_text()
    assert "LostRecordsError" in text
    assert "the group is at 0, the log has 5 to" in text
    assert len(text.splitlines()) < 500


def test_records_that_leave_the_log_while_a_worker_reads_stop_it(workers: Workers) -> None:
    process = workers.start()
    workers.produce(ticks(400), 1e9)
    workers.wait_done(process)
    process.send_signal(signal.SIGSTOP)
    workers.produce(ticks(400, 400), 1e9)
    clicks = [TopicPartition(workers.name(CLICKS.name), n, -1) for n in range(PARTITIONS)]
    admin = AdminClient({"bootstrap.servers": workers.settings.broker})
    for deleted in admin.delete_records(clicks).values():
        deleted.result()

    process.send_signal(signal.SIGCONT)

    assert process.wait(60) == 1
    assert "LostRecordsError" in workers.log.read_text()


def test_a_worker_that_is_told_to_stop_commits_all_that_it_has_done(workers: Workers) -> None:
    records = ticks(2_000)
    process = workers.start()
    with producing(workers, records, 2_000):
        wait_commits(workers, process, 300)

        code = stop(process)

    folded = {it.number for it in good(records, CLICKS.name, SEARCHES.name)}
    assert code == 0
    assert set(numbers(workers, PAIRS.name)) <= folded
    assert sum(n for n, _ in states(workers).values()) == len(numbers(workers, PAIRS.name))
    assert newest_lists(workers) == states(workers)
    assert uncommitted_facts(workers) == 0


def uncommitted_facts(workers: Workers) -> int:
    """Return how many facts come from events behind the committed offsets."""
    consumer = Consumer({"bootstrap.servers": workers.settings.broker, "group.id": workers.settings.app_id})
    places = [TopicPartition(workers.name(topic.name), n) for topic in (CLICKS, SEARCHES) for n in range(PARTITIONS)]
    behind = set()
    for place in consumer.committed(places, timeout=30):
        behind |= {
            msgspec.json.decode(it.value())["number"]
            for it in workers.read(place.topic.removeprefix(workers.settings.topic_prefix))
            if it.partition() == place.partition and it.offset() >= max(0, place.offset) and it.value() != b"{"
        }
    consumer.close()
    return len(behind & set(numbers(workers, PAIRS.name)))


def test_a_worker_without_its_topics_says_so_in_one_line(kafka: str, prefix: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "VITRINE_BROKER": kafka,
        "VITRINE_APP_ID": prefix,
        "VITRINE_TOPIC_PREFIX": prefix,
        "VITRINE_DATA_DIR": str(tmp_path),
    }

    done = subprocess.run(
        [sys.executable, "-m", "tests.engine_worker"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith(f"topics are missing: {prefix}-sums-changelog, {prefix}clicks.v1, ")
    assert done.stderr.count("\n") == 1
