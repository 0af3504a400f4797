"""Keys that are pressed while somebody watches."""

import os
import select
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Thread

_CONTROL = 6
"""Index of the control characters in what termios gives."""


def available() -> bool:
    """Return whether standard input is a terminal, and this process is the one in front of it."""
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


@contextmanager
def pressed(actions: Mapping[str, Callable[[], None]]) -> Iterator[None]:
    """Call the action of each key that is pressed, from a thread; afterwards the terminal is as it was.

    Ctrl-C still is a signal; Ctrl-Z does nothing, for it would freeze the broker in this process.
    """
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    done, end = os.pipe()
    thread = Thread(target=_read, args=(terminal, done, actions), name="keys", daemon=True)
    try:
        tty.setcbreak(terminal)
        mode = termios.tcgetattr(terminal)
        mode[_CONTROL][termios.VSUSP] = b"\0"
        termios.tcsetattr(terminal, termios.TCSANOW, mode)
        thread.start()
        yield
    finally:
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        os.close(end)
        if thread.is_alive():
            thread.join()
        os.close(done)


def _read(terminal: int, done: int, actions: Mapping[str, Callable[[], None]]) -> None:
    while True:
        ready, _, _ = select.select([terminal, done], [], [])
        if done in ready:
            return
        try:
            found = os.read(terminal, 64)
        except OSError:  # the terminal is gone
            return
        if not found:
            return
        for key in found.decode(errors="ignore"):
            if key in actions:
                actions[key]()
