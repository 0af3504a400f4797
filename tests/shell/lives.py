"""What a worker does in its life, and what must be true whatever happened in it."""

import asyncio

from agents.engine.errors import ConfigurationError
from tests.shell.kafka import no_faults
from tests.shell.world import Worker, World

LONG = 200.0
"""Seconds within which any step ends by itself."""


async def life(world: World) -> Worker:
    """Live until everything is done or the worker stops; it is stopped and gone behind."""
    worker = world.worker()
    try:
        await worker.start()
    except Exception as error:  # noqa: BLE001  a worker that can't start ends
        await worker.app.crash(error)
        async with asyncio.timeout(LONG):
            await worker.end()
        return worker
    await worker.assign()
    await worker.work()
    world.produce(3)
    await worker.work()
    if not worker.app.crashed:
        await worker.revoke()
        world.produce(2)
        await worker.assign()
        await worker.work()
    assert worker.app.crashed or worker.finished(), "neither done nor stopped"
    assert not any(isinstance(it, ConfigurationError) for it in worker.app.reasons), (
        "a broker is away, no setting wrong"
    )
    async with asyncio.timeout(LONG):
        await worker.stop()
    return worker


async def afterlife(world: World) -> None:
    """Whatever happened, another worker with the same disk does the rest, and nothing is lost or done twice."""
    world.broker.faults = no_faults
    assert not world.broker.broken
    assert not world.broker.clients, f"still connected: {world.broker.clients}"
    worker = await life(world)
    assert not worker.app.reasons, worker.app.reasons
    assert not world.broker.broken
    world.check()
