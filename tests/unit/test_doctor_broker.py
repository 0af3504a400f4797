"""What `vitrine doctor` says of a broker, healthy and broken."""

import socket
from collections.abc import Iterator

import pytest

from agents.app import needed
from agents.doctor import broker, clock, group, topics
from agents.doctor.broker import Kept
from agents.doctor.finding import Finding, fail, ok, warn
from agents.doctor.group import Marks
from agents.doctor.report import line, summary
from agents.engine.topics.planning import Change, Make, Plan, Refusal
from agents.processor import Folder
from agents.settings import load
from agents.topics import ALL
from agents.wiring import stages
from tests.doubles import MODELS

SETTINGS = load({"VITRINE_PARTITIONS": "2"})


def one_broker(counts: dict[str, int], *nodes: tuple[str, int]) -> broker.Broker:
    return broker.Broker("b:1", None, dict(enumerate(nodes)), counts, controller=True)


def all_topics(count: int = 2) -> dict[str, int]:
    return dict.fromkeys(needed(SETTINGS), count)


def only(findings: Iterator[Finding]) -> Finding:
    (found,) = findings
    return found


def test_nobody_at_the_address_fails() -> None:
    there, found = broker.answering("127.0.0.1:1")

    assert there is None
    assert (found.name, found.status) == ("broker", "fail")
    assert "127.0.0.1:1" in found.message
    assert "VITRINE_BROKER" in found.cure


def test_a_node_that_cannot_be_reached_from_here_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        reached = broker.listeners(one_broker({}, ("127.0.0.1", port)))
        lost = broker.listeners(one_broker({}, ("127.0.0.1", port), ("kafka.invalid", 19092)))

    assert reached == ok("listeners", f"reached at 127.0.0.1:{port}")
    assert lost.status == "fail"
    assert "kafka.invalid:19092" in lost.message
    assert f"127.0.0.1:{port}" not in lost.message
    assert "advertised.listeners" in lost.cure


def test_production_wants_three_nodes_and_as_many_copies_of_offsets() -> None:
    few, enough = one_broker({}, ("a", 1), ("b", 1)), one_broker({}, ("a", 1), ("b", 1), ("c", 1))

    assert only(broker.nodes(few)).status == "warn"
    assert only(broker.nodes(enough)) == ok("nodes", "3")
    assert only(broker.nodes(enough._replace(kept={broker.OFFSETS: Kept(3)}))).status == "ok"
    _, offsets = broker.nodes(enough._replace(kept={broker.OFFSETS: Kept(1)}))
    assert offsets.status == "warn"
    assert "offsets.topic.replication.factor=3" in offsets.cure


def test_partitions_without_leader_fail_and_copies_that_lag_are_worth_a_look() -> None:
    kept = {"a": Kept(3), "b": Kept(3, behind=2), "c": Kept(3, leaderless=1, behind=1)}
    there = one_broker({})._replace(kept=kept)

    assert broker.copies(["a", "missing"], there).status == "ok"
    behind, dead = broker.copies(["a", "b"], there), broker.copies("abc", there)
    assert (behind.status, dead.status) == ("warn", "fail")
    assert "of 2 partitions some copies are not in sync, as of b" in behind.message
    assert "1 partitions can't be read or written: they have no leader, as of c" in dead.message


# -- topics


def test_all_topics_of_equal_counts_are_fine() -> None:
    assert [it.status for it in topics.topics(SETTINGS, one_broker(all_topics()))] == ["ok", "ok"]


def test_missing_topics_fail_with_the_command_that_makes_them() -> None:
    few = all_topics()
    del few["clicks.v1"], few["vitrine-items-changelog"]

    found = only(topics.topics(SETTINGS, one_broker(few)))

    assert (found.status, found.cure) == ("fail", "vitrine topics apply")
    assert f"2 of {len(all_topics())} are missing: clicks.v1, vitrine-items-changelog" in found.message


@pytest.mark.parametrize("name", ["searches.v1", "vitrine-shoppers-changelog", "pairs.v1"])
def test_unequal_counts_fail(name: str) -> None:
    _, found = topics.topics(SETTINGS, one_broker(all_topics() | {name: 3}))

    assert (found.name, found.status) == ("partitions", "fail")
    assert f"{name} has 3" in found.message
    assert "vitrine topics apply" in found.cure


def test_a_changelog_goes_with_the_topics_of_its_processor() -> None:
    folders = [stage for stage in stages(load({}), MODELS) if isinstance(stage, Folder)]

    assert {it.name: it.inputs[0].topic.key for it in folders} == {name: it.key for name, it in topics.KEYED.items()}
    assert set(topics.KEYED.values()) <= set(ALL)


def test_settings_that_drift_are_worth_a_look() -> None:
    changes = tuple(Change(f"t{n}", "retention.ms", "5", "6") for n in range(5))
    refused = (Refusal("a", "3 partitions are there, and so on: set this"), Refusal("made", "3 copies: no"))
    made = (Make("made", 1, 3, {}),)

    assert topics.drift(Plan(unchanged=3), "production") == ok("topic settings", "as production wants")
    changed = topics.drift(Plan(make=made, change=changes, refused=refused[1:]), "production")
    assert changed.status == "warn"
    assert (
        "5 are not as production wants: t0 retention.ms, t1 retention.ms, t2 retention.ms and 2 more" in changed.message
    )
    assert "vitrine topics apply" in changed.cure
    other = topics.drift(Plan(make=made, change=changes, refused=refused), "production")
    assert (other.status, other.message) == (
        "warn",
        "1 topics are not as production wants: a: 3 partitions are there, and so on",
    )


def test_a_broker_that_tells_no_settings_is_worth_a_look() -> None:
    found = topics.topic_settings(SETTINGS, one_broker({})._replace(controller=False))

    assert found.status == "warn"
    assert "not checked" in found.message


# -- workers


@pytest.mark.parametrize(
    ("state", "count", "status"),
    [("STABLE", 2, "ok"), ("PREPARING_REBALANCING", 2, "warn"), ("EMPTY", 0, "warn"), ("DEAD", 0, "warn")],
)
def test_a_worker_should_run(state: str, count: int, status: str) -> None:
    assert group.members(state, count, "app").status == status


A, B = ("a", 0), ("a", 1)


def test_what_is_behind_is_told() -> None:
    marks = {A: Marks(0, 10), B: Marks(5, 10)}

    assert only(group.lag({}, {}, running=True)).message == "nothing is committed yet"
    assert only(group.lag({A: 10, B: 10}, marks, running=False)) == ok(
        "lag", "0 records of 2 partitions are not committed"
    )
    assert only(group.lag({A: 8, B: 5}, marks, running=True)) == ok(
        "lag", "7 records of 2 partitions are not committed"
    )
    assert only(group.lag({A: 8, B: 5}, marks, running=False)).status == "warn"
    assert only(group.lag({A: 8, ("gone", 0): 5}, marks, running=True)).message.startswith("2 records of 1 ")


@pytest.mark.parametrize("offset", [4, 11])
def test_an_offset_outside_the_log_fails(offset: int) -> None:
    found = only(group.lag({A: offset}, {A: Marks(5, 10)}, running=True))

    assert found.status == "fail"
    assert f"a/0: committed is {offset}, the log holds 5 to 10" in found.message
    assert "kafka-consumer-groups.sh" in found.cure


# -- clock


@pytest.mark.parametrize(
    ("broker_time", "status", "part"),
    [
        (100.2, "ok", "within 500 ms"),
        (101.2, "ok", "within"),
        (102.5, "warn", "2.0 s ahead of"),
        (97.0, "warn", "3.0 s behind"),
        (110.5, "fail", "10.0 s ahead of"),
        (10.0, "fail", "90.0 s behind"),
    ],
)
def test_clocks_should_agree(broker_time: float, status: str, part: str) -> None:
    found = clock.judged(clock.Seen(100.0, broker_time, 100.5))

    assert found.status == status
    assert part in found.message
    assert (found.status == "ok") is (not found.cure)


def test_without_a_topic_there_is_nothing_to_commit_for() -> None:
    assert clock.clock(["clicks.v1"], one_broker({})).cure == "vitrine topics apply, then again"


def test_the_partition_of_a_group_is_javas() -> None:
    assert clock.partition("vitrine", 1 << 31) == 467_941_839  # "vitrine".hashCode() of Java 17
    assert clock.partition("polygenelubricants", 1 << 31) == 0  # whose hash is the least of all numbers


# -- the report


def test_a_line_says_what_and_why_and_what_to_do() -> None:
    assert line(ok("a", "fine")) == "ok   a: fine"
    assert line(fail("a", "broken", "mend it")) == "fail a: broken → mend it"
    assert summary([ok("a", ""), warn("b", "", "c")]) == "a worker can run here: 1 ok, 1 warn, 0 fail"
    assert summary([fail("a", "", "c")]) == "a worker can't run here yet: 0 ok, 0 warn, 1 fail"
