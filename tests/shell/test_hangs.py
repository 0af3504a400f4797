"""Each call of a client never comes back: a stop ends all the same, and the next worker does the rest."""

import asyncio
from collections.abc import Callable

import pytest

from tests.engine_worker import PAIRS, REVIEWS
from tests.shell.kafka import Fault, from_call, no_faults
from tests.shell.lives import afterlife
from tests.shell.loop import run
from tests.shell.world import World

pytestmark = pytest.mark.timeout(900)  # hundreds of lives, on machines of any speed

BOUND = 45.0
"""Seconds after which a process that stops is ended by force."""


async def lives_until_it_hangs(world: World, number: int, seconds: float) -> bool:
    """Live for *seconds* and stop; tell whether call *number* was made."""
    worker = world.worker()
    starting = asyncio.ensure_future(worker.start())
    await asyncio.wait([starting], timeout=seconds)
    if starting.done():
        await worker.assign()
        working = asyncio.ensure_future(worker.work(seconds))
        await asyncio.wait([working], timeout=seconds)
        working.cancel()
        await asyncio.wait([working])
        stop = worker.stop
    else:
        starting.cancel()
        await asyncio.wait([starting])
        stop = worker.end
    async with asyncio.timeout(BOUND):
        await stop()
    return len(world.broker.calls) >= number


@pytest.mark.parametrize("for_ever", [False, True])
def test_a_call_hangs(new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch, *, for_ever: bool) -> None:
    """One call, or all behind it, too."""
    number, reached = 0, True
    while reached:
        number += 1
        world = new_world()
        world.broker.faults = from_call(number, None if for_ever else 1, Fault(None, "before"))

        async def test(world: World = world, number: int = number) -> bool:
            reached = await lives_until_it_hangs(world, number, 3.0)
            world.broker.clients.clear()  # what hangs can't be closed
            await afterlife(world)
            return reached

        try:
            reached = run(test, monkeypatch)
        except BaseException as error:
            error.add_note(f"with a hang in call {number}, {world.broker.calls[number - 1 : number]}")
            raise


def test_nothing_is_committed_whose_facts_are_not_out(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists and states go their way while the facts of the same events stand still."""
    world = new_world()

    async def test() -> None:
        worker = world.worker()
        await worker.start()
        await worker.assign()
        await worker.work()
        before = dict(world.broker.group)
        world.broker.faults = lambda _number, name: Fault(None, "before") if name == f"ack {PAIRS.name}" else None
        world.produce(3)
        working = asyncio.ensure_future(worker.work())
        await asyncio.sleep(10)
        assert all(world.broker.group[source] == before[source] for source in before if source[0] != REVIEWS.name)
        world.broker.faults = no_faults
        await working
        assert worker.finished()
        await worker.stop()
        await afterlife(world)

    run(test, monkeypatch)
