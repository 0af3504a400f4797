"""A real Apache Kafka, one KRaft node, as a child process; its jars come through Maven and are kept in `.kafka/`.

By hand, for tests of your own or for a look around: `make kafka ARGS="--port 19092"`.
"""

import base64
import contextlib
import ctypes
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import click
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

VERSION = "4.3.1"
HERE = Path(__file__).parent / "kafka"
HOME = Path(__file__).parent.parent / ".kafka" / VERSION
ARCHIVE = HOME / "classes.jsa"
JVM = ("java", "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
PR_SET_PDEATHSIG = 1


class KafkaError(Exception):
    """The broker can't be had or doesn't start; the text says what to do."""


class Kafka:
    """One node whose data are in *directory*; it can be killed and started again on the same data and ports.

    It ends with this process, however that ends (on Linux).
    """

    def __init__(self, directory: Path, port: int = 0) -> None:
        self.directory = directory.absolute()
        self.port, self._controller = port or _free_port(), _free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.log = self.directory / "kafka.log"
        self._config = self.directory / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and return when the broker answers."""
        fetch()
        self._run(f"-XX:SharedArchiveFile={ARCHIVE}")

    def stop(self, patience: float = 10) -> None:
        """Stop in order, or by force after *patience* seconds."""
        if self._process:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        self.kill()

    def kill(self) -> None:
        """End it at once, as kill -9 does."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop it from running; its connections stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it run again."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(number)

    def _run(self, option: str) -> None:
        data = self.directory / "data"
        self.directory.mkdir(parents=True, exist_ok=True)
        settings = _settings(self.port, self._controller, data)
        self._config.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        java = (*JVM, option, f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}", "-cp", f"{HOME / 'libs'}/*")
        with self.log.open("ab") as log:
            if not data.exists():
                # a cluster's id is 16 bytes in base64 that don't begin with a dash
                cluster = "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
                tool = (*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._config))
                subprocess.run(tool, check=True, stdout=log, stderr=log)
            self._process = subprocess.Popen(
                (*java, "kafka.Kafka", str(self._config)),
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  no thread holds a lock
            )
        try:
            self._wait(self._process, time.monotonic() + 60)
        except BaseException:
            self.kill()
            raise

    def _wait(self, process: subprocess.Popen[bytes], end: float) -> None:
        while process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.5):
                AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0}).list_topics(timeout=30)
                return
            time.sleep(0.05)
        message = f"kafka does not answer at {self.bootstrap}; see {self.log}"
        raise KafkaError(message)


def missing() -> str | None:
    """Say what this machine lacks to run a broker of its own, or None."""
    needed = ("java",) if HOME.exists() else ("java", "mvn")
    lacks = " and ".join(name for name in needed if not shutil.which(name))
    return f"{lacks} not found: install Java 17 or later and Maven, or set KAFKA_BOOTSTRAP" if lacks else None


def fetch() -> None:
    """Fetch the jars unless they are here, and archive their classes: brokers then start twice as fast."""
    lack = missing()
    if lack:
        raise KafkaError(lack)
    if ARCHIVE.exists():
        return
    HOME.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME.parent) as folder:
        if not HOME.exists():
            command = ("mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies")
            options = ("-DincludeScope=runtime", f"-DoutputDirectory={folder}/new/libs")
            done = subprocess.run((*command, *options), check=False, capture_output=True, text=True)
            if done.returncode:
                message = f"maven could not fetch kafka {VERSION}: {done.stdout[-2000:]}"
                raise KafkaError(message)
            with contextlib.suppress(OSError):  # another process was first
                Path(folder, "new").rename(HOME)
        archive = Path(folder, ARCHIVE.name)
        broker = Kafka(Path(folder))
        broker._run(f"-XX:ArchiveClassesAtExit={archive}")  # the archive is written when it stops
        broker.stop(30)
        archive.rename(ARCHIVE)


def create_topics(bootstrap: str, topics: Mapping[str, int], config: Mapping[str, str] | None = None) -> None:
    """Create topics, name to number of partitions, and return when each partition has a leader."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    news = [NewTopic(name, count, 1, config=dict(config or {})) for name, count in topics.items()]
    for made in admin.create_topics(news).values():
        made.result()
    while not all(_led(admin, name, count) for name, count in topics.items()):
        time.sleep(0.05)


def _led(admin: AdminClient, name: str, count: int) -> bool:
    partitions = admin.list_topics(name, timeout=10).topics[name].partitions.values()
    return len(partitions) == count and all(partition.leader >= 0 for partition in partitions)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _settings(port: int, controller: int, data: Path) -> dict[str, object]:
    alone = ("replication.factor", "min.isr", "num.partitions")
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        **{f"transaction.state.log.{name}": 1 for name in alone},
        **{f"share.coordinator.state.topic.{name}": 1 for name in alone},
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        "broker.session.timeout.ms": 3000,  # a broker that was killed waits so long before it may register again
        "log.cleaner.dedupe.buffer.size": 2 << 20,
        "log.cleaner.backoff.ms": 200,
        "log.retention.ms": -1,  # the clicks of the real data are years old
        "num.network.threads": 2,
        "num.io.threads": 2,
    }


@click.command()
@click.option("--port", type=int, default=0, help="Where it listens; a free one if not given.")
@click.option(
    "--directory", type=click.Path(path_type=Path), help="Of its data; a new one, removed at the end, if not given."
)
@click.option("--bootstrap-file", type=click.Path(path_type=Path), help="Gets the address when the broker answers.")
def main(port: int, directory: Path | None, bootstrap_file: Path | None) -> None:
    """Run a broker until Ctrl-C.

    \b
    Example:
      python -m tests.kafka_broker --port 19092
    """
    with contextlib.ExitStack() as stack:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        home = directory or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vitrine-kafka-")))
        kafka = stack.enter_context(Kafka(home, port))
        click.echo(f"kafka {VERSION} at {kafka.bootstrap}, data and log in {kafka.directory}; Ctrl-C stops it")
        if bootstrap_file:
            bootstrap_file.write_text(kafka.bootstrap)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
