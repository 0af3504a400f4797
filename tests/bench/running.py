"""One run of one contender: start it, feed it, look into its changelog."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import msgspec
from confluent_kafka.admin import AdminClient

from tests.bench.contenders import Contender, Order
from tests.bench.machine import ROOT, conditions, execute
from tests.bench.summary import Run
from tests.bench.verify import held
from tests.bench.workload import MARK, PARTITIONS, TOPIC, Measured
from tests.kafka_broker import create_topics

LIMIT = 240
"""Seconds for one run."""
TAIL = 1_500
"""Characters of the output of a failed run that are repeated."""


class Source(NamedTuple):
    """Where the events of a run come from."""

    bootstrap: str
    topic: str
    """Holds a backlog."""
    events: int
    rate: int
    """Events a second, into a topic of their own; 0: the backlog."""


def run(contender: Contender, number: int, source: Source) -> Run:
    """Make one run; what goes wrong is told in it, so that the others can still be made."""
    bootstrap, topic, events, rate = source
    run = Run(contender.name, number, events, rate, contender.peer, before=conditions())
    app = f"{contender.name.replace('_', '-')}-{time.time_ns()}"
    topics = _topics(bootstrap)
    if not contender.creates_changelog:
        create_topics(bootstrap, {f"{app}-profiles-changelog": PARTITIONS}, {"cleanup.policy": "compact"})
    pacer = None
    if rate:
        topic = f"paced-{time.time_ns()}.{TOPIC}"
        create_topics(bootstrap, {topic: PARTITIONS})
        pacer = _pacer(bootstrap, topic, events, rate)
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as data:
        command = contender.command(Order(bootstrap, app, topic, events, Path(data)))
        ended = execute(command, LIMIT)
    if pacer is not None:
        said = pacer.communicate(timeout=60)[0] if pacer.poll() is not None else _killed(pacer)
        run.input = said.strip().rpartition("\n")[2]
    run.peak_mb, run.process_cpu_seconds = round(ended.peak_mb, 1), round(ended.cpu_seconds, 3)
    lines = [line for line in ended.output.splitlines() if line.startswith(MARK)]
    if lines:
        measured = msgspec.json.decode(lines[-1].removeprefix(MARK), type=Measured)
        run.seconds, run.events_per_second = round(measured.wall, 4), round(measured.n / measured.wall)
        run.cpu_us_per_event = round(measured.cpu_us, 3)
        run.error = _wrong(contender, run, bootstrap, topics)
    else:
        why = f"ended with code {ended.code}" if ended.code >= 0 else f"killed by signal {-ended.code}"
        run.error = f"gave no result, {why}: {ended.output[-TAIL:]}"
    return run


def _wrong(contender: Contender, run: Run, bootstrap: str, before: set[str]) -> str:
    """Look into the changelog that came with this run; return what is wrong with it."""
    if contender.counted is None:
        return ""
    found = [it for it in _topics(bootstrap) - before if "changelog" in it]
    if len(found) != 1:
        return f"one changelog expected, found: {sorted(found)}"
    holds = held(bootstrap, found[0], contender.counted)
    run.changelog_records_per_event = round(holds.records / run.events, 4)
    run.verified = holds.events == run.events
    return "" if run.verified else f"its states hold {holds.events:,} events of {run.events:,}"


def _topics(bootstrap: str) -> set[str]:
    return set(AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(timeout=30).topics)


def _pacer(bootstrap: str, topic: str, events: int, rate: int) -> "subprocess.Popen[str]":
    command = (sys.executable, "-m", "tests.bench.pace", bootstrap, topic, str(events), str(rate))
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)


def _killed(process: "subprocess.Popen[str]") -> str:
    try:
        return process.communicate(timeout=5)[0]  # its last acks may be on the way
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0]


def told(run: Run) -> str:
    """Return *run* in a line."""
    how = f"at {run.rate:,}/s" if run.rate else "backlog"
    if run.error:
        return f"{run.round} {run.engine}, {how}: {run.error}"
    states = f", states are right, {run.changelog_records_per_event} records/event" if run.verified else ""
    figures = f"{run.events_per_second:,} events/s, {run.cpu_us_per_event:.2f} us CPU/event{states}"
    return f"{run.round} {run.engine}, {how}: {figures} (load {run.before.load}, loop {run.before.loop_ms} ms)"
