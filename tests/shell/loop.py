"""An event loop for tests: its clock jumps over waiting, its threads are none, and each of its turns has a number.

So a run is the same each time, and something can be made to happen at any turn of it.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

_THREAD_SECONDS = 0.003
"""What a call in a thread takes."""
_MOST_TURNS = 200_000


class HangError(Exception):
    """Nothing will ever happen any more, or it never ends."""


class _Selector(selectors.DefaultSelector):
    """Waits for nothing: the clock jumps to what is due next."""

    loop: "Loop"

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None and not self.loop.due:
            message = "everybody waits for something that will never happen"
            raise HangError(message)
        self.loop.now += max(0.0, timeout or 0.0)
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """The loop."""

    def __init__(self) -> None:
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self
        self.now = 1_000.0
        self.turns = 0
        self.complaints: list[str] = []
        """What nobody looked at: exceptions of tasks, above all."""
        self.due: dict[int, list[Callable[[], object]]] = {}
        self.set_exception_handler(lambda _, context: self.complaints.append(str(context)))

    def time(self) -> float:
        return self.now

    def at(self, turn: int, act: Callable[[], object]) -> None:
        """Call *act* at a turn to come."""
        self.due.setdefault(self.turns + turn, []).append(act)

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> "asyncio.Future[T]":  # type: ignore[override]
        """Call *func* a little later, as a thread does: what has begun can't be cancelled."""
        del executor
        future: asyncio.Future[T] = self.create_future()

        def call() -> None:
            try:
                result = func(*args)
            except Exception as error:  # noqa: BLE001  the future's
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(result)

        self.call_later(_THREAD_SECONDS, call)
        return future

    def _run_once(self) -> None:
        self.turns += 1
        for act in self.due.pop(self.turns, ()):
            act()
        if self.turns > _MOST_TURNS:
            message = f"no end after {_MOST_TURNS} turns"
            raise HangError(message)
        super()._run_once()  # type: ignore[misc]  # of BaseEventLoop


def run(test: Callable[[], Coroutine[Any, Any, T]], monkeypatch: pytest.MonkeyPatch) -> T:
    """Run *test* in a loop of its own, with the clock of that loop; what is left behind is an error."""
    loop = Loop()
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", loop.time)
        try:
            asyncio.set_event_loop(loop)
            result = loop.run_until_complete(test())
            left = [task for task in asyncio.all_tasks(loop) if not task.done()]
            assert not left, f"tasks are left behind: {left}"
            assert not loop.complaints, loop.complaints
            return result
        finally:
            for task in asyncio.all_tasks(loop):
                with suppress(RuntimeError):  # it waits again; whatever hangs must not disturb the next test
                    task.get_coro().close()
            asyncio.set_event_loop(None)
            loop.close()


async def turn(count: int) -> None:
    """Return *count* turns from now."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Loop)
    reached = loop.create_future()
    loop.at(count, lambda: reached.set_result(None))
    await reached


async def cancelled(work: Coroutine[Any, Any, object], *counts: int) -> bool:
    """Do *work*, cancel it after so many turns, and again after so many more …; tell whether it ended before."""
    task = asyncio.ensure_future(work)
    await turn(counts[0])
    early = task.done()
    task.cancel()
    for count in counts[1:]:
        await turn(count)
        task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
    return early
