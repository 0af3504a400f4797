"""What a storefront runs: the examples and other people's clients, each as a process of its own."""

import fcntl
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agents.shop.worker import free_port
from agents.topics import Topic
from tests.deployment import Deployment
from tests.kafka_broker import HOME, fetch, missing
from tests.lacks import skip_for

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "ops" / "examples"
PRODUCERS = ROOT / "tests" / "kafka" / "producers"
CACHE = ROOT / ".examples"
"""Copies of folders with a package.json, and what npm installed for them."""
SECONDS = 90
PARTITIONS = 12
"""No power of two: on those, partitioners that differ in the sign of a hash agree."""

Language = Literal["python", "node", "java"]
TOOLS: dict[Language, tuple[str, ...]] = {"python": (), "node": ("node", "npm"), "java": ("java",)}


def need(*tools: str) -> None:
    """Skip the test if one of *tools* is not installed; where a real Kafka is required, that is a failure."""
    lacks = [tool for tool in tools if shutil.which(tool) is None]
    skip_for(f"not found: {', '.join(lacks)}" if lacks else None)


def installed(folder: Path) -> Path:
    """Return a copy of *folder* in which `npm ci` has run."""
    need("node", "npm")
    copy = CACHE / folder.name
    copy.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        same = (copy / "node_modules").exists() and all(
            (copy / name).exists() and (copy / name).read_bytes() == (folder / name).read_bytes()
            for name in ("package.json", "package-lock.json")
        )
        for file in (it for it in folder.iterdir() if it.is_file()):
            shutil.copy(file, copy)
        if not same:
            shutil.rmtree(copy / "node_modules", ignore_errors=True)
            command = ("npm", "ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund")
            done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
            if done.returncode:
                shutil.rmtree(copy / "node_modules", ignore_errors=True)
                pytest.fail(f"npm ci failed: {done.stderr[-2000:]}")
    return copy


def java(source: Path) -> list[str]:
    """Return the command that runs a Java file with the jars of the broker."""
    need("java")
    lack = missing()
    if lack:
        need("java", "mvn")
    fetch()
    return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{HOME / 'libs'}/*", str(source)]


def example(language: Language, name: str) -> list[str]:
    """Return the command that runs the example *name* (`consume`, `produce`)."""
    if language == "python":
        return [sys.executable, str(EXAMPLES / "python" / f"{name}.py")]
    if language == "node":
        return ["node", str(installed(EXAMPLES / "node") / f"{name}.mjs")]
    return java(EXAMPLES / "java" / f"{name.capitalize()}.java")


class Listener:
    """A running `consume` example: its lines, as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def line(self) -> str:
        """Return the next line; fail if it does not come."""
        try:
            line = self._lines.get(timeout=SECONDS)
        except queue.Empty:
            pytest.fail("no line came")
        if line is None:
            pytest.fail(f"it ended with {self.process.wait()}: {self.errors()}")
        return line

    def interrupt(self) -> tuple[int, list[str], str]:
        """Send Ctrl-C; return exit code, lines that were left, and what it complained of."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(SECONDS)
        self._reader.join()
        rest = []
        while (line := self._lines.get()) is not None:
            rest.append(line)
        return code, rest, self.errors()

    def errors(self) -> str:
        """Return what an ended process wrote on standard error."""
        assert self.process.stderr
        return self.process.stderr.read()

    def close(self) -> None:
        """End it, if it still runs."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream
            stream.close()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)


@contextmanager
def listening(language: Language, variables: Mapping[str, str], *arguments: str) -> Iterator[Listener]:
    """Run a `consume` example that has said that it listens."""
    process = subprocess.Popen(
        [*example(language, "consume"), *arguments],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_interrupts,  # noqa: PLW1509  no thread holds a lock
    )
    listener = Listener(process)
    try:
        topic = f"{variables.get('VITRINE_TOPIC_PREFIX', '')}recommendations.v1"
        assert listener.line() == f"listening to {topic} at {variables['VITRINE_BROKER']}"
        yield listener
    finally:
        listener.close()


def _hear_interrupts() -> None:
    """Undo what a shell does to processes in the background, and so to the children of tests that run there."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def run(
    command: list[str], variables: Mapping[str, str] | None = None, sent: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end with *sent* on standard input."""
    environment = {**os.environ, **(variables or {})}
    return subprocess.run(
        command, env=environment, input=sent, capture_output=True, text=True, timeout=SECONDS, check=False
    )


class Shop(NamedTuple):
    """A worker on topics of its own."""

    deployment: Deployment
    process: subprocess.Popen[bytes]
    port: int

    @property
    def variables(self) -> dict[str, str]:
        """What an example is told."""
        settings = self.deployment.settings
        return {"VITRINE_BROKER": settings.broker, "VITRINE_TOPIC_PREFIX": settings.topic_prefix}

    def settle(self) -> None:
        """Wait until the worker has folded all there is."""
        self.deployment.wait_done(self.process)

    def counted(self, topic: Topic, outcome: str) -> int:
        """Return the worker's own count of records of *topic* with an outcome."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            return sum(
                int(sample.value)
                for family in families
                for sample in family.samples
                if sample.name == "vitrine_events_total"
                and (sample.labels["topic"], sample.labels["outcome"]) == (topic.name, outcome)
            )


@contextmanager
def open_shop(bootstrap: str, folder: Path) -> Iterator[Shop]:
    """Run a worker with its models on empty topics."""
    port = free_port()
    variables = {"VITRINE_PARTITIONS": str(PARTITIONS), "VITRINE_WEB_PORT": str(port)}
    deployment = Deployment(bootstrap, f"t{uuid.uuid4().hex[:8]}", folder, **variables)
    deployment.run("topics", "apply")
    with deployment.worker() as process:
        yield Shop(deployment, process, port)
