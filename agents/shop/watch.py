"""Looks after a run from a thread of its own: does the worker live, is anything lost, how far is it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from signal import SIGHUP, SIGINT, SIGTERM, Signals, default_int_handler, signal
from threading import Event, Thread
from types import FrameType, TracebackType
from typing import Self


class Watch:
    """Calls functions at intervals; one that raises sets *stop*, and its error is raised on leaving the context."""

    def __init__(self, stop: Event, seconds: float, *checks: Callable[[], object]) -> None:
        self._stop = stop
        self._seconds = seconds
        self._checks = checks
        self._over = Event()
        self._error: Exception | None = None
        self._thread = Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    @property
    def failed(self) -> bool:
        """Whether a function has raised."""
        return self._error is not None

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            try:
                for check in self._checks:
                    check()
            except Exception as error:  # noqa: BLE001  raised again where it can be handled
                self._error = error
                self._stop.set()
                return


@contextmanager
def stopping() -> Iterator[Event]:
    """Give an event that SIGINT, SIGTERM or SIGHUP sets; a second Ctrl-C interrupts at once."""
    stop = Event()

    def ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  signature of a handler
        stop.set()
        signal(SIGINT, default_int_handler)

    signals: tuple[Signals, ...] = (SIGINT, SIGTERM, SIGHUP)
    before = {it: signal(it, ask) for it in signals}
    try:
        yield stop
    finally:
        for it, handler in before.items():
            signal(it, handler)
