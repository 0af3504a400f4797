"""Warm copies on a real Kafka: who takes over has nothing to restore, and nobody but an owner writes."""

from pathlib import Path

import pytest

from tests.engine_worker import Sums
from tests.fleet import Fleet, Member

SHOPPERS = 600
PARTITIONS = 6

pytestmark = pytest.mark.timeout(300)


def restored(fleet: Fleet, member: Member) -> float:
    return fleet.metric(member, "vitrine_state_restored_total", agent=Sums.name)


def wait_warm(fleet: Fleet, member: Member, copies: int) -> None:
    """Return when *member* keeps *copies* copies that lack nothing."""
    fleet.wait(
        lambda: (
            fleet.metric(member, "vitrine_warm_partitions", agent=Sums.name) == copies
            and fleet.metric(member, "vitrine_warm_lag_records", agent=Sums.name) == 0
        )
    )


def test_who_takes_over_has_nothing_to_restore(kafka: str, prefix: str, tmp_path: Path) -> None:
    with Fleet(kafka, tmp_path / prefix.rstrip("."), partitions=PARTITIONS, session=3, warm=1) as fleet:
        first, second = fleet.start(), fleet.start()
        fleet.settle()
        owned = sum(owner == first.name for owner in fleet.owners().values())
        fleet.fill(SHOPPERS)
        wait_warm(fleet, second, owned)
        fences = fleet.fences()
        fleet.fill(SHOPPERS)
        wait_warm(fleet, second, owned)
        before = restored(fleet, second)

        first.process.kill()
        first.process.wait()
        fleet.wait_gone(first)
        fleet.settle()

        assert fences == fleet.fences() - PARTITIONS  # one for each takeover, none of a copy
        assert restored(fleet, second) == before
        assert fleet.metric(second, "vitrine_warm_partitions", agent=Sums.name) == 0
        fleet.fill(SHOPPERS)
        assert fleet.counted() == 3 * SHOPPERS


def test_without_copies_who_takes_over_restores(kafka: str, prefix: str, tmp_path: Path) -> None:
    """The figure above means something."""
    with Fleet(kafka, tmp_path / prefix.rstrip("."), partitions=PARTITIONS, session=3) as fleet:
        first, second = fleet.start(), fleet.start()
        fleet.settle()
        fleet.fill(SHOPPERS)
        before = restored(fleet, second)

        fleet.stop(first)
        fleet.wait_gone(first)
        fleet.settle()

        assert restored(fleet, second) >= before + SHOPPERS / PARTITIONS


def test_copies_move_with_their_owners_and_nothing_is_lost(kafka: str, prefix: str, tmp_path: Path) -> None:
    """A copy becomes the state in use, and the state that was in use a copy, again and again."""
    with Fleet(kafka, tmp_path / prefix.rstrip("."), partitions=PARTITIONS, session=3, warm=1) as fleet:
        members = [fleet.start(), fleet.start()]
        fleet.settle()
        for turn in range(4):
            fleet.fill(SHOPPERS)
            gone = members.pop(0)
            if turn % 2:
                gone.process.kill()
                gone.process.wait()
            else:
                fleet.stop(gone)
            fleet.wait_gone(gone)
            fleet.fill(SHOPPERS)
            members.append(fleet.start(gone.name))
            fleet.settle()

        assert fleet.counted() == 8 * SHOPPERS
