"""`bench latency`: how long a shopper's click waits for its list, on a real Kafka with models on, whatever the load does."""

import math
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # theirs to export
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)

from agents.replay.log import LogRecord
from tests.bench import watching
from tests.bench.machine import ROOT, broker, conditions, facts, say, write
from tests.bench.matching import Told, answers, quantiles
from tests.bench.shop_load import Load, Sent, catalogue
from tests.deployment import Deployment
from tests.kafka_broker import free_port

PARTITIONS = 16
STAMPED = ("clicks.v1", "searches.v1", "reviews.v1", "recommendations.v1")
"""Topics whose records get the broker's time: one clock for both ends."""
START_SECONDS = 120
LEAST = 5.0
"""Events a second below which no rate is tried."""
CALM_SECONDS = 60
OVERLOADED_MS = 1_000
"""p99 above which a rate counts as too much."""
UNANSWERED = 0.001
"""Share of clicks without a list above which it does, too."""
LATE_MS = 500
"""How late the generator may be before a rate counts as more than the machine gives."""
_OWED = ("vitrine_owed{", "vitrine_view_lag_records{")


class _Event(msgspec.Struct):
    shopper: str
    at: datetime


class Phase(msgspec.Struct, kw_only=True):
    """What was measured at one rate."""

    rate: float
    seconds: float
    sent: Sent
    click_to_list_ms: dict[str, float | None]
    """From the broker's time of the click to the broker's time of the first list that covers it."""
    scheduled_to_list_ms: dict[str, float | None]
    """From the moment for which the click was drawn: what the generator and the broker took counts, too."""
    unanswered: int
    """Clicks that no list covers: shed."""
    lists: int
    worker_cores: float
    """All workers together, as the rest that is said of them."""
    machine_cores: float
    """All that ran meanwhile, the broker and the generator included."""
    worker_mb: float
    worker: dict[str, dict[str, float]]
    """The worker's histograms over this phase."""
    counters: dict[str, float]
    before: Any


@click.command()
@click.option("--seconds", type=click.IntRange(5), default=120, show_default=True, help="Of each measured phase.")
@click.option("--step-seconds", type=click.IntRange(3), default=15, show_default=True, help="Of a step to capacity.")
@click.option(
    "--rate", type=float, default=300.0, show_default=True, help="Events a second, if half of what is carried."
)
@click.option("--capacity", type=float, help="Events a second that are carried; found by steps if not given.")
@click.option("--most", type=float, default=4_000.0, show_default=True, help="Rate above which no step goes.")
@click.option("--items", type=click.IntRange(50), default=10_000, show_default=True)
@click.option("--shoppers", type=click.IntRange(1), default=50_000, show_default=True)
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="One for each two cores.")
@click.option("--broker", "given", metavar="HOST:PORT", help="A Kafka to use; one of our own if not given.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Gets the result as JSON.")
def command(
    *,
    seconds: int,
    step_seconds: int,
    rate: float,
    capacity: float | None,
    most: float,
    items: int,
    shoppers: int,
    workers: int,
    given: str | None,
    report: Path | None,
) -> None:
    """Measure the time from click to list, open loop.

    A worker with its models, a catalogue of 10,000 items, 50,000 shoppers (Zipf); 90 of 100 events are clicks, 7
    searches, 3 reviews.  First steps of growing rates find what is carried; then it is measured at half of that, or at
    --rate if that is less, and at 90 % of it.

    \b
    Example:
      make bench ARGS="latency --seconds 300 --report bench-latency.json"
    """
    result: dict[str, Any] = {"machine": facts(), "items": items, "shoppers": shoppers, "workers": workers}
    with broker(given) as bootstrap, tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder:
        trial = Trial(bootstrap, Path(folder), items, shoppers)
        with trial.run(workers):
            trial.stock()
            say(str(_told(trial.phase(20, step_seconds))) + " (warm-up)")
            steps: list[Phase] = []
            result["steps"] = steps
            if capacity is None:
                for step in climb(trial, step_seconds, most):
                    steps.append(step)
                    say(_told(step))
                    write(report, result)
                capacity = max((step.rate for step in steps if carried(step)), default=0.0)
                if not capacity:
                    message = f"no rate is carried, not even {steps[-1].rate:.0f} events a second"
                    raise click.ClickException(message)
            result["capacity"] = capacity
            for name, at in (("normal", min(rate, capacity / 2)), ("at_90_percent", capacity * 0.9)):
                measured = trial.phase(at, seconds)
                result[name] = measured
                if name == "normal":
                    result["rate"], result["click_to_list_ms"] = at, measured.click_to_list_ms
                say(f"{name}: {_told(measured)}")
                write(report, result)
    click.echo(msgspec.json.format(msgspec.json.encode(result)))
    if any(result[name].sent.refused for name in ("normal", "at_90_percent")):
        sys.exit(1)


def climb(trial: "Trial", seconds: float, most: float) -> Iterator[Phase]:
    """Try rates until the greatest one that is carried is known to a sixth, or none of 5 events a second is."""
    low, high, rate = 0.0, math.inf, 50.0
    while high > max(LEAST, low * 1.2) and low < most:
        step = trial.phase(rate, seconds)
        yield step
        if carried(step):
            low = rate
        else:
            high = rate
        rate = min(most, low * 2 if math.isinf(high) else (low + high) / 2)


def carried(step: Phase) -> bool:
    """Tell whether this was not too much."""
    answered = step.click_to_list_ms["count"] or 0
    slow = step.click_to_list_ms["p99"] or step.click_to_list_ms["max"] or math.inf
    few = step.unanswered <= UNANSWERED * (answered + step.unanswered)
    return few and slow <= OVERLOADED_MS and step.sent.late_ms <= LATE_MS


def _told(phase: Phase) -> str:
    waits = phase.click_to_list_ms
    return (
        f"{phase.rate:.0f}/s for {phase.seconds:.0f} s: click to list p50 {waits['p50']} p99 {waits['p99']} p99.9 {waits['p999']} "
        f"max {waits['max']} ms, {phase.unanswered} of {waits['count']} unanswered, worker {phase.worker_cores:.2f} cores, "
        f"all {phase.machine_cores:.2f}, generator late {phase.sent.late_ms:.0f} ms at most"
    )


class Trial:
    """One deployment under load."""

    def __init__(self, bootstrap: str, folder: Path, items: int, shoppers: int) -> None:
        self.bootstrap, self.items, self.shoppers = bootstrap, items, shoppers
        self.folder, self.name = folder, f"latency-{time.time_ns()}"
        self.deployment = self._deployment()
        self.pids: list[int] = []
        self.ports: list[int] = []
        self._seed = 0

    @contextmanager
    def run(self, workers: int) -> Iterator[None]:
        """Run *workers* that share their topics."""
        say(f"making topics, starting {workers} workers ...")
        apply = (sys.executable, "-m", "agents", "topics", "apply", "--yes")
        environ = {**os.environ, **self.deployment.variables}
        subprocess.run(apply, env=environ, check=True, stdout=subprocess.DEVNULL)
        self._stamp()
        with ExitStack() as running:
            for number in range(workers):
                self.ports.append(free_port())
                process = self._deployment(
                    VITRINE_WEB_PORT=str(self.ports[-1]), VITRINE_DATA_DIR=str(self.folder / str(number))
                ).start()
                running.callback(process.wait, 60)
                running.callback(process.terminate)
                self.pids.append(process.pid)
                self._wait_ready(process)
            yield

    def stock(self) -> None:
        """Put the catalogue on sale, and wait until every item has its card and vector."""
        say(f"{self.items:,} items ...")
        begun = time.monotonic()
        records = [
            LogRecord("catalog.v1", 0, 0, 0, item.item.encode(), msgspec.json.encode(item), ())
            for item in catalogue(self.items)
        ]
        self.deployment.produce(records, rate=5_000)
        while (lag := self.deployment.lag()) or self._behind():
            say(f"  {lag:,} to go after {time.monotonic() - begun:.0f} s")
            time.sleep(5)
        say(f"  on sale after {time.monotonic() - begun:.0f} s")

    def phase(self, rate: float, seconds: float) -> Phase:
        """Let shoppers work at one rate, and measure what came of it."""
        places = [self.deployment.settings.topic_prefix + name for name in ("clicks.v1", "recommendations.v1")]
        begin, before = self.deployment.ends(places), watching.read_all(self.ports)
        machine, busy, worker = conditions(), watching.busy(), watching.spent(self.pids)
        begun = time.monotonic()
        sent = self._load(rate, seconds)
        elapsed = time.monotonic() - begun
        used, all_used = watching.spent(self.pids), watching.busy()
        self._calm()
        after = watching.read_all(self.ports)
        told = {name: self._told(name, begin) for name in places}
        clicks, lists = told[places[0]], told[places[1]]
        answered = [(event, found) for event, found in zip(clicks, answers(clicks, lists), strict=True) if found]
        return Phase(
            rate=rate,
            seconds=seconds,
            sent=sent,
            click_to_list_ms=quantiles([found.appended - event.appended for event, found in answered]),
            scheduled_to_list_ms=quantiles([found.appended - event.at for event, found in answered]),
            unanswered=len(clicks) - len(answered),
            lists=len(lists),
            worker_cores=round((used.cpu - worker.cpu) / elapsed, 3),
            machine_cores=round((all_used - busy) / elapsed, 3),
            worker_mb=round(used.resident / 2**20, 1),
            worker=watching.between(before, after),
            counters={
                name: value - before.counters.get(name, 0.0)
                for name, value in after.counters.items()
                if value != before.counters.get(name, 0.0)
            },
            before=machine,
        )

    def _load(self, rate: float, seconds: float) -> Sent:
        self._seed += 1
        load = Load(
            bootstrap=self.bootstrap,
            prefix=self.deployment.settings.topic_prefix,
            partitions=PARTITIONS,
            rate=rate,
            seconds=seconds,
            seed=self._seed,
            items=self.items,
            shoppers=self.shoppers,
        )
        command = (sys.executable, "-m", "tests.bench.shop_load", msgspec.json.encode(load).decode())
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=seconds + 300)
        if done.returncode:
            message = f"the generator failed: {done.stderr[-2000:]}"
            raise click.ClickException(message)
        return msgspec.json.decode(done.stdout, type=Sent)

    def _calm(self) -> None:
        """Wait until all is done, within bounds: what is not done then was too much."""
        end = time.monotonic() + CALM_SECONDS
        while time.monotonic() < end and self.deployment.lag():
            time.sleep(0.5)

    def _told(self, topic: str, begin: dict[tuple[str, int], int]) -> list[Told]:
        """Read what came to *topic* since *begin*."""
        ends = {place: end for place, end in self.deployment.ends([topic]).items() if end > begin[place]}
        reader = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "bench", "enable.auto.commit": False})
        reader.assign([TopicPartition(*place, begin[place]) for place in ends])
        decode, found, left = msgspec.json.Decoder(_Event).decode, [], dict(ends)
        while left:
            for record in reader.consume(5_000, 10):
                place = str(record.topic()), int(record.partition() or 0)
                if int(record.offset() or 0) + 1 >= ends[place]:
                    left.pop(place, None)
                event = decode(record.value() or b"")
                found.append(Told(event.shopper, _milliseconds(event.at), record.timestamp()[1]))
        reader.close()
        return found

    def _deployment(self, **variables: str) -> Deployment:
        """Return the installation, as one of its workers sees it."""
        return Deployment(
            self.bootstrap,
            self.name,
            self.folder,
            VITRINE_PARTITIONS=str(PARTITIONS),
            VITRINE_SESSION_TIMEOUT="PT30S",
            **variables,
        )

    def _wait_ready(self, newest: subprocess.Popen[bytes]) -> None:
        """Wait until all workers are ready: the newest one takes partitions from the others."""
        end = time.monotonic() + START_SECONDS
        while not all(map(self._ready, self.ports)):
            if newest.poll() is not None or time.monotonic() > end:
                message = f"a worker is not ready: {self.deployment.log.read_text()[-2000:]}"
                raise click.ClickException(message)
            time.sleep(0.2)

    @staticmethod
    def _ready(port: int) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def _behind(self) -> float:
        """Return how many cards and scores are owed."""
        owed = 0.0
        for port in self.ports:
            text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
            owed += sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(_OWED))
        return owed

    def _stamp(self) -> None:
        """Let the broker write its own time into the records of both ends."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        resources = []
        for name in STAMPED:
            entry = ConfigEntry("message.timestamp.type", "LogAppendTime", incremental_operation=AlterConfigOpType.SET)
            full = self.deployment.settings.topic_prefix + name
            resources.append(ConfigResource(ConfigResource.Type.TOPIC, full, incremental_configs=[entry]))
        for changed in admin.incremental_alter_configs(resources).values():
            changed.result()


def _milliseconds(at: datetime) -> int:
    """Return a time in whole milliseconds, cut: an event's time has half of one more."""
    return int(at.timestamp()) * 1000 + at.microsecond // 1000
