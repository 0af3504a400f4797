"""`bench engine` and `bench peers`: the same clicks through our engine and through everything it can be compared with."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from tests.bench.contenders import Contender, own
from tests.bench.machine import broker, facts, say, write
from tests.bench.peers import peers
from tests.bench.running import Source, told
from tests.bench.running import run as run_once
from tests.bench.summary import Run, summary
from tests.bench.workload import TOPIC, fill

_options = [
    click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Runs of each, in rotation."),
    click.option(
        "--events", type=click.IntRange(1_000), default=400_000, show_default=True, help="That the topic holds."
    ),
    click.option(
        "--slow-events",
        type=click.IntRange(100),
        default=40_000,
        show_default=True,
        help="For what handles each event by itself (stock Faust, FastStream).",
    ),
    click.option("--paced", type=click.IntRange(1), metavar="RATE", help="Once more with so many events a second."),
    click.option(
        "--paced-events", type=click.IntRange(1_000), default=200_000, show_default=True, help="Of a paced run."
    ),
    click.option("--only", multiple=True, help="Name of a contender; may be repeated."),
    click.option("--broker", "given", metavar="HOST:PORT", help="A Kafka to use; one of our own if not given."),
    click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Gets the result as JSON."),
]


def options(function: Callable[..., None]) -> Callable[..., None]:
    """Give both commands the same options."""
    for option in reversed(_options):
        function = option(function)
    return function


@click.command()
@options
def engine(**chosen: object) -> None:
    """Measure engines on a real Kafka: ours, the bare client, stock Faust, and the peers that can be had.

    400,000 clicks of 186 bytes by 50,000 users in 16 partitions; each user's state is count, last time, last 20 items
    and counts of categories; a commit each second.  First as a backlog, then, with --paced, at an even pace.

    \b
    Example:
      make bench ARGS="engine --rounds 9 --paced 20000 --report bench.json"
    """
    ours, lacking = own()
    _measure(ours, lacking, **chosen)  # type: ignore[arg-type]


@click.command("peers")
@options
def peers_command(**chosen: object) -> None:
    """Measure our engine beside other people's stream processors, on the same broker and topic.

    \b
    Example:
      make bench ARGS="peers --rounds 3 --report bench-peers.json"
    """
    ours = [it for it in own()[0] if it.name == "vitrine"]
    _measure(ours, {}, **chosen)  # type: ignore[arg-type]


def _measure(
    ours: list[Contender],
    lacking: dict[str, str],
    *,
    rounds: int,
    events: int,
    slow_events: int,
    paced: int | None,
    paced_events: int,
    only: tuple[str, ...],
    given: str | None,
    report: Path | None,
) -> None:
    theirs, absent = peers(only)
    contenders, missing = [*ours, *theirs], lacking | absent
    unknown = set(only) - {it.name for it in contenders} - set(missing)
    if unknown:
        names = ", ".join(it.name for it in [*ours, *peers(())[0]])
        message = f"--only {min(unknown)}: there is {names}"
        raise click.UsageError(message)
    for name, why in missing.items():
        say(f"{name} is not measured: {why}")
    chosen = [it for it in contenders if not only or it.name in only]
    runs: list[Run] = []
    begun = facts()

    def known() -> dict[str, object]:
        return {"machine": begun, "events": events, "missing": missing, **summary(runs)}

    with broker(given) as bootstrap:
        topic = f"bench-{time.time_ns()}.{TOPIC}" if given else TOPIC
        say(f"filling {topic} with {events:,} clicks ...")
        fill(bootstrap, topic, events)
        for number in range(rounds):
            for rate in (0, paced) if paced else (0,):
                for contender in _rotated(chosen, number):
                    if rate and contender.ends_with_topic:
                        continue
                    total = min(slow_events, events) if contender.slow else paced_events if rate else events
                    made = run_once(contender, number, Source(bootstrap, topic, total, rate or 0))
                    runs.append(made)
                    say(told(made))
                    write(report, known())
    click.echo(msgspec.json.format(msgspec.json.encode(known())))
    if any(run.error for run in runs if run.engine == "vitrine"):
        sys.exit(1)


def _rotated(contenders: list[Contender], number: int) -> list[Contender]:
    first = number % max(1, len(contenders))
    return contenders[first:] + contenders[:first]
