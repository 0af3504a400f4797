"""Stores and changelogs that are damaged, emptied, cut or made anew: right states, or one line that says why not; never a hang."""

import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka import admin as _admin

from agents.engine import topics
from agents.engine.database import Memory
from agents.engine.formats import Kept
from agents.engine.lineage import Last
from agents.engine.store import Shard
from tests.engine_worker import CLICKS, Sums, needed
from tests.engine_workers import PARTITIONS, Workers, check, newest_lists, stop, ticks, totals

pytestmark = pytest.mark.timeout(300)

_kafka: Any = _admin
"""Its types don't say what it exports."""
CURE = "--reset-offsets --to-earliest), so that states are made anew, or set VITRINE_APP_ID to another name"
RECORDS = ticks(800)
MORE = ticks(200, 800)


class Installation(Workers):
    """Workers whose changelog and disks are spoiled."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path) -> None:
        super().__init__(bootstrap, prefix, folder)
        self.admin = _kafka.AdminClient({"bootstrap.servers": bootstrap})
        self.changelog = topics.changelog(self.settings.app_id, Sums.name)

    def work(self) -> None:
        """Fold all `RECORDS` with disk a, and stop."""
        process = self.start()
        self.produce(RECORDS, 1e9)
        self.wait_done(process)
        assert stop(process) == 0

    def goes_on(self, disk: str = "a") -> str:
        """Fold `MORE`; check that nothing is missing or there twice; return what the log says."""
        process = self.start(disk)
        self.produce(MORE, 1e9)
        self.wait_done(process)
        assert stop(process) == 0
        check(self, RECORDS + MORE)
        return self.log.read_text()

    def refuses(self, *, code: int = 1, disk: str = "a") -> str:
        """Start a worker that can't work, and return the one line in which it says so."""
        return self.said(self.start(disk), code)

    def said(self, process: subprocess.Popen[bytes], code: int = 1) -> str:
        """Return the one line of a worker that stops by itself."""
        assert process.wait(120) == code
        text = self.log.read_text()
        assert "Traceback" not in text, text
        lines = [line for line in text.splitlines() if "Crashed reason=" in line or (code == 2 and "VITRINE_" in line)]
        assert len(lines) == 1, text
        return lines[0]

    def stores(self, disk: str = "a") -> list[Path]:
        return sorted(self.disk(disk).glob("sums-*.db"))

    def spoil(self, change: Callable[[Shard], None]) -> None:
        """Let each store of disk a remember something else."""
        for number, path in enumerate(self.stores()):
            shard = Shard(number, path, Memory(4 << 20), Kept(self.changelog, 1), lambda raw: raw)
            change(shard)
            shard.apply([], shard.next_offset)
            shard.close()

    def delete(self, *names: str) -> None:
        for deleted in self.admin.delete_topics(list(names), operation_timeout=30).values():
            deleted.result()
        end = time.monotonic() + 30
        while set(names) & self.admin.list_topics(timeout=10).topics.keys():
            assert time.monotonic() < end
            time.sleep(0.1)

    def make(self) -> None:
        """Make what was deleted."""
        topics.create(self.settings.broker, needed(self.settings.topic_prefix, self.settings.app_id, PARTITIONS))

    def cut_front(self) -> None:
        """Delete all records of the changelog, as a retention would that somebody has set."""
        self.set_config(self.changelog, "cleanup.policy", "compact,delete")  # else the broker refuses
        places = [TopicPartition(self.changelog, number, -1) for number in range(PARTITIONS)]
        for deleted in self.admin.delete_records(places).values():
            deleted.result()
        self.set_config(self.changelog, "cleanup.policy", "compact")

    def set_config(self, topic: str, name: str, value: str) -> None:
        entry = _kafka.ConfigEntry(name, value, incremental_operation=_kafka.AlterConfigOpType.SET)
        config = _kafka.ConfigResource(_kafka.ResourceType.TOPIC, topic, incremental_configs=[entry])
        for done in self.admin.incremental_alter_configs([config]).values():
            done.result()

    def set_back(self) -> None:
        """Do what the line says: let the group begin with its topics again."""
        self.set_group_offsets(dict.fromkeys(self.group_offsets(), 0))


@pytest.fixture
def ours(kafka: str, prefix: str, tmp_path: Path) -> Iterator[Installation]:
    found = Installation(kafka, prefix, tmp_path)
    yield found
    found.end()


# -- disks


def spoil(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.write(b"rubbish" * 20)


@pytest.mark.parametrize(
    ("damage", "pattern"), [(Path.unlink, "CURRENT"), (spoil, "MANIFEST-*"), (Path.unlink, "*.sst"), (spoil, "*.sst")]
)
def test_a_damaged_store_comes_back_from_the_changelog(
    ours: Installation, pattern: str, damage: Callable[[Path], None]
) -> None:
    ours.work()
    for path in ours.stores()[:2]:
        damage(max(path.glob(pattern)))

    process = ours.start()
    ours.produce(MORE, 1e9)
    while process.poll() is None and ours.lag():
        time.sleep(0.2)
    if process.poll() is not None:  # it showed only in reading
        assert "sums-0.db is damaged: Corruption" in ours.said(process) or "sums-1.db is damaged" in ours.said(process)
        for _ in range(2):
            process = ours.start()
            while process.poll() is None and ours.lag():
                time.sleep(0.2)
            if process.poll() is None:
                break
    ours.wait_done(process)

    assert stop(process) == 0
    check(ours, RECORDS + MORE)
    assert "a local store was emptied" in ours.log.read_text()


def test_a_store_that_can_not_be_made_is_said_in_one_line(ours: Installation) -> None:
    ours.disk("a").mkdir(parents=True)
    (ours.disk("a") / "sums-2.db").write_text("no folder")

    line = ours.refuses(code=2)

    assert "sums-2.db can't be used" in line
    assert "see who may write there, or set VITRINE_DATA_DIR" in line


def test_a_full_disk_is_said_in_one_line_and_costs_nothing(ours: Installation) -> None:
    ours.work()
    process = ours.start()
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4_096, resource.RLIM_INFINITY))

    assert "make room, or set VITRINE_DATA_DIR to a larger disk" in ours.said(process)
    assert "emptied" not in ours.goes_on()


def test_a_second_worker_on_one_folder_is_refused_and_the_first_one_goes_on(ours: Installation) -> None:
    first = ours.start()
    ours.produce(RECORDS, 1e9)
    ours.wait_done(first)

    line = ours.refuses(code=2)

    assert "another worker uses" in line
    assert first.poll() is None
    assert stop(first) == 0
    ours.goes_on()


# -- changelogs


def test_a_changelog_without_its_first_records_is_enough_for_a_store_that_has_them(ours: Installation) -> None:
    ours.work()
    ours.cut_front()

    process = ours.start()
    ours.produce(MORE, 1e9)
    ours.wait_done(process)

    assert stop(process) == 0
    assert newest_lists(ours) == totals(RECORDS + MORE)
    line = ours.refuses(disk="b")
    assert "LostStatesError" in line
    assert "but the store here has read up to 0: records between were deleted; delete this changelog, make it" in line
    assert CURE in line


def test_a_store_behind_the_first_record_of_its_changelog_is_refused(ours: Installation) -> None:
    ours.work()
    shutil.copytree(ours.disk("a"), ours.disk("b"))
    process = ours.start("a")
    ours.produce(MORE, 1e9)
    ours.wait_done(process)
    assert stop(process) == 0
    ours.cut_front()

    assert "records between were deleted" in ours.refuses(disk="b")


@pytest.mark.parametrize("disk", ["a", "b"])
def test_a_changelog_that_was_made_anew_is_refused_until_the_offsets_are_set_back(
    ours: Installation, disk: str
) -> None:
    ours.work()
    ours.delete(ours.changelog)
    ours.make()

    line = ours.refuses(disk=disk)

    assert (
        "no worker has begun with it, but the group has committed offsets: the topic was made anew or emptied" in line
    )
    assert CURE in line
    assert "no worker has begun with it" in ours.log.read_text()
    ours.set_back()
    ours.goes_on(disk)


def test_a_changelog_that_was_made_anew_and_has_more_records_is_not_taken_for_the_old_one(ours: Installation) -> None:
    ours.work()
    before = ours.ends([ours.changelog])
    ours.delete(ours.changelog)
    ours.make()
    ours.set_back()
    process = ours.start("b")
    for start in (800, 1_600):
        ours.produce(ticks(800, start), 1e9)
        ours.wait_done(process)
    assert stop(process) == 0
    assert all(end > before[place] for place, end in ours.ends([ours.changelog]).items())

    process = ours.start("a")
    ours.produce(ticks(200, 2_400), 1e9)
    ours.wait_done(process)

    assert stop(process) == 0
    assert ours.log.read_text().count("reason=recreated") == PARTITIONS
    check(ours, ticks(2_600))


def test_a_changelog_that_is_made_anew_under_a_worker_stops_it_and_the_next_one(ours: Installation) -> None:
    process = ours.start()
    ours.produce(RECORDS, 1e9)
    ours.wait_done(process)
    ours.delete(ours.changelog)
    ours.make()

    ours.produce(MORE, 1e9)

    assert "no worker has begun with it" in ours.said(process)
    ours.log.write_text("")
    assert "no worker has begun with it" in ours.refuses(disk="b")
    ours.set_back()
    process = ours.start("b")
    ours.wait_done(process)
    assert stop(process) == 0
    check(ours, RECORDS + MORE)


def test_a_changelog_that_ends_before_its_store_is_refused_until_the_offsets_are_set_back(ours: Installation) -> None:
    ours.work()
    ours.spoil(ahead)

    line = ours.refuses()

    assert "but the store here has read up to" in line
    assert "brokers lost what they had acknowledged" in line
    ours.set_back()
    assert "reason=cut" in ours.goes_on()


def test_a_changelog_that_holds_something_else_is_refused_until_the_offsets_are_set_back(ours: Installation) -> None:
    ours.work()
    ours.spoil(astray)

    line = ours.refuses()

    assert "is not the one that the store here knows" in line
    assert CURE in line
    ours.set_back()
    assert "reason=forked" in ours.goes_on()


def ahead(shard: Shard) -> None:
    """Let the store have read records that the log has lost."""
    shard._meta.next_offset += 9


def astray(shard: Shard) -> None:
    """Let the store have read another record where it ends."""
    shard._meta.last = Last(shard.last.offset, shard.last.sum ^ 1)


# -- sources


def test_a_source_that_was_made_anew_is_not_taken_for_the_old_one(ours: Installation) -> None:
    ours.work()
    ours.delete(ours.name(CLICKS.name))
    ours.make()
    ours.produce(MORE, 1e9)

    line = ours.refuses()

    assert f"{ours.name(CLICKS.name)} was made anew: offsets in the states of {ours.changelog}-" in line
    assert "set VITRINE_APP_ID to another name, so that states are made anew" in line


def test_a_group_that_is_ahead_of_its_topic_stops_the_worker(ours: Installation) -> None:
    ours.work()
    ours.set_group_offsets({place: offset + 7 for place, offset in ours.group_offsets().items()})

    line = ours.refuses()

    assert "LostRecordsError" in line
    assert "the topic was made anew, or cut" in line
