"""`vitrine replay`: run an event log through the agents without a broker."""

import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from agents import topics
from agents.replay.difference import Difference, compare
from agents.replay.difference_text import told
from agents.replay.driver import Replayer
from agents.replay.identity import Entry
from agents.replay.log import created, encode
from agents.replay.sequence import Merged, check_places, merged
from agents.replay.terminal import (
    JSON,
    LOGS,
    PREFIX,
    UnusableError,
    explained,
    names,
    report,
    say,
    settings,
    tell,
    watched,
)
from agents.wiring import stages
from models.card import ModelError
from models.load import load

WRITABLE = [topic.name for topic in (*topics.LISTS, *topics.INTERNAL, *topics.DEAD_LETTERS)]
"""What a replay can put out."""


@click.command()
@LOGS
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Of the outputs; packed if it ends in .gz or .zst."
)
@click.option(
    "--topics",
    "chosen",
    multiple=True,
    metavar="TOPIC,...",
    help="Outputs to write; all if not given.  No list is made that nobody reads, so fewer are faster.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    help="Write the states at the end to this file; those of outcomes are there if outcomes.v1 is written.",
)
@click.option(
    "--partitions",
    type=click.IntRange(1, 1024),
    help="Of the topics that the log was recorded from; VITRINE_PARTITIONS if not given.",
)
@click.option(
    "--weights", metavar="FEATURE=N,...", help="What features count in a score; VITRINE_WEIGHTS if not given."
)
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Then compare with this earlier output, as `vitrine diff` does; exit code 1 if anything differs.",
)
@PREFIX
@JSON
def command(
    *,
    logs: tuple[Path, ...],
    out: Path,
    chosen: tuple[str, ...],
    state: Path | None,
    partitions: int | None,
    weights: str | None,
    against: Path | None,
    prefix: str | None,
    as_json: bool,
) -> None:
    """Run event logs through the agents without a broker: the same logs and models give the same bytes.

    A log has a record a line, as `kcat -J` and `vitrine record` write them.  Records are taken in the order of their
    events' times.  What the agents make themselves is left out of the log and made anew.

    \b
    Examples:
      vitrine replay clicks.jsonl.zst reviews.jsonl.gz --out lists.jsonl.gz --topics recommendations.v1,copy.v1
      vitrine replay shop.jsonl.zst --out new.jsonl.zst --weights category=1.2 --against old.jsonl.zst
    """  # noqa: D301  click's mark for lines that stay as they are
    given = settings(os.environ if weights is None else os.environ | {"VITRINE_WEIGHTS": weights})
    partitions = partitions or given.partitions
    wanted = _wanted(names(chosen))
    if against is not None and out.exists() and against.samefile(out):
        message = "--against and --out name the same file, which would be overwritten"
        raise click.UsageError(message)
    try:
        processors = stages(given, load(given.models_dir, provider=given.provider, callers=given.callers))
    except ModelError as error:
        raise UnusableError(str(error)) from error
    with explained(), ExitStack() as files:
        log = merged(watched(logs, "reading"), given.topic_prefix if prefix is None else prefix)
        check_places(log, partitions)
        write = files.enter_context(created(out)).write
        write_states = files.enter_context(created(state)).writelines if state else None
        replayer = Replayer(processors, partitions=partitions, emit=lambda record: write(encode(record)), wanted=wanted)
        seconds = _run(replayer, log)
        if write_states is not None:
            write_states(replayer.state_lines())
    result = _result(replayer, log, seconds)
    _hint(result, log)
    result |= {"out": str(out)}
    if against is None:
        report(result, as_json=as_json)
        return
    difference = _difference(against, out, log, names(chosen))
    if as_json:
        report(result | {"difference": difference.summary()}, as_json=True)
    else:
        report(result, as_json=False)
        tell(("", *told(difference, str(against), str(out))))
    sys.exit(int(not difference.equal))


def _wanted(chosen: Collection[str]) -> Collection[str]:
    unknown = [name for name in chosen if name not in WRITABLE]
    if unknown:
        message = f"--topics: no output is called {', '.join(unknown)}; there are: {', '.join(WRITABLE)}"
        raise click.UsageError(message)
    return chosen or WRITABLE


def _run(replayer: Replayer, log: Merged) -> float:
    """Feed the whole log; return the seconds that it took."""
    gc.collect()
    gc.freeze()
    started = time.perf_counter()
    for record in watched(log.records, "replaying", len(log.records)):
        replayer.feed(record)
    return time.perf_counter() - started


def _result(replayer: Replayer, log: Merged, seconds: float) -> dict[str, Any]:
    outcomes: dict[str, Counter[str]] = {}
    left_out: dict[str, Counter[str]] = {}
    for (name, topic, outcome), count in sorted(replayer.outcomes.items()):
        if name:
            outcomes.setdefault(name, Counter())[outcome] += count
        else:
            left_out.setdefault(outcome, Counter())[topic] += count
    return {
        "events": len(log.records),
        "repeated": log.repeated,
        "outcomes": outcomes,
        "left_out": left_out,
        "outputs": dict(sorted(replayer.outputs.items())),
        "seconds": round(seconds, 3),
        "events_per_second": round(len(log.records) / max(seconds, 1e-9)),
    }


def _difference(against: Path, out: Path, log: Merged, chosen: Collection[str]) -> Difference:
    """Compare what was written with an earlier output, on the *chosen* topics; the log knows titles."""
    difference = Difference()
    for record in log.records:
        difference.learn(Entry(record.topic, (), record.key, record.value))
    with explained():
        compare(against, out, difference, only=chosen)
    return difference


def _hint(result: Mapping[str, Any], log: Merged) -> None:
    """Say what looks like a mistake."""
    if not result["outcomes"]:
        found = ", ".join(sorted({record.topic for record in log.records})) or "no record at all"
        say(f"nothing was read by an agent; the log has: {found}.  Say --prefix if the names have one.")
    moved = sum(outcomes["rekeyed"] for outcomes in result["outcomes"].values())
    if moved * 2 > len(log.records):
        say(
            f"{moved:,} records stand in another partition than their key's: say --partitions with how many there were."
        )
