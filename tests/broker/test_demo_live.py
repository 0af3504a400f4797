"""The demo in a terminal: it fills it, listens to keys, and leaves it as it was."""

import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

WORKER = (sys.executable, str(Path(__file__).parent.parent / "shop_worker.py"))
DEMO = f"""
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from agents.shop import venue
from agents.shop.demo import Plan, run
from agents.shop.feed import Pace
from agents.shop.watch import stopping
with stopping() as stop:
    plan = Plan(shoppers=60, present=12, seed=7, pace=Pace(40.0, None), live=True, worker={WORKER})
    figures = run(venue.embedded(4), plan, stop, print)
print("lost", figures.events_lost)
"""


class Terminal:
    """A terminal of 80 columns and 24 lines with a demo in it."""

    def __init__(self) -> None:
        self.ours, theirs = pty.openpty()
        termios.tcsetwinsize(self.ours, (24, 80))
        self.before = termios.tcgetattr(self.ours)
        environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).parents[2])}
        self.process = subprocess.Popen(
            (sys.executable, "-c", DEMO),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        self._keep = theirs
        self.seen = b""

    def until(self, text: str) -> None:
        """Read what is drawn until *text* comes, and no further."""
        while text.encode() not in self.seen:
            self.seen += os.read(self.ours, 1 << 16)
        self.seen = self.seen.partition(text.encode())[2]

    def press(self, key: str) -> None:
        os.write(self.ours, key.encode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        with suppress(OSError):
            os.close(self._keep)
        os.close(self.ours)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    it = Terminal()
    yield it
    it.close()


def test_keys_pause_go_on_and_quit(terminal: Terminal) -> None:
    terminal.until("looked at")
    terminal.press("n")
    terminal.press(" ")
    terminal.until("paused")
    terminal.press(" ")
    terminal.until("their own list")
    terminal.press("q")

    terminal.until("lost 0")
    assert terminal.process.wait(60) == 0
    assert termios.tcgetattr(terminal.ours) == terminal.before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(terminal: Terminal, number: signal.Signals) -> None:
    terminal.until("their own list")
    terminal.process.send_signal(number)

    terminal.until("\x1b[?1049l")  # back from the screen of its own
    terminal.until("lost 0")
    assert terminal.process.wait(60) == 0
    assert termios.tcgetattr(terminal.ours) == terminal.before
