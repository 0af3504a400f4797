"""Worlds in memory: the disks, too, where the machine has such a place."""

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from tests.shell.world import World

_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of its own is made in it


@pytest.fixture
def new_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], World]]:
    """Make worlds, each in place of the one before."""
    structlog.configure(processors=[structlog.testing.LogCapture()])
    directory = Path(tempfile.mkdtemp(prefix="shell-", dir=_MEMORY if _MEMORY.is_dir() else None))
    count = itertools.count()

    def new() -> World:
        world = World(directory / str(next(count)))
        world.use(monkeypatch)
        return world

    yield new
    shutil.rmtree(directory)
    structlog.reset_defaults()
