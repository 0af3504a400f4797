"""Several workers of one group, each with a name and a disk of its own."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import msgspec
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from agents.app import needed
from agents.engine import topics
from agents.engine.formats import FENCE_KEY
from agents.intake import partition_of
from agents.settings import Environment
from tests import engine_worker
from tests.changelogs import entries, in_force
from tests.deployment import Deployment

A = TypeVar("A")
T = TypeVar("T")

LIMIT = 120.0
LOOK = 0.1


class Member(NamedTuple):
    """A worker that was started."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Fleet(Deployment):
    """The workers of one installation."""

    def __init__(
        self,
        bootstrap: str,
        folder: Path,
        *,
        partitions: int,
        real: bool = False,
        session: int = 10,
        environment: Environment = "development",
        static: bool = False,
        warm: int = 0,
        log: Path | None = None,
    ) -> None:
        folder.mkdir(parents=True)
        variables = {
            "VITRINE_PARTITIONS": str(partitions),
            "VITRINE_SESSION_TIMEOUT": f"PT{session}S",
            "VITRINE_ENVIRONMENT": environment,
        }
        super().__init__(bootstrap, f"fleet-{folder.name}", folder, **variables)
        self.real, self.static, self.warm = real, static, warm
        self.sent = 0
        self._keep = log
        self._folder = folder
        self._members: list[Member] = []
        self._names: dict[str, str] = {}
        """Client that the group knows to the worker's name."""
        names = engine_worker.needed(
            self.settings.topic_prefix, self.settings.app_id, partitions, self.settings.environment
        )
        if real:
            names = needed(self.settings)
        topics.create(bootstrap, names)
        self._bootstrap = bootstrap
        self._lookup = Consumer({"bootstrap.servers": bootstrap, "group.id": self.settings.app_id, "log_level": 0})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lookup.close()
        for member in self._members:
            member.process.kill()
            member.process.wait()
            if self._keep:
                self._keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(member.log, self._keep / f"{self._folder.name}-{member.log.name}")
        shutil.rmtree(self._folder, ignore_errors=True)

    # -- workers

    def start(self, name: str = "", disk: str = "") -> Member:  # type: ignore[override]  # a member, not its process
        """Start a worker called *name*, or a new one; on the *disk* of its name, or on another."""
        name = name or f"worker-{len({it.name for it in self._members})}"
        log = self._folder / f"{name}-{len(self._members)}.log"
        variables = {
            "VITRINE_DATA_DIR": str(self._folder / (disk or name)),
            "VITRINE_LOG_LEVEL": "info",
            "TEST_LOG_LEVEL": "INFO",
            **({"VITRINE_INSTANCE_ID": name} if self.static else {}),
            **({"VITRINE_WARM_COPIES": str(self.warm)} if self.warm else {}),
        }
        module = "agents" if self.real else "tests.engine_worker"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *(["worker"] if self.real else [])],
                env={**os.environ, **self.variables, **variables},
                stdout=out,
                stderr=out,
            )
        self._members.append(member := Member(name, process, log))
        return member

    def stop(self, member: Member) -> None:
        """Tell a worker to stop, as an orchestrator does; return when it has."""
        member.process.terminate()
        code = member.process.wait(60)
        if code:
            message = f"{member.name} ended with {code}: {member.log.read_text()[-2000:]}"
            raise RuntimeError(message)

    def freeze(self, member: Member) -> None:
        """Let a worker stand still."""
        member.process.send_signal(signal.SIGSTOP)

    def thaw(self, member: Member) -> None:
        """Let it go on."""
        member.process.send_signal(signal.SIGCONT)

    def counted(self) -> int:
        """Return how many events the states say that they hold."""
        found = in_force(entries(self.read(engine_worker.Sums.name, changelog=True))).states
        return sum(msgspec.msgpack.decode(state, type=engine_worker.Summed).n for state in found.values())

    def fences(self) -> int:
        """Return how often a partition was taken over."""
        return sum(it.key() == FENCE_KEY for it in self.read(engine_worker.Sums.name, changelog=True))

    def wait_ready(self, member: Member) -> None:
        """Return when all that *member* was given is open."""
        self.wait(lambda: self._get(member, "readyz") == "ready\n", member)

    def wait_gone(self, member: Member) -> None:
        """Return when the group has given the partitions of a dead worker to others."""
        self.wait(lambda: member.name not in self.owners().values())

    def settle(self) -> None:
        """Return when all that live are ready and share everything."""
        alive = self.alive()

        def settled() -> bool:
            return all(self._get(member, "readyz") == "ready\n" for member in alive) and set(
                self.owners().values()
            ) == {member.name for member in alive}

        self.wait(settled)

    def alive(self) -> list[Member]:
        """Return the workers that run."""
        return [member for member in self._members if member.process.poll() is None]

    def rebalances(self, member: Member) -> float:
        """Return how many assignments *member* has received."""
        return self.metric(member, "vitrine_rebalances_total")

    def metric(self, member: Member, name: str, **labels: str) -> float:
        """Return what *member* exports; 0 if there is no such series."""
        of = "{" + ",".join(f'{label}="{value}"' for label, value in labels.items()) + "}" if labels else ""
        found = re.search(rf"^{re.escape(name + of)} (\S+)$", self._get(member, "metrics"), re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    def owners(self) -> dict[int, str]:
        """Return partition of the clicks to the name of the worker that has it; empty while the group is unsettled."""
        described = self._admin.describe_consumer_groups([self.settings.app_id], request_timeout=10)
        group = described[self.settings.app_id].result()
        topic = self.settings.topic_prefix + engine_worker.CLICKS.name
        owners = {
            place.partition: self._name(member)
            for member in group.members
            for place in member.assignment.topic_partitions
            if place.topic == topic
        }
        return owners if len(owners) == self.settings.partitions else {}

    def coordinator(self) -> int:
        """Return the id of the node that coordinates the group."""
        described = self._admin.describe_consumer_groups([self.settings.app_id], request_timeout=10)
        found: int = described[self.settings.app_id].result().coordinator.id
        return found

    def topics(self) -> list[str]:
        """Return the names of what the test's workers read and write most."""
        return [
            *(self.settings.topic_prefix + it.name for it in (engine_worker.CLICKS, engine_worker.PAIRS)),
            topics.changelog(self.settings.app_id, engine_worker.Sums.name),
        ]

    def clicks_committed(self) -> dict[int, int]:
        """Return partition of the clicks to its committed offset."""
        name = self.settings.topic_prefix + engine_worker.CLICKS.name
        return {partition: offset for (topic, partition), offset in self.group_offsets().items() if topic == name}

    def _name(self, member: Any) -> str:
        """Return the name of a member of the group: its instance id, or who says in its log that it has joined as that member."""
        if member.group_instance_id:
            return str(member.group_instance_id)
        for it in reversed(self._members):
            if member.member_id in it.log.read_text(errors="replace"):
                return it.name
        return str(member.member_id)

    def _get(self, member: Member, path: str) -> str:
        port = re.search(r"port=(?:\x1b\[\d+m)*(\d+)|\"port\": ?(\d+)", member.log.read_text(errors="replace"))
        if port is None:
            return ""
        url = f"http://127.0.0.1:{port.group(1) or port.group(2)}/{path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def wait(self, true: Callable[[], bool], member: Member | None = None) -> None:
        """Return when *true* is; a RuntimeError if that takes long, or *member* ends."""
        end = time.monotonic() + LIMIT
        while not true():
            if time.monotonic() > end or (member is not None and member.process.poll() is not None):
                texts = "\n".join(it.log.read_text()[-1500:] for it in self._members)
                message = f"{self._folder.name}: not reached: {texts}"
                raise RuntimeError(message)
            time.sleep(LOOK)

    def ends(self, topics: list[str]) -> dict[tuple[str, int], int]:
        """Return topic and partition to the end of its log, whoever leads it."""
        places = [(topic, n) for topic in topics for n in range(self.settings.partitions)]
        return {place: self._ask(self._end, place) for place in places}

    def group_offsets(self) -> dict[tuple[str, int], int]:
        """Return what the group has committed, whoever coordinates it."""
        return self._ask(self._committed, self._read())

    def _end(self, place: tuple[str, int]) -> int:
        found: int = self._lookup.get_watermark_offsets(TopicPartition(*place), timeout=5)[1]
        return found

    def _committed(self, names: list[str]) -> dict[tuple[str, int], int]:
        places = [TopicPartition(name, n) for name in names for n in range(self.settings.partitions)]
        found = self._lookup.committed(places, timeout=5)
        return {(it.topic, it.partition): max(0, it.offset) for it in found}

    def _ask(self, ask: Callable[[A], T], about: A) -> T:
        """Ask until somebody answers.  Not through an admin client: one that lost a broker aborts the whole process."""
        end = time.monotonic() + LIMIT
        while True:
            try:
                return ask(about)
            except KafkaException:
                if time.monotonic() > end:
                    raise
                time.sleep(LOOK)

    # -- events

    def fill(self, shoppers: int) -> None:
        """Give each of *shoppers* a state, and wait until it has one."""
        producer = self._producer()
        for n in range(shoppers):
            self._put(producer, n)
        if producer.flush(60):
            message = "the broker did not take everything"
            raise RuntimeError(message)
        self.drain()

    def produce_until(self, ending: Event, rate: int, shoppers: int) -> None:
        """Send events, *rate* a second, until *ending* is set."""
        producer, begun, count = self._producer(), time.monotonic(), 0
        while not ending.is_set():
            while count < (time.monotonic() - begun) * rate:
                self._put(producer, count * 7 % shoppers)
                count += 1
            producer.poll(0)
            time.sleep(0.002)
        if producer.flush(60):
            message = "the broker did not take everything"
            raise RuntimeError(message)
        self.sent += count

    def drain(self) -> None:
        """Return when everything is committed."""
        calm = 0
        end = time.monotonic() + LIMIT
        while calm < 2:
            calm = calm + 1 if not self.lag() else 0
            if time.monotonic() > end:
                message = f"lag {self.lag()}"
                raise RuntimeError(message)
            time.sleep(0.2)

    def _producer(self) -> Producer:
        return Producer(
            {
                "log_level": 0,
                "log.connection.close": False,
                "bootstrap.servers": self._bootstrap,
                "linger.ms": 2,
                "enable.idempotence": True,
                "queue.buffering.max.messages": 1_000_000,
            }
        )

    def _put(self, producer: Producer, shopper: int) -> None:
        key = f"s{shopper}"
        value = click_of(key) if self.real else msgspec.json.encode(engine_worker.Tick(shopper=key, number=shopper))
        partition = partition_of(key.encode(), self.settings.partitions)
        producer.produce(self.settings.topic_prefix + engine_worker.CLICKS.name, value, key, partition)

    def _read(self) -> list[str]:
        return [self.settings.topic_prefix + engine_worker.CLICKS.name]


def click_of(shopper: str) -> bytes:
    """Return a click as a shop sends it."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return msgspec.json.encode({"kind": "view", "shopper": shopper, "at": at, "item": f"i{hash(shopper) % 50}"})
