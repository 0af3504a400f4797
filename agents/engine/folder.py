"""The folder of the local stores: one worker's alone."""

import fcntl
from pathlib import Path
from typing import IO

from agents.engine.errors import ConfigurationError

_LOCK = "worker.lock"


def claim(directory: Path) -> IO[str]:
    """Make *directory*, and keep other workers out of it for as long as what is returned is open, or this process lives.

    A ConfigurationError if it can't be made or is another worker's.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / _LOCK).open("a", encoding="utf-8")
    except OSError as error:
        message = f"no local stores in {directory}: {error.strerror}; set VITRINE_DATA_DIR"
        raise ConfigurationError(message) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        message = f"another worker uses {directory}: give each worker a VITRINE_DATA_DIR of its own"
        raise ConfigurationError(message) from error
    except OSError:
        return lock  # a file system without locks: each store is locked by RocksDB, if at all
    return lock
