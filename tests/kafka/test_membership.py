"""Workers with an instance id on a real Kafka: restarted, killed, and started twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet import Fleet, Member
from tests.witness import Witness

SHOPPERS = 200
PARTITIONS = 6

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def fleet(kafka: str, prefix: str, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(kafka, tmp_path / prefix.rstrip("."), partitions=PARTITIONS, session=40, static=True) as found:
        yield found


def others(fleet: Fleet, member: Member) -> list[Member]:
    return [it for it in fleet.alive() if it.name != member.name]


def test_a_restart_within_the_session_is_not_noticed_by_the_others(fleet: Fleet) -> None:
    members = [fleet.start(name) for name in ("a", "b", "c")]
    fleet.settle()
    owners = fleet.owners()
    with Witness(fleet) as witness:
        for number, member in enumerate(members):
            seen = [fleet.rebalances(it) for it in others(fleet, member)]
            fleet.fill(SHOPPERS)
            if number == 1:
                member.process.kill()
                member.process.wait()
            else:
                fleet.stop(member)
            members[number] = again = fleet.start(member.name)
            fleet.wait_ready(again)
            fleet.fill(SHOPPERS)

            assert [fleet.rebalances(it) for it in others(fleet, again)] == seen
            assert fleet.owners() == owners
        witness.catch_up()

    assert witness.lost(6 * SHOPPERS) == 0
    assert fleet.counted() == 6 * SHOPPERS


def test_a_restart_with_other_settings_makes_the_group_share_out_anew(fleet: Fleet) -> None:
    """The broker gives back what a worker had, whatever its version and settings are: a topic that is new would wait."""
    members = [fleet.start("a"), fleet.start("b")]
    fleet.settle()
    fleet.warm = 1
    for number, member in enumerate(members):
        fleet.stop(member)
        fleet.wait_ready(again := fleet.start(member.name))
        members[number] = again

    fleet.wait(
        lambda: all(fleet.metric(it, "vitrine_warm_partitions", agent="sums") == PARTITIONS / 2 for it in members)
    )

    fleet.settle()
    fleet.fill(SHOPPERS)
    assert fleet.counted() == SHOPPERS


def test_of_two_workers_with_one_id_the_first_stops_and_says_why(fleet: Fleet) -> None:
    first = fleet.start("a")
    other = fleet.start("b")
    fleet.settle()
    fleet.fill(SHOPPERS)

    second = fleet.start("a", disk="another")
    code = first.process.wait(120)
    fleet.settle()
    fleet.fill(SHOPPERS)

    assert code == 2
    assert "give each worker a VITRINE_INSTANCE_ID of its own" in first.log.read_text()
    assert second.process.poll() is other.process.poll() is None
    assert fleet.counted() == 2 * SHOPPERS


def test_a_worker_that_was_given_up_while_it_stood_still_joins_again(kafka: str, prefix: str, tmp_path: Path) -> None:
    with Fleet(kafka, tmp_path / prefix.rstrip("."), partitions=PARTITIONS, session=3, static=True) as fleet:
        first, second = fleet.start("a"), fleet.start("b")
        fleet.settle()
        fleet.fill(SHOPPERS)

        fleet.freeze(first)
        fleet.wait_gone(first)
        fleet.fill(SHOPPERS)
        fleet.thaw(first)
        fleet.settle()
        fleet.fill(SHOPPERS)

        assert first.process.poll() is second.process.poll() is None
        assert fleet.counted() == 3 * SHOPPERS
