"""`bench engine`: events per second of our engine, of the reference engine and of Faust as it comes, side by side."""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from tests.bench.verify import events_in, json_field, state_field
from tests.bench.workload import MARK, PARTITIONS, Result, fill
from tests.kafka_broker import Kafka, create_topics

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT.parent / "shared" / "reference" / "engine2"
LIMIT = 180
"""Seconds for one run."""


class Engine(NamedTuple):
    """What can be measured: the module that runs it in a process of its own, with what arguments more."""

    name: str
    module: str
    events: int
    counted: Callable[[bytes], int]
    """How many events a value of its changelog stands for."""
    more: tuple[str, ...] = ()


def engines(events: int, stock_events: int) -> list[Engine]:
    """Return what can be measured here; the reference lies beside the project, or not."""
    found = [Engine("vitrine", "tests.bench.vitrine_engine", events, state_field(3))]
    if REFERENCE.exists():
        found.append(Engine("reference", "tests.bench.reference_engine", events, state_field(1), (str(REFERENCE),)))
    else:
        click.echo(f"no reference engine: {REFERENCE} is not there", err=True)
    return [*found, Engine("stock_faust_table", "tests.bench.stock_faust", stock_events, json_field)]


@click.command()
@click.option(
    "--rounds", type=click.IntRange(1), default=3, show_default=True, help="Runs of each engine, in rotation."
)
@click.option("--events", type=click.IntRange(1), default=400_000, show_default=True, help="That the topic holds.")
@click.option(
    "--stock-events", type=click.IntRange(1), default=40_000, show_default=True, help="For Faust as it comes."
)
@click.option("--only", multiple=True, help="Name of an engine; may be repeated.")
@click.option("--broker", metavar="HOST:PORT", help="A Kafka without a topic clicks.v1; one of our own if not given.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Gets the result as JSON.")
def command(
    *, rounds: int, events: int, stock_events: int, only: tuple[str, ...], broker: str | None, report: Path | None
) -> None:
    """Measure engines on a real Kafka.

    400,000 clicks of 186 bytes by 50,000 users in 16 partitions; each user's state is count, last time, last 20 items
    and counts of categories; a commit each second.

    \b
    Example:
      make bench ARGS="engine --report bench.json"
    """
    chosen = [engine for engine in engines(events, stock_events) if not only or engine.name in only]
    with _kafka(broker) as bootstrap:
        fill(bootstrap, events)
        runs = [_run(engine, bootstrap, number) for number in range(rounds) for engine in _rotated(chosen, number)]
    result = msgspec.json.format(msgspec.json.encode(summary(runs)))
    click.echo(result)
    if report:
        report.write_bytes(result + b"\n")


def summary(runs: list[Result]) -> dict[str, object]:
    """Return the medians of each engine, and all runs."""
    names = list(dict.fromkeys(run.engine for run in runs))
    rates = {name: _median(runs, name, lambda run: run.events_per_second) for name in names}
    both = "vitrine" in rates and "reference" in rates
    return {
        **{f"{name}_events_per_second": round(rate) for name, rate in rates.items()},
        "cpu_us_per_event": {name: round(_median(runs, name, lambda run: run.cpu_us_per_event), 2) for name in names},
        "ratio_to_reference": round(rates["vitrine"] / rates["reference"], 3) if both else None,
        "runs": runs,
    }


def _median(runs: list[Result], name: str, figure: Callable[[Result], float]) -> float:
    return statistics.median(figure(run) for run in runs if run.engine == name)


def _rotated(engines: list[Engine], number: int) -> list[Engine]:
    first = number % max(1, len(engines))
    return engines[first:] + engines[:first]


@contextmanager
def _kafka(broker: str | None) -> Iterator[str]:
    if broker:
        yield broker
        return
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder, Kafka(Path(folder)) as kafka:
        yield kafka.bootstrap


def _run(engine: Engine, bootstrap: str, number: int) -> Result:
    app = f"{engine.name.replace('_', '-')}-{number}"
    changelog = f"{app}-profiles-changelog"
    if engine.name == "reference":
        create_topics(bootstrap, {changelog: PARTITIONS}, {"cleanup.policy": "compact"})
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as data:
        command = (sys.executable, "-W", "ignore", "-m", engine.module, bootstrap, app, str(engine.events), data)
        done = subprocess.run(
            (*command, *engine.more), check=False, capture_output=True, text=True, timeout=LIMIT, cwd=ROOT
        )
    lines = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if not lines:
        message = f"{engine.name} gave no result: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        raise click.ClickException(message)
    result = msgspec.json.decode(lines[-1].removeprefix(MARK), type=Result)
    result.engine = engine.name
    folded = events_in(bootstrap, changelog, engine.counted)
    if folded != engine.events:
        message = f"{engine.name}: its states hold {folded:,} events of {engine.events:,}"
        raise click.ClickException(message)
    rate, cpu = result.events_per_second, result.cpu_us_per_event
    click.echo(f"{number} {engine.name}: {rate:,.0f} events/s, {cpu:.2f} us CPU/event, states are right", err=True)
    return result
