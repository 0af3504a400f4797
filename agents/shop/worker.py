"""A worker as a process of its own: started, watched, asked for its counters, stopped."""

import os
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

from agents.shop import tether

COMMAND = (sys.executable, "-m", "agents", "worker")
HOST = "127.0.0.1"
BEAT = 0.1
TAIL = 20
"""Lines of the log that a person is shown when the worker fails."""
STOP_SECONDS = 20
"""How long a worker may take to stop before it is killed."""


class WorkerError(Exception):
    """The worker did not start, or ended; the text holds the last lines of its log.

    *Operator action:* the log says what it lacks.
    """


class Worker:
    """`vitrine worker` from entering the context to leaving it; it does not outlive this process, however that ends."""

    def __init__(self, variables: Mapping[str, str], log: Path, command: Sequence[str] = COMMAND) -> None:
        """Prepare a worker with *variables* on top of this process's, which writes to the file *log*."""
        self.port = free_port()
        self._command = command
        self._log = log
        self._environment = {
            **os.environ,
            **variables,
            "VITRINE_WEB_HOST": HOST,
            "VITRINE_WEB_PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own command
                (sys.executable, "-I", tether.__file__, str(os.getpid()), *self._command),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def check(self) -> None:
        """Raise WorkerError if the worker has ended."""
        code = self._process.poll() if self._process is not None else None
        if code is not None:
            how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            message = f"The worker {how}. Its last lines:\n{self.tail()}"
            raise WorkerError(message)

    def wait_ready(self, stop: Event, timeout: float) -> None:
        """Return when the worker has its partitions, or *stop* is set; raise WorkerError if that takes too long."""
        end = time.monotonic() + timeout
        while not stop.wait(BEAT):
            self.check()
            if self._get("/readyz") is not None:
                return
            if time.monotonic() > end:
                message = f"The worker was not ready after {timeout:g} s. Its last lines:\n{self.tail()}"
                raise WorkerError(message)

    def metrics(self) -> str | None:
        """Return the worker's metrics as text; None while it does not answer."""
        return self._get("/metrics")

    def counted(self) -> Counter[tuple[str, str]]:
        """Return how many records of each agent and topic are accounted for, by the worker's own counters."""
        text = self.metrics()
        return counted(text) if text is not None else Counter()

    def tail(self) -> str:
        """Return the last lines of the log."""
        with self._log.open(errors="replace") as log:
            return "".join(deque(log, maxlen=TAIL)).rstrip() or "(it wrote nothing)"

    def _get(self, path: str) -> str | None:
        """Return what is at *path*, None unless the answer is 200."""
        connection = HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()
        return text if response.status == 200 else None  # noqa: PLR2004  OK


def counted(exposition: str) -> Counter[tuple[str, str]]:
    """Return agent and topic to the records that ended there, from what `/metrics` says; repeats do not count."""
    found: Counter[tuple[str, str]] = Counter()
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            if sample.name == "vitrine_events_total" and sample.labels["outcome"] != "redelivered":
                found[sample.labels["agent"], sample.labels["topic"]] += int(sample.value)
    return found


def free_port() -> int:
    """Return a TCP port that nobody listens on now."""
    with socket.socket() as it:
        it.bind((HOST, 0))
        port: int = it.getsockname()[1]
        return port
