"""The harness itself, as far as it needs no broker: faults are dealt as they should, and what is wrong is seen."""

import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

import msgspec
import pytest

from agents.engine.formats import EPOCH, FENCE_KEY
from agents.items.state import Item
from agents.replay.log import LogRecord
from agents.settings import load
from agents.shoppers.agent import Shoppers
from agents.shoppers.profile import Profile
from agents.wiring import stages
from tests.chaos.breaks import BREAKS
from tests.chaos.brokers import Brokers
from tests.chaos.comparing import compare_states, compare_told
from tests.chaos.crew import Crew, Worker
from tests.chaos.input import Source
from tests.chaos.model import FACTS, LETTERS, Model
from tests.chaos.plan import WORKERS, Dealer, Situation, setup
from tests.chaos.reading import fold, once
from tests.chaos.report import Phase, Report
from tests.doubles import MODELS
from tests.kafka_broker import KafkaError

PARTITIONS = 4
RECORDS = 1_500


def produced(seed: int) -> list[LogRecord]:
    """Return an input as it would lie on a broker."""
    source, ends = Source(seed, PARTITIONS, {}), Counter[tuple[str, int]]()
    start = int(time.time() * 1000) - RECORDS
    records = []
    for at, sent in enumerate([*source.catalogue(start), *(source.one(start + n) for n in range(RECORDS))], start):
        place = sent.topic, sent.partition
        records.append(LogRecord(*place, ends[place], at, sent.key, sent.value, tuple(sent.headers)))
        ends[place] += 1
    return records


def model() -> Model:
    return Model(stages(load({}), MODELS), PARTITIONS)


def test_what_must_come_out_does_not_depend_on_how_topics_interleave() -> None:
    records = produced(7)
    merged, by_topic = model(), model()

    merged.feed(records)
    for topic in sorted({it.topic for it in records}, key=lambda it: Random(it).random()):
        by_topic.feed([it for it in records if it.topic == topic])

    assert merged.events == len(records)
    assert all(merged.facts[name] for name in (*FACTS, "dlq.clicks.v1", "dlq.searches.v1"))
    for name in (*FACTS, *LETTERS):
        assert compare_told(merged.facts[name], by_topic.facts[name]).wrong == 0, name
    for name in ("shoppers", "items"):
        found = compare_states(merged.states(name), by_topic.states(name), merged=merged.known)
        assert found.wrong == 0, found.examples


def test_a_model_takes_what_it_has_taken_before_once() -> None:
    records = produced(8)
    once_fed, twice = model(), model()

    once_fed.feed(records)
    twice.feed(records[: RECORDS // 2])
    twice.feed(records)

    assert twice.events == once_fed.events
    assert compare_states(once_fed.states("items"), twice.states("items")).wrong == 0


@pytest.mark.parametrize(
    ("have", "lost", "doubled", "wrong"), [(None, 3, 0, 1), (2, 1, 0, 1), (3, 0, 0, 0), (5, 0, 2, 1)]
)
def test_events_that_are_not_in_a_state_or_twice_in_it_are_counted(
    have: int | None, lost: int, doubled: int, wrong: int
) -> None:
    found = {} if have is None else {"mug": Item(offsets=[9], revision=have, item="mug")}

    result = compare_states({"mug": Item(offsets=[], revision=3, item="mug")}, found)

    assert (result.lost, result.doubled, result.wrong) == (lost, doubled, wrong)
    assert bool(result.examples) == bool(wrong)


def test_of_who_was_handed_merges_all_but_their_number_is_compared() -> None:
    one, other = Profile(offsets=[], revision=3, newest=1), Profile(offsets=[], revision=4, newest=2)

    assert compare_states({"ann": one}, {"ann": other}, merged={"ann"}).wrong == 0
    assert compare_states({"ann": one}, {"ann": other}).wrong == 1
    other.bought["mug"] = 1
    assert compare_states({"ann": one}, {"ann": other}, merged={"ann"}).wrong == 1


def test_facts_that_miss_come_too_much_or_say_something_else_are_wrong() -> None:
    result = compare_told({"a": b"1", "b": b"2", "c": b"3"}, {"a": b"1", "b": b"other", "d": b"4"})

    assert (result.missing, result.extra, result.different) == (1, 1, 1)


def test_what_comes_again_as_other_bytes_or_in_another_partition_is_seen() -> None:
    def fact(partition: int, value: bytes, name: bytes) -> LogRecord:
        return LogRecord("pairs.v1", partition, 0, 0, b"mug", value, (("ce_id", name),))

    told = once([fact(0, b"1", b"x"), fact(0, b"1", b"x"), fact(0, b"2", b"x"), fact(1, b"1", b"y")], PARTITIONS)

    assert told.by_id == {"x": b"1", "y": b"1"}
    assert (told.repeated, told.differing, len(told.misplaced)) == (1, ["x"], 1)


def test_a_changelog_is_folded_as_a_store_does() -> None:
    def written(offset: int, epoch: int, key: bytes, revision: int | None) -> LogRecord:
        state = b"" if revision is None else msgspec.msgpack.encode(Profile(offsets=[], revision=revision))
        return LogRecord("changelog", 0, offset, 0, key, EPOCH.pack(epoch) + state)

    found = fold(
        [
            written(0, 1, FENCE_KEY, None),
            written(1, 1, b"ann", 1),
            written(2, 1, b"bob", 1),
            written(3, 2, FENCE_KEY, None),
            written(4, 1, b"ann", 7),
            written(5, 2, b"bob", None),
        ],
        Shoppers,
    )

    assert {key: state.revision for key, state in found.states.items()} == {"ann": 1}
    assert (found.epochs, found.stale) == ({0: 2}, 1)


def test_every_kind_of_fault_comes_and_only_what_is_there_is_struck() -> None:
    dealer, kinds = Dealer(7, nodes=3, lag_ms=1), Counter[str]()
    for broker_down in (False, True) * 60:
        now = Situation(("a", "b"), (), ("c",), broker_down)
        fault = dealer.next(now)
        kinds[fault.kind] += 1
        assert not (broker_down and fault.kind.startswith("broker"))
        if fault.kind in {"kill", "term", "freeze", "forge"}:
            assert fault.target in now.running

    assert kinds.keys() == {"start", "kill", "term", "freeze", "forge", "broker_kill", "broker_freeze"}


def test_where_nobody_runs_a_worker_is_started_on_a_disk_that_no_frozen_one_has() -> None:
    dealer = Dealer(7, nodes=1, lag_ms=0)

    faults = [dealer.next(Situation((), ("a",), ("b",), broker_down=False)) for _ in range(40)]

    assert {fault.kind for fault in faults} == {"start"}
    assert "a" not in {fault.target for fault in faults}
    assert {"b"} < {fault.target for fault in faults}
    assert any(fault.wipe for fault in faults)


def test_there_are_never_more_workers_than_are_allowed() -> None:
    dealer = Dealer(7, nodes=1, lag_ms=0)
    full = Situation(("a", "b"), ("c",), ("d",), broker_down=False)

    assert WORKERS == 3
    assert "start" not in {dealer.next(full).kind for _ in range(40)}


def test_no_former_owner_writes_late_where_compaction_does_not_wait() -> None:
    dealer = Dealer(7, nodes=1, lag_ms=0)

    kinds = {dealer.next(Situation(("a",), (), (), broker_down=False)).kind for _ in range(60)}

    assert kinds == {"start", "kill", "term"}
    assert {setup(seed, 1).compaction_lag_ms > 0 for seed in range(20)} == {True, False}
    assert {setup(seed, 3).compaction_lag_ms > 0 for seed in range(20)} == {True}


def test_a_report_fails_for_each_thing_that_can_be_wrong() -> None:
    assert not Report(seed=1, seconds=1, brokers=1).failed
    for name in ("wrong_keys", "lost_events", "doubled_events", "wrong_outputs", "stuck"):
        report = Report(seed=1, seconds=1, brokers=1)
        setattr(report, name, 1)
        assert report.failed, name
    assert Report(seed=1, seconds=1, brokers=1, crashed=["00-w0.log"]).failed


@pytest.mark.parametrize(("sent", "crashed"), [(signal.SIGSEGV, ["00-w0.log"]), (signal.SIGTERM, [])])
def test_a_worker_whose_process_breaks_down_is_told_of(
    tmp_path: Path, sent: signal.Signals, crashed: list[str]
) -> None:
    crew = Crew(tmp_path, {})
    process = subprocess.Popen([sys.executable, "-c", f"import os; os.kill(os.getpid(), {sent})"])
    process.wait()
    crew.workers["w0"] = Worker("w0", process, tmp_path / "00-w0.log", tmp_path / "00-w0.counts")

    assert crew.running() == ()
    assert (crew.ended, crew.crashed) == ({str(-sent): 1}, crashed)


def test_a_report_adds_up_what_its_comparisons_found() -> None:
    report = Report(seed=1, seconds=1, brokers=1)
    states = compare_states({"ann": Profile(offsets=[], revision=4)}, {"ann": Profile(offsets=[], revision=1)})

    report.add("log", Phase(states={"shoppers": states}, told={"pairs.v1": compare_told({"a": b"1"}, {})}, misplaced=1))

    assert (report.wrong_keys, report.lost_events, report.wrong_outputs) == (1, 3, 2)


def test_a_port_where_another_broker_may_answer_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(KafkaError, match=f"port {port} is taken.*--port"):
            Brokers(tmp_path, 1, port).start()


def test_each_rule_that_chaos_must_notice_can_be_broken() -> None:
    assert {name[0] for name in BREAKS} >= {"2", "3", "4", "6", "7"}
