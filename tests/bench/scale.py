"""`bench scale`: what 1, 2 and 4 workers of one group fold for a CPU second, and how they share the work."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # theirs to export

from agents.engine import topics
from tests.bench import watching
from tests.bench.machine import ROOT, Conditions, broker, conditions, facts, say, write
from tests.bench.verify import held, state_field
from tests.bench.vitrine_engine import Profiles
from tests.bench.workload import TOPIC, clicks, flush, producer

PARTITIONS = 32
WORKERS = (1, 2, 4)
PATIENCE = 180.0
SETTLE = 3.0
"""Seconds between the last assignment and the first event: states are opened meanwhile."""
_STARTING = {KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR}
"""What a broker says of groups when it has just started."""


class Run(msgspec.Struct, kw_only=True):
    """One run of some workers."""

    workers: int
    round: int
    events: int
    seconds: float
    """From the first event to the last commit."""
    events_per_second: int
    events_per_cpu_second: int
    """CPU time of all workers together."""
    cpu_seconds: list[float]
    """Of each worker."""
    events_of: list[int]
    """Of each worker: what the partitions that it had hold."""
    changelog_records_per_event: float
    before: Conditions


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Runs of each, in rotation.")
@click.option("--events", type=click.IntRange(1_000), default=1_000_000, show_default=True, help="Of a run.")
@click.option("--workers", type=click.IntRange(1), multiple=True, default=WORKERS, show_default=True, help="Repeat it.")
@click.option("--broker", "given", metavar="HOST:PORT", help="A Kafka to use; one of our own if not given.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Gets the result as JSON.")
def command(*, rounds: int, events: int, workers: tuple[int, ...], given: str | None, report: Path | None) -> None:
    """Measure what more workers bring, in CPU time: on one machine they share its cores.

    The workload of `engine` in 32 partitions, produced as fast as it goes when all workers are ready.

    \b
    Example:
      make bench ARGS="scale --report bench-scale.json"
    """
    runs: list[Run] = []
    begun = facts()
    with broker(given) as bootstrap:
        for number in range(rounds):
            first = number % len(workers)
            for count in workers[first:] + workers[:first]:
                run = _run(bootstrap, count, number, events)
                runs.append(run)
                say(
                    f"{number} {count} workers: {run.events_per_cpu_second:,} events per CPU second, "
                    f"{run.events_per_second:,} events/s, shares {run.events_of}, CPU {run.cpu_seconds}"
                )
                write(report, {"machine": begun, **summary(runs)})
    click.echo(msgspec.json.format(msgspec.json.encode({"machine": begun, **summary(runs)})))


def summary(runs: Sequence[Run]) -> dict[str, object]:
    """Return medians, and the median over all rounds of each number of workers' figure by one worker's of that round."""
    alone = {run.round: run for run in runs if run.workers == 1}
    found: dict[str, object] = {}
    for count in sorted({run.workers for run in runs}):
        its = [run for run in runs if run.workers == count]
        ratios = [
            run.events_per_cpu_second / alone[run.round].events_per_cpu_second for run in its if run.round in alone
        ]
        found[str(count)] = {
            "events_per_cpu_second": round(statistics.median(run.events_per_cpu_second for run in its)),
            "events_per_second": round(statistics.median(run.events_per_second for run in its)),
            "ratio_to_one_worker": round(statistics.median(ratios), 3) if ratios else None,
            "smallest_share": round(min(min(run.events_of) * count / run.events for run in its), 3),
            "largest_share": round(max(max(run.events_of) * count / run.events for run in its), 3),
            "changelog_records_per_event": round(statistics.median(it.changelog_records_per_event for it in its), 3),
        }
    return {"workers": found, "runs": list(runs)}


def _run(bootstrap: str, count: int, number: int, events: int) -> Run:
    name = f"scale-{time.time_ns()}"
    topic = f"{name}.{TOPIC}"
    stages = [Profiles()]
    needed = topics.needed(
        topics.used_by(stages), [Profiles.name], prefix=f"{name}.", app_id=name, partitions=PARTITIONS
    )
    topics.create(bootstrap, needed)
    records = list(clicks(events))
    before = conditions()
    with (
        tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder,
        _workers(bootstrap, name, topic, count, Path(folder)) as processes,
    ):
        shares = _wait_for(bootstrap, name, topic, processes)
        time.sleep(SETTLE)
        spent, begun = [watching.spent([it.pid]).cpu for it in processes], time.monotonic()
        out = producer(bootstrap, linger_ms=50, most=events)
        for key, value in records:
            out.produce(topic, value, key=key)
        flush(out)
        end = time.monotonic() + PATIENCE
        while _committed(bootstrap, name, topic) < events:
            _alive(processes)
            if time.monotonic() > end:
                message = f"{count} workers did not commit {events:,} events in {PATIENCE:.0f} s"
                raise click.ClickException(message)
            time.sleep(0.05)
        seconds = time.monotonic() - begun
        used = [watching.spent([it.pid]).cpu - was for it, was in zip(processes, spent, strict=True)]
        if _shares(bootstrap, name, topic) != shares:
            message = "the group was shared out anew in the middle of a run"
            raise click.ClickException(message)
        sizes = _sizes(bootstrap, topic)
    holds = held(bootstrap, topics.changelog(name, Profiles.name), state_field(3))
    if holds.events != events:
        message = f"the states hold {holds.events:,} events of {events:,}"
        raise click.ClickException(message)
    return Run(
        workers=count,
        round=number,
        events=events,
        seconds=round(seconds, 3),
        events_per_second=round(events / seconds),
        events_per_cpu_second=round(events / sum(used)),
        cpu_seconds=[round(it, 2) for it in used],
        events_of=[sum(sizes[partition] for partition in its) for its in shares],
        changelog_records_per_event=round(holds.records / events, 4),
        before=before,
    )


@contextmanager
def _workers(
    bootstrap: str, name: str, topic: str, count: int, folder: Path
) -> Iterator[list["subprocess.Popen[bytes]"]]:
    processes = []
    try:
        for number in range(count):
            # more events than there are: it goes on until it is told to stop
            numbers = (str(sys.maxsize), str(folder / str(number)), str(PARTITIONS))
            command = (sys.executable, "-W", "ignore", "-m", "tests.bench.vitrine_engine", bootstrap, name, topic)
            log = (folder / f"{number}.log").open("wb")
            processes.append(subprocess.Popen((*command, *numbers), stdout=log, stderr=log, cwd=ROOT))
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _wait_for(
    bootstrap: str, name: str, topic: str, processes: Sequence["subprocess.Popen[bytes]"]
) -> list[tuple[int, ...]]:
    """Return the partitions of each worker when all have some, and all are shared out."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        _alive(processes)
        shares = _shares(bootstrap, name, topic)
        if len(shares) == len(processes) and sum(map(len, shares)) == PARTITIONS:
            return shares
        time.sleep(0.3)
    message = f"{len(processes)} workers did not share {PARTITIONS} partitions out in {PATIENCE:.0f} s: {shares}"
    raise click.ClickException(message)


def _shares(bootstrap: str, name: str, topic: str) -> list[tuple[int, ...]]:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        found = admin.describe_consumer_groups([name])[name].result()
    except KafkaException as error:
        if error.args[0].code() not in _STARTING:
            raise
        return []
    shares = [
        tuple(sorted(it.partition for it in member.assignment.topic_partitions if it.topic == topic))
        for member in found.members
        if member.assignment
    ]
    return sorted(share for share in shares if share)


def _committed(bootstrap: str, name: str, topic: str) -> int:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(name)])
    found = asked[name].result().topic_partitions or []
    return sum(max(0, it.offset) for it in found if it.topic == topic)


def _sizes(bootstrap: str, topic: str) -> dict[int, int]:
    """Return how many records each partition holds."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    latest: Any = OffsetSpec
    places = {TopicPartition(topic, number): latest.latest() for number in range(PARTITIONS)}
    return {place.partition: it.result().offset for place, it in admin.list_offsets(places).items()}


def _alive(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    for process in processes:
        if process.poll() is not None:
            message = f"a worker ended with code {process.returncode}"
            raise click.ClickException(message)
