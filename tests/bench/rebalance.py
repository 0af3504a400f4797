"""`bench rebalance`: what three workers on a real Kafka pause when one comes, goes, dies or freezes."""

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from tests.fleet import Fleet, Member
from tests.kafka_broker import Kafka
from tests.witness import flowing, gaps

SCENARIOS = ("add", "term", "rolling", "kill", "crash", "freeze")
CALM = 3.0
"""Seconds of steady flow before something happens."""
FROZEN = 15.0
"""Seconds that a frozen worker stands still: longer than the session timeout."""


class Variant(NamedTuple):
    """How the workers are set up."""

    static: bool
    warm: int

    @property
    def name(self) -> str:
        """Return what the report calls it."""
        return f"{'static' if self.static else 'dynamic'}{f'+{self.warm} warm' if self.warm else ''}"


class Outcome(msgspec.Struct, kw_only=True):
    """One scenario of one variant; seconds."""

    scenario: str
    variant: str
    stayed: float
    """The longest pause of a partition that stayed on a worker that nobody touched."""
    moved: float
    """The longest pause of a partition that another worker got, or whose worker was touched."""
    moved_partitions: int
    takeover: float | None
    """From the kill to the last partition's first output by its new owner."""
    repeated: int
    """Facts that were put out more than once: events that were read again after they had been folded."""
    rebalances: float
    """Assignments that a worker received which nobody touched, at most."""
    lost: int | None
    """Events that led to no fact; unknown of the real worker, which does not make one of each."""


@click.command()
@click.option(
    "--only", multiple=True, type=click.Choice(SCENARIOS), help="Scenario; may be repeated; all if not given."
)
@click.option("--static", "statics", multiple=True, type=bool, default=(False, True), help="With instance ids or not.")
@click.option("--warm", "warms", multiple=True, type=int, default=(0, 1), help="Warm copies of each partition.")
@click.option("--rounds", type=click.IntRange(1), default=1, show_default=True, help="Runs of each, in rotation.")
@click.option("--rate", type=click.IntRange(1), default=800, show_default=True, help="Events a second.")
@click.option("--shoppers", type=click.IntRange(1), default=20_000, show_default=True, help="States that there are.")
@click.option("--partitions", type=click.IntRange(1), default=16, show_default=True, help="Of each topic.")
@click.option("--real", is_flag=True, help="The worker with its models, not the one of the engine's tests.")
@click.option("--log", type=click.Path(path_type=Path), help="Gets what the workers say.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Gets the result as JSON.")
def command(
    *,
    only: tuple[str, ...],
    statics: tuple[bool, ...],
    warms: tuple[int, ...],
    rounds: int,
    rate: int,
    shoppers: int,
    partitions: int,
    real: bool,
    log: Path | None,
    report: Path | None,
) -> None:
    """Measure rebalances: a worker is added, told to stop, killed, killed and started again, or frozen; or all are
    restarted in turn.

    The session timeout is the default.  A pause is the time between two outputs of a partition.

    \b
    Example:
      python -m tests.bench rebalance --only kill --report rebalance.json
    """
    variants = [Variant(static, warm) for static in statics for warm in warms]
    runs: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder, Kafka(Path(folder) / "kafka") as kafka:
        for number in range(rounds):
            for scenario in only or SCENARIOS:
                for variant in variants:
                    home = Path(folder) / f"{scenario}-{variant.static:d}{variant.warm}-{number}"
                    fleet = Fleet(
                        kafka.bootstrap,
                        home,
                        partitions=partitions,
                        real=real,
                        log=log,
                        static=variant.static,
                        warm=variant.warm,
                    )
                    with fleet:
                        outcome = _run(fleet, scenario, variant, rate, shoppers)
                    runs.append(outcome)
                    click.echo(msgspec.json.encode(outcome).decode(), err=True)
    result = msgspec.json.format(msgspec.json.encode(summary(runs)))
    click.echo(result)
    if report:
        report.write_bytes(result + b"\n")


def summary(runs: Sequence[Outcome]) -> dict[str, object]:
    """Return the medians of each scenario and variant, and all runs."""
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    for run in runs:
        same = [it for it in runs if (it.scenario, it.variant) == (run.scenario, run.variant)]
        takeovers = [it.takeover for it in same if it.takeover is not None]
        found.setdefault(run.scenario, {})[run.variant] = {
            "stayed": round(statistics.median(it.stayed for it in same), 2),
            "moved": round(statistics.median(it.moved for it in same), 2),
            "takeover": round(statistics.median(takeovers), 2) if takeovers else None,
            "repeated": statistics.median(it.repeated for it in same),
            "rebalances": statistics.median(it.rebalances for it in same),
        }
    return {"medians": found, "runs": runs}


class Step(NamedTuple):
    """One thing that happened to one worker, and how things were before and after."""

    touched: str
    begun: float
    ended: float
    before: dict[int, str]
    after: dict[int, str]
    rebalances: float
    """Assignments that another worker received meanwhile, at most."""


def _run(fleet: Fleet, scenario: str, variant: Variant, rate: int, shoppers: int) -> Outcome:
    members = [fleet.start() for _ in range(3)]
    fleet.fill(shoppers)
    fleet.settle()
    with flowing(fleet, rate, shoppers) as witness:
        time.sleep(CALM)
        touched = members if scenario == "rolling" else members[:1]
        steps = [_step(fleet, scenario, member) for member in touched]
    stayed, moved, takeovers = [0.0], [0.0], [0.0]
    for step in steps:
        for partition, owner in step.before.items():
            pause, over = gaps(witness.times[partition], step.begun - 1, step.ended)
            kept = owner == step.after[partition] != step.touched
            (stayed if kept else moved).append(pause)
            if owner == step.touched:
                takeovers.append(over - step.begun)
    return Outcome(
        scenario=scenario,
        variant=variant.name,
        stayed=max(stayed),
        moved=max(moved),
        moved_partitions=len(moved) - 1,
        takeover=max(takeovers) if scenario == "kill" else None,
        repeated=witness.repeated,
        rebalances=max(step.rebalances for step in steps),
        lost=None if fleet.real else witness.lost(fleet.sent),
    )


def _step(fleet: Fleet, scenario: str, member: Member) -> Step:
    others = [it for it in fleet.alive() if it.name != member.name]
    before, counted = fleet.owners(), [fleet.rebalances(it) for it in others]
    begun = time.time()
    _happen(fleet, scenario, member)
    fleet.settle()
    time.sleep(CALM)
    seen = [fleet.rebalances(it) - count for it, count in zip(others, counted, strict=True)]
    touched = "" if scenario == "add" else member.name
    return Step(touched, begun, time.time(), before, fleet.owners(), max(seen))


def _happen(fleet: Fleet, scenario: str, member: Member) -> None:
    if scenario == "add":
        fleet.wait_ready(fleet.start())
    elif scenario == "term":
        fleet.stop(member)
        fleet.wait_gone(member)
    elif scenario == "kill":
        member.process.kill()
        member.process.wait()
        fleet.wait_gone(member)
    elif scenario == "freeze":
        fleet.freeze(member)
        time.sleep(FROZEN)
        fleet.thaw(member)
        time.sleep(CALM)
    elif scenario == "crash":
        member.process.kill()
        member.process.wait()
        fleet.wait_ready(fleet.start(member.name))
    else:
        fleet.stop(member)
        fleet.wait_ready(fleet.start(member.name))
