"""`vitrine record`: write what is on topics to an event log."""

import contextlib
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click
import msgspec.structs

from agents.replay.kafka import Recorder, Stretch
from agents.replay.log import LogRecord, created, encode
from agents.replay.terminal import BROKER, JSON, PREFIX, explained, names, report, say, settings, watched
from agents.topics import PRODUCED


@click.command()
@BROKER
@click.option("--topics", multiple=True, metavar="TOPIC,...", help="What a shop produces, if not given.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The log; packed if it ends in .gz or .zst."
)
@click.option("--until-end/--follow", default=True, help="Stop at what was there at the start (default), or go on.")
@PREFIX
@JSON
def command(
    *, broker: str | None, topics: tuple[str, ...], out: Path, until_end: bool, prefix: str | None, as_json: bool
) -> None:
    """Write what is on topics to an event log, from the first record on.

    Names are written without the prefix.  Each partition stands in its own order; `vitrine replay` and `vitrine produce`
    merge them.  Dead letters that were mended and replayed lie on the rekey topics, such as rekey.shoppers.v1: name these, too, if
    there are such.  Records of transactions that were aborted, or are not ended, are left out.

    \b
    Example:
      vitrine record --broker 127.0.0.1:9092 --topics clicks.v1,searches.v1 --out shop.jsonl.zst
    """  # noqa: D301  click's mark for lines that stay as they are
    given = settings(os.environ)
    prefix = given.topic_prefix if prefix is None else prefix
    wanted = names(topics) or [topic.name for topic in PRODUCED]
    counts: Counter[str] = Counter(dict.fromkeys(wanted, 0))
    started = time.monotonic()
    with (
        explained(),
        contextlib.closing(Recorder(broker or given.broker, [prefix + name for name in wanted])) as recorder,
    ):
        _say_what_is_gone(recorder.stretches)
        total = sum(it.end - it.low for it in recorder.stretches) if until_end else None
        with created(out) as file, _stopping(recorder):
            for record in watched(_records(recorder, file, follow=not until_end), "recording", total):
                named = msgspec.structs.replace(record, topic=record.topic.removeprefix(prefix))
                file.write(encode(named))
                counts[named.topic] += 1
    seconds = time.monotonic() - started
    report(
        {"records": counts.total(), "topics": dict(counts), "seconds": round(seconds, 3), "out": str(out)},
        as_json=as_json,
    )
    if recorder.stopped and until_end:
        say("stopped before the end: the log is not whole")
        sys.exit(1)


def _say_what_is_gone(stretches: list[Stretch]) -> None:
    gone = Counter({it.topic: 0 for it in stretches})
    for it in stretches:
        gone[it.topic] += it.low
    for topic, count in (+gone).items():
        say(f"{topic}: {count:,} older records are no longer on the broker")


def _records(recorder: Recorder, file: IO[bytes], *, follow: bool) -> Iterator[LogRecord]:
    """Yield the records; with *follow*, let those who read the log meanwhile see each batch."""
    for batch in recorder.batches(follow=follow):
        yield from batch
        if follow and batch:
            file.flush()


@contextlib.contextmanager
def _stopping(recorder: Recorder) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the reading between two records, so that the log is closed as it should be."""
    before = {number: signal.signal(number, lambda *_: recorder.stop()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
