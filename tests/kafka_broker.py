"""A real Apache Kafka node as a child process; its jars come through Maven and are kept in `.kafka/`.

By hand, for tests of your own or for a look around: `make kafka ARGS="--port 19092"`; with `--nodes 3` a cluster of them
(`tests.kafka_cluster`).
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
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import click
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

VERSION = "4.3.1"
HERE = Path(__file__).parent / "kafka"
HOME = Path(__file__).parent.parent / ".kafka" / VERSION
ARCHIVE = HOME / "classes.jsa"
JVM = ("java", "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-Djava.awt.headless=true")
QUICK = "-XX:TieredStopAtLevel=1"
"""Compiled lightly: a broker is there at once, and takes more CPU time for what it does from then on."""
PR_SET_PDEATHSIG = 1


class KafkaError(Exception):
    """The broker can't be had or doesn't start; the text says what to do."""


class Seat(NamedTuple):
    """A node's place among those of its cluster; each of them is broker and controller."""

    number: int
    """From 1."""
    controllers: Sequence[int]
    """The port of each node's controller, by number."""
    cluster: str
    """The id that all of them share."""

    @property
    def copies(self) -> int:
        """Of each partition of a topic that does not say how many it wants."""
        return len(self.controllers)


class Kafka:
    """One node whose data are in *directory*; it can be killed and started again on the same data and ports.

    It ends with the thread that started it, however that ends (on Linux).
    """

    def __init__(self, directory: Path, port: int = 0, seat: Seat | None = None, *, lasting: bool = False) -> None:
        """Alone, or in the *seat* of a cluster; *lasting*: compiled as one in production is, which pays after a minute."""
        self.directory = directory.absolute()
        self.port = port or free_port()
        self._seat = seat or Seat(1, [free_port()], cluster_id())
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.log = self.directory / "kafka.log"
        self._config = self.directory / "server.properties"
        self._compiled = () if lasting else (QUICK,)
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
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start, without waiting: a node of a cluster answers when most of them are there."""
        fetch()
        self._launch(f"-XX:SharedArchiveFile={ARCHIVE}")

    def wait(self) -> None:
        """Return when the broker answers."""
        try:
            self._wait(time.monotonic() + 60)
        except BaseException:
            self.kill()
            raise

    @property
    def running(self) -> bool:
        """Whether the process is there, frozen or not."""
        return self._process is not None and self._process.poll() is None

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

    def _launch(self, option: str) -> None:
        data = self.directory / "data"
        self.directory.mkdir(parents=True, exist_ok=True)
        settings = _settings(self.port, self._seat, data)
        self._config.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        java = (
            *JVM,
            *self._compiled,
            option,
            f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}",
            "-cp",
            f"{HOME / 'libs'}/*",
        )
        with self.log.open("ab") as log:
            if not data.exists():
                tool = (*java, "kafka.tools.StorageTool", "format", "-t", self._seat.cluster, "-c", str(self._config))
                subprocess.run(tool, check=True, stdout=log, stderr=log)
            self._process = subprocess.Popen(
                (*java, "kafka.Kafka", str(self._config)),
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  no thread holds a lock
            )

    def _wait(self, end: float) -> None:
        while self.running and time.monotonic() < end:
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
        broker._launch(f"-XX:ArchiveClassesAtExit={archive}")  # the archive is written when it stops
        broker.wait()
        broker.stop(30)
        archive.rename(ARCHIVE)


def create_topics(bootstrap: str, topics: Mapping[str, int], config: Mapping[str, str] | None = None) -> None:
    """Create topics, name to number of partitions, a copy on each node; return when each partition has a leader."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    news = [NewTopic(name, count, config=dict(config or {})) for name, count in topics.items()]
    for made in admin.create_topics(news).values():
        made.result()
    while not all(_led(admin, name, count) for name, count in topics.items()):
        time.sleep(0.05)


def _led(admin: AdminClient, name: str, count: int) -> bool:
    partitions = admin.list_topics(name, timeout=10).topics[name].partitions.values()
    return len(partitions) == count and all(partition.leader >= 0 for partition in partitions)


def cluster_id() -> str:
    """Return a new cluster's id: 16 bytes in base64 that don't begin with a dash."""
    return "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def end_with_parent() -> None:
    """End this new process with the thread that started it; for `preexec_fn`, on Linux."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _settings(port: int, seat: Seat, data: Path) -> dict[str, object]:
    internal = {"replication.factor": seat.copies, "min.isr": min(2, seat.copies), "num.partitions": 1}
    controllers = [f"127.0.0.1:{it}" for it in seat.controllers]
    return {
        "process.roles": "broker,controller",
        "node.id": seat.number,
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://{controllers[seat.number - 1]}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "controller.quorum.voters": ",".join(f"{number}@{it}" for number, it in enumerate(controllers, 1)),
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "default.replication.factor": seat.copies,
        "min.insync.replicas": min(2, seat.copies),
        "unclean.leader.election.enable": "false",
        "offsets.topic.replication.factor": seat.copies,
        "offsets.topic.num.partitions": 1,
        **{f"transaction.state.log.{name}": value for name, value in internal.items()},
        **{f"share.coordinator.state.topic.{name}": value for name, value in internal.items()},
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        "broker.session.timeout.ms": 3000,  # a broker that was killed waits so long before it may register again
        "broker.heartbeat.interval.ms": 1000,  # a third of it: two may be late
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
@click.option("--nodes", type=click.Choice(["1", "3"]), default="1", help="Of three, one may be killed or frozen.")
@click.option("--bootstrap-file", type=click.Path(path_type=Path), help="Gets the address when the broker answers.")
def main(port: int, directory: Path | None, nodes: str, bootstrap_file: Path | None) -> None:
    """Run a broker, or a cluster of three, until Ctrl-C.

    \b
    Example:
      python -m tests.kafka_broker --port 19092
    """
    from tests.kafka_cluster import Cluster  # noqa: PLC0415  it is made of what is here

    with contextlib.ExitStack() as stack:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        home = directory or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vitrine-kafka-")))
        kafka: Kafka | Cluster = Kafka(home, port) if nodes == "1" else Cluster(home, port)
        stack.enter_context(kafka)
        click.echo(f"kafka {VERSION} at {kafka.bootstrap}, data and log in {kafka.directory}; Ctrl-C stops it")
        if bootstrap_file:
            bootstrap_file.write_text(kafka.bootstrap)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
