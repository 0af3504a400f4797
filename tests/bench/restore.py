"""`bench restore`: a worker with an empty disk and a changelog of a million profiles."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import msgspec

from agents.engine import topics
from agents.topics import CLICKS
from tests.bench.machine import ROOT, broker, conditions, facts, say, write
from tests.bench.profiles import PARTITIONS, fill_clicks, fill_states, stored
from tests.bench.profiles_worker import Profiles, Restored
from tests.bench.workload import MARK

LIMIT = 300
"""Seconds for one restore."""
CLICKS_WAITING = 1_600
"""Events that wait for the states."""
KINDS = ("realistic", "small")


@click.command()
@click.option("--records", type=click.IntRange(PARTITIONS), default=1_000_000, show_default=True, help="Profiles.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Restores of each kind.")
@click.option("--only", type=click.Choice(KINDS), help="Profiles as they come to be, or of one click each.")
@click.option("--broker", "given", metavar="HOST:PORT", help="A Kafka to use; one of our own if not given.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Gets the result as JSON.")
def command(*, records: int, rounds: int, only: str | None, given: str | None, report: Path | None) -> None:
    """Measure how long an empty disk keeps a worker from its states.

    One worker, 16 partitions, a changelog with one record a profile; 1,600 clicks wait to be folded.

    \b
    Example:
      make bench ARGS="restore --records 1000000 --report restore.json"
    """
    result: dict[str, object] = {"machine": facts(), "records": records}
    with broker(given) as bootstrap:
        prepared = {kind: prepare(bootstrap, kind, records) for kind in KINDS if only in {None, kind}}
        runs: dict[str, list[dict[str, Any]]] = {kind: [] for kind in prepared}
        for number in range(rounds):
            for kind, (app_id, prefix, size) in prepared.items():
                before = conditions()
                found = run(bootstrap, app_id, prefix, records)
                runs[kind].append(figures(found, size) | {"before": before})
                say(f"{number} {kind}: {runs[kind][-1]}")
                write(report, result | {"runs": runs})
    for kind, its in runs.items():
        result[kind] = {
            name: sorted(float(it[name]) for it in its)[len(its) // 2] for name in its[0] if name != "before"
        }
    result["runs"] = runs
    write(report, result)
    click.echo(msgspec.json.format(msgspec.json.encode(result)))


def figures(found: Restored, size: int) -> dict[str, Any]:
    """Return what one restore of *size* bytes shows."""
    return {
        "records_per_second": round(found.records / found.seconds),
        "mb_per_second": round(size / found.seconds / 1e6, 1),
        "cpu_us_per_record": round(found.cpu_seconds / found.records * 1e6, 2),
        "seconds": round(found.seconds, 3),
        "first_open_seconds": round(found.first_open_seconds, 3),
        "folded_before_last_open": found.folded_before,
        "longest_turn_ms": round(found.longest_turn_ms, 1),
    }


def prepare(bootstrap: str, kind: str, records: int) -> tuple[str, str, int]:
    """Fill a changelog and a topic; return application, prefix of its topics, and bytes of the changelog."""
    app_id = f"{kind}-{time.time_ns()}"
    prefix, stages = f"{app_id}.", [Profiles()]
    needed = topics.needed(topics.used_by(stages), [Profiles.name], prefix=prefix, app_id=app_id, partitions=PARTITIONS)
    topics.create(bootstrap, needed)
    begun = time.monotonic()
    size = fill_states(bootstrap, topics.changelog(app_id, Profiles.name), records, stored(small=kind == "small"))
    fill_clicks(bootstrap, prefix + CLICKS.name, iter(range(min(records, CLICKS_WAITING))))
    say(f"{kind}: {size / records:.0f} bytes a profile, filled in {time.monotonic() - begun:.0f} s")
    return app_id, prefix, size


def run(bootstrap: str, app_id: str, prefix: str, records: int) -> Restored:
    """Let a worker with an empty disk restore, and kill it: its group has committed nothing that matters."""
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as data:
        process = start(bootstrap, app_id, prefix, Path(data))
        try:
            found = await_restored(process)
        finally:
            process.kill()
            process.wait()
    if found.records < records:
        message = f"only {found.records:,} of {records:,} records were restored"
        raise click.ClickException(message)
    return found


def start(bootstrap: str, app_id: str, prefix: str, data: Path, commit: str = "PT1H") -> subprocess.Popen[str]:
    """Start a worker; with the default nothing is committed, and each round begins with the same log."""
    command = (
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "tests.bench.profiles_worker",
        bootstrap,
        app_id,
        prefix,
        str(data),
    )
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "VITRINE_COMMIT_INTERVAL": commit}
    )


def await_restored(process: subprocess.Popen[str]) -> Restored:
    """Return what a worker tells when its states are here."""
    assert process.stdout is not None
    for line in process.stdout:
        if not line.startswith(MARK) and "error" in line.lower():
            say(line)
        if line.startswith(MARK):
            return msgspec.json.decode(line.removeprefix(MARK), type=Restored)
    message = f"the worker ended with code {process.wait()}"
    raise click.ClickException(message)
