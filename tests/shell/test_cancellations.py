"""Each step of a worker is cancelled at each of its turns, once and twice: the next one works, and nothing is lost."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.shell.kafka import Fault, no_faults
from tests.shell.lives import LONG, afterlife
from tests.shell.loop import cancelled, run, turn
from tests.shell.world import Worker, World

pytestmark = pytest.mark.timeout(900)  # hundreds of lives, on machines of any speed

Test = Callable[[World, int], Awaitable[bool]]
"""Takes a world and a turn to disturb; tells whether the turn came too late to disturb anything."""


def each_turn(
    new_world: Callable[[], World], patch: pytest.MonkeyPatch, test: Test, first: int = 1, step: int = 1
) -> int:
    """Disturb one turn, then one *step* later …; return how many there were."""
    number = first
    while True:
        world = new_world()

        async def disturbed(world: World = world, number: int = number) -> bool:
            late = await test(world, number)
            await afterlife(world)
            return late

        try:
            if run(disturbed, patch):
                return number - first
        except BaseException as error:
            error.add_note(f"disturbed at turn {number}")
            raise
        number += step


def only_stops(_number: int, name: str) -> Fault | None:
    """No broker answers any more."""
    return None if name.endswith(".stop") else Fault(None, "before")


async def begun(world: World) -> Worker:
    worker = world.worker()
    await worker.start()
    return worker


async def busy(world: World) -> Worker:
    """A worker that has done what there was, and has something to do again."""
    worker = await begun(world)
    await worker.assign()
    await worker.work()
    world.produce(4)
    await asyncio.sleep(0.02)
    return worker


async def ended(worker: Worker) -> None:
    """A worker that was disturbed does all there is to do, and stops."""
    await worker.work()
    assert not worker.app.reasons
    assert worker.finished()
    async with asyncio.timeout(LONG):
        await worker.stop()


@pytest.mark.parametrize("later", [None, 2])
def test_a_start_is_cancelled(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch, later: int | None
) -> None:
    async def test(world: World, number: int) -> bool:
        worker = world.worker()
        early = await cancelled(worker.start(), number, *([] if later is None else [later]))
        async with asyncio.timeout(LONG):
            await worker.end()
        return early

    assert each_turn(new_world, monkeypatch, test) > 20


@pytest.mark.parametrize("later", [None, 4])
def test_partitions_are_taken_away_while_they_open(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch, later: int | None
) -> None:
    async def test(world: World, number: int) -> bool:
        worker = await begun(world)
        await worker.assign()
        await turn(number)
        early = worker.engine.ready()
        world.broker.faults = only_stops
        async with asyncio.timeout(10):
            ending = asyncio.ensure_future(worker.engine.openings.cancel())
            if later is not None:  # who stops cancels, too
                await turn(later)
                await worker.engine.openings.cancel()
            await ending
        assert not worker.engine.openings._tasks
        world.broker.faults = no_faults
        await worker.revoke()
        await worker.assign()
        await ended(worker)
        return early

    assert each_turn(new_world, monkeypatch, test) > 20


@pytest.mark.parametrize("step", ["revoke", "commit"])
@pytest.mark.parametrize("later", [None, 3])
def test_a_step_is_cancelled(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch, step: str, later: int | None
) -> None:
    """While there is something to do in it; then the worker goes on."""

    async def test(world: World, number: int) -> bool:
        worker = await busy(world)
        work = worker.revoke() if step == "revoke" else worker.commit()
        early = await cancelled(work, number, *([] if later is None else [later]))
        if step == "revoke":
            await worker.assign()
        await ended(worker)
        return early

    assert each_turn(new_world, monkeypatch, test) > 10


def test_a_stop_is_cancelled(new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops in earnest stops again."""

    async def test(world: World, number: int) -> bool:
        worker = await busy(world)
        early = await cancelled(worker.stop(), number)
        async with asyncio.timeout(LONG):
            await worker.end()
        return early

    assert each_turn(new_world, monkeypatch, test) > 20


@pytest.mark.parametrize("part", range(4))
def test_a_worker_is_told_to_stop_at_any_moment(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    async def test(world: World, number: int) -> bool:
        worker = await begun(world)
        await worker.assign()
        working = asyncio.ensure_future(worker.work())
        await turn(number)
        early = working.done()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        async with asyncio.timeout(LONG):
            await worker.stop()
        return early

    assert each_turn(new_world, monkeypatch, test, 1 + part, 4) > 100
