"""A worker keeps a warm copy of what another one owned: let go at any moment, or with calls that fail, it can take over."""

import asyncio
from collections.abc import Callable
from typing import Literal

import pytest

from tests.shell.kafka import Fault, from_call, no_faults
from tests.shell.lives import LONG, life
from tests.shell.loop import turn
from tests.shell.test_cancellations import each_turn, ended
from tests.shell.test_failures import ERRORS
from tests.shell.world import CHANGELOG, Worker, World

pytestmark = pytest.mark.timeout(900)  # hundreds of lives, on machines of any speed


async def copying(world: World) -> Worker:
    """Let somebody live, and another one on a disk of its own begin to copy."""
    await life(world)
    copier = Worker(world.broker, world.directory / "copy")
    copier.engine.warm_units = lambda: [("shopper", 0)]
    await copier.start()
    await copier.shell.on_partitions_assigned(set())
    return copier


def copied(worker: Worker, world: World) -> bool:
    (folder,) = worker.engine.folders
    stores = folder.keyspace._stores
    return 0 in stores and stores[0].next_offset == world.broker.log(CHANGELOG, 0).end


async def takes_over(worker: Worker, world: World) -> None:
    """The copy becomes the state, and its owner does all there is to do."""
    world.produce(3)
    worker.engine.warm_units = list
    await worker.shell.on_partitions_revoked(set())
    await worker.assign()
    await ended(worker)
    world.check()


@pytest.mark.parametrize("later", [None, 2])
def test_a_copy_is_let_go_at_any_moment(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch, later: int | None
) -> None:
    async def test(world: World, number: int) -> bool:
        copier = await copying(world)
        connected = copier.engine._clients
        await turn(number)
        late = copied(copier, world)
        ending = asyncio.ensure_future(copier.engine.warm.end())
        if later is not None:  # who stops lets go, too
            await turn(later)
            await copier.engine.warm.end()
        await ending
        assert world.broker.clients == {*connected, copier.client, copier.engine.views._consumer}, (
            "a copy is still read"
        )
        await takes_over(copier, world)
        return late

    assert each_turn(new_world, monkeypatch, test) > 20


def test_a_worker_that_copies_is_told_to_stop_at_any_moment(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(world: World, number: int) -> bool:
        copier = await copying(world)
        await turn(number)
        late = copied(copier, world)
        async with asyncio.timeout(LONG):
            await copier.stop()
        assert not copier.app.reasons
        return late

    assert each_turn(new_world, monkeypatch, test) > 20


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_call_fails_while_a_copy_is_made(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch, when: Literal["before", "after"]
) -> None:
    async def test(world: World, number: int) -> bool:
        copier = await copying(world)
        begun = len(world.broker.calls)
        world.broker.faults = from_call(begun + number, 1, Fault(ERRORS[number % len(ERRORS)](), when))
        async with asyncio.timeout(LONG):
            while not copied(copier, world):
                await asyncio.sleep(0.1)
        reached = len(world.broker.calls) >= begun + number
        world.broker.faults = no_faults
        await takes_over(copier, world)
        return not reached

    assert each_turn(new_world, monkeypatch, test) > 3
