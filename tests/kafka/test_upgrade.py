"""From the version before to this one: its states and topics are taken over; what can't be is refused, and nothing is touched."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer

from agents.engine.formats import EPOCH, FENCE_KEY
from agents.intake import partition_of
from agents.replay.log import LogRecord
from schemas.clicks import View
from tests import previous
from tests.deployment import Deployment
from tests.engine_workers import PARTITIONS, Workers, states, ticks, totals

AGAIN = 5
"""Records of a partition that the version before folded, and did not commit."""
OFFSETS, REVISION, TOUCHES = 0, 1, 5
"""Fields of a profile."""
SECOND = 1 << 24

pytestmark = pytest.mark.timeout(180)


# -- taken over


class Upgraded(Deployment):
    """An installation that the version before has left as it lies in `tests/golden/previous/`."""

    def __init__(self, bootstrap: str, name: str, folder: Path) -> None:
        super().__init__(bootstrap, name, folder)
        self.left = previous.read()
        self.run("topics", "apply")
        self._lay()
        self._set_offsets()

    def name(self, topic: str) -> str:
        changelog = topic.endswith("-changelog")
        return f"{self.settings.app_id}-{topic}" if changelog else self.settings.topic_prefix + topic

    def _lay(self) -> None:
        """Put each record where it lay: at the same partition and offset."""
        producer = Producer(
            {"log_level": 0, "bootstrap.servers": self.settings.broker, "enable.idempotence": True, "linger.ms": 5}
        )
        wrong: list[Any] = []

        def acked(offset: int) -> Any:
            return lambda error, message: wrong.append(message) if error or message.offset() != offset else None

        for topic, records in self.left.records.items():
            for it in records:
                headers: Any = list(it.headers)
                producer.produce(self.name(topic), it.value, it.key, it.partition, acked(it.offset), headers=headers)
                producer.poll(0)
        assert producer.flush(60) == 0
        assert not wrong

    def _set_offsets(self) -> None:
        """Commit what the version before had committed, but for a few clicks."""
        self.set_group_offsets(
            {
                (self.name(name), number): max(0, offset - AGAIN * (name == "clicks.v1"))
                for (name, number), offset in self.left.committed.items()
            }
        )


@pytest.mark.parametrize("disk", ["new", "kept"])
def test_states_are_taken_over_and_folded_on(kafka: str, prefix: str, tmp_path: Path, disk: str) -> None:
    ours = Upgraded(kafka, f"{prefix}up", tmp_path)
    if disk == "kept":
        ours.settings.data_dir.mkdir(parents=True)
        previous.unpack_store(ours.settings.data_dir)
    before, items = ours.states("shoppers"), ours.states("items")
    listed = ours.records("recommendations.v1")
    shown, last = {it.shopper: it.recommendation_id for it in listed}, max(it.at for it in listed)

    with ours.worker() as process:
        ours.wait_done(process)
        untouched = ours.states("shoppers"), ours.states("items")
        views = [
            View(shopper=shopper, item="item-3", at=last, recommendation_id=shown.get(shopper)) for shopper in before
        ]
        ours.produce(
            [LogRecord("clicks.v1", 0, 0, 0, it.shopper.encode(), msgspec.json.encode(it)) for it in views], 1e9
        )
        ours.wait_done(process)

    assert [list(map(said, its.values())) for its in untouched] == [
        list(map(said, its.values())) for its in (before, items)
    ]
    after = ours.states("shoppers")
    assert after.keys() == before.keys()
    for shopper, state in before.items():
        assert after[shopper][REVISION] == state[REVISION] + 1
        assert after[shopper][OFFSETS][1] > state[OFFSETS][1]
        assert "item-3" in [touch[2] for touch in after[shopper][TOUCHES]] or after[shopper][-1]
        assert set(map(tuple, state[TOUCHES][1:])) <= set(map(tuple, after[shopper][TOUCHES]))  # the first may be full
    told = {it.shopper: it for it in ours.records("outcomes.v1")}
    assert told.keys() == shown.keys()
    assert {(it.kind, it.missing) for it in told.values()} == {("view", ())}
    assert {name: it.recommendation_id for name, it in told.items()} == shown
    assert all(it.epoch in {1, 2} for it in told.values())
    newest = {it.shopper: it for it in ours.records("recommendations.v1") if it.revision == after[it.shopper][REVISION]}
    assert newest.keys() == before.keys()
    assert {it.epoch for it in newest.values()} == {3}
    assert all(it.slots for it in newest.values())


def said(state: list[Any]) -> list[Any]:
    """Return a state without its offsets: a misplaced record that is read again goes through its topic again."""
    return state[OFFSETS + 1 :]


# -- refused


@pytest.fixture
def workers(kafka: str, prefix: str, tmp_path: Path) -> Iterator[Workers]:
    found = Workers(kafka, prefix, tmp_path)
    yield found
    found.end()


def run(workers: Workers, format_: int) -> None:
    """Let a worker of a format fold all there is."""
    workers.variables["TEST_FORMAT"] = str(format_)
    process = workers.start()
    workers.wait_done(process)
    process.terminate()
    assert process.wait(30) == 0


def untouched(workers: Workers) -> dict[str, Any]:
    """Return all that a worker could touch: logs, offsets, files."""
    names = [f"{workers.settings.app_id}-sums-changelog", *workers._read(), workers.name("pairs.v1")]
    disk = workers.disk("a")
    files = {str(it.relative_to(disk)): sha256(it.read_bytes()).hexdigest() for it in disk.rglob("*") if it.is_file()}
    return {"ends": workers.ends(names), "committed": workers.group_offsets(), "files": files}


def append(workers: Workers, key: bytes | None, value: bytes, partition: int = 2) -> None:
    producer = Producer({"log_level": 0, "bootstrap.servers": workers.settings.broker})
    producer.produce(f"{workers.settings.app_id}-sums-changelog", value, key, partition)
    assert producer.flush(30) == 0


@pytest.mark.parametrize(
    ("kept", "known", "cure"),
    [(2, 1, "run a version that knows format 2"), (1, 2, "run a version that keeps format 1")],
)
def test_states_of_another_format_are_refused_before_anything_is_touched(
    workers: Workers, kept: int, known: int, cure: str
) -> None:
    workers.produce(ticks(400), 1e9)
    run(workers, kept)
    workers.produce(ticks(100, 400), 1e9)
    before = untouched(workers)
    workers.log.unlink()

    workers.variables["TEST_FORMAT"] = str(known)
    code = workers.start().wait(60)

    assert code == 2
    text = workers.log.read_text()
    assert text.startswith(f"{workers.settings.app_id}-sums-changelog-")
    assert f"its states are of format {kept}, this version keeps format {known}: {cure}, or let states be" in text
    assert text.count("\n") == 1
    assert untouched(workers) == before
    run(workers, kept)
    assert states(workers) == totals(ticks(500))


def test_a_worker_that_meets_a_newer_format_while_it_runs_stops_and_folds_no_more(workers: Workers) -> None:
    process = workers.start()
    workers.produce(ticks(400), 1e9)
    workers.wait_done(process)
    append(workers, FENCE_KEY, EPOCH.pack(SECOND + 1))
    committed = workers.group_offsets()
    records = ticks(400, 400)
    workers.produce([it for it in records if partition_of(it.key or b"", PARTITIONS) == 2], 1e9)

    assert process.wait(60) == 2

    assert "its states are of format 2, this version keeps format 1" in workers.log.read_text()
    now = workers.group_offsets()
    for place in ((workers.name("clicks.v1"), 2), (workers.name("searches.v1"), 2)):
        assert now[place] == committed[place]


@pytest.mark.parametrize(
    ("value", "why", "code"),
    [
        (b"\0\0\0\1\x93\1\2\3", "the state of 's28', written before offset", 1),
        (b"\0\0", "is no state: key b's28', 2 bytes", 2),
    ],
)
def test_what_is_no_state_stops_the_worker_and_its_event_is_not_committed(
    workers: Workers, value: bytes, why: str, code: int
) -> None:
    home = partition_of(b"s28", PARTITIONS)
    workers.produce(ticks(400), 1e9)
    run(workers, 1)
    append(workers, b"s28", value, home)
    committed = {place: offset for place, offset in workers.group_offsets().items() if place[1] == home}
    clicks = [it for it in ticks(400, 400) if it.key == b"s28" and it.topic == "clicks.v1"]
    assert clicks
    workers.produce(clicks, 1e9)

    assert workers.start().wait(60) == code

    text = workers.log.read_text()
    assert f"{workers.settings.app_id}-sums-changelog-{home}: " in text
    assert why in text
    assert {place: offset for place, offset in workers.group_offsets().items() if place[1] == home} == committed
