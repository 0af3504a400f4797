"""Each call of a client fails once: the worker tries again or stops, and nothing is lost."""

from collections.abc import Callable
from typing import Literal

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError

from tests.shell.kafka import Fault, from_call
from tests.shell.lives import afterlife, life
from tests.shell.loop import run
from tests.shell.world import World

pytestmark = pytest.mark.timeout(900)  # hundreds of lives, on machines of any speed

ERRORS: list[Callable[[], Exception]] = [
    KafkaConnectionError,
    lambda: RuntimeError("closed"),
    KafkaTimeoutError,
    lambda: OSError("reset"),
    TimeoutError,
]


def test_an_undisturbed_life(new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()

    worker = run(lambda: life(world), monkeypatch)

    assert not worker.app.reasons
    world.check()


@pytest.mark.parametrize(("when", "times"), [("before", 1), ("after", 1), ("before", 3)])
def test_a_call_fails(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch, when: Literal["before", "after"], times: int
) -> None:
    """Before the broker has done what it was asked for, or behind it; one call, or some in a row."""
    number, reached = 0, True
    while reached:
        number += 1
        world, error = new_world(), ERRORS[number % len(ERRORS)]()
        world.broker.faults = from_call(number, times, Fault(error, when))

        async def test(world: World = world, number: int = number) -> bool:
            await life(world)
            reached = len(world.broker.calls) >= number
            await afterlife(world)
            return reached

        try:
            reached = run(test, monkeypatch)
        except BaseException as failure:
            failure.add_note(f"with {error!r} in call {number}, {world.broker.calls[number - 1 : number]}")
            raise
    assert number > 50
