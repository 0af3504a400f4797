"""`vitrine produce`: send an event log to a broker."""

import os
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click

from agents.intake import partition_of
from agents.replay.kafka import Outgoing, Sender
from agents.replay.log import Headers, LogRecord
from agents.replay.sequence import merged
from agents.replay.terminal import (
    BROKER,
    JSON,
    LOGS,
    PREFIX,
    UnusableError,
    explained,
    names,
    report,
    say,
    settings,
    watched,
)
from agents.topics import PRODUCED

REPLAY_ID = "replay_id"
"""Header that tells the records of one sending from those of another."""


@click.command()
@LOGS
@BROKER
@click.option(
    "--topics", multiple=True, metavar="TOPIC,...", help="Records to send; those of a shop's own topics if not given."
)
@click.option("--map", "renamed", multiple=True, metavar="FROM=TO", help="Send what is on FROM in the log to TO.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Records a second.")
@click.option("--as-fast", is_flag=True, help="As fast as it goes; the default.")
@click.option(
    "--keep-timestamps",
    is_flag=True,
    help="Write the log's timestamps, not the present: retention may delete old ones at once.",
)
@click.option("--keep-partitions", is_flag=True, help="Write to the log's partitions, not to those of the keys.")
@PREFIX
@click.option("--dry-run", is_flag=True, help="Only say what would be sent; needs no broker.")
@JSON
def command(
    *,
    logs: tuple[Path, ...],
    broker: str | None,
    topics: tuple[str, ...],
    renamed: tuple[str, ...],
    rate: float | None,
    as_fast: bool,
    keep_timestamps: bool,
    keep_partitions: bool,
    prefix: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send event logs to a broker, in the order of their events' times.

    Keys, values and headers stay as they are; a header `replay_id` is added.  The partition is that of the key (murmur2, as
    Java's default).  What the agents make themselves is not sent, unless --topics or --map names it.

    \b
    Example:
      vitrine produce sessions.jsonl.zst --broker 127.0.0.1:9092 --rate 500
    """  # noqa: D301  click's mark for lines that stay as they are
    if as_fast and rate is not None:
        message = "--rate and --as-fast exclude each other"
        raise click.UsageError(message)
    given = settings(os.environ)
    targets = _targets(names(topics), renamed)
    prefix = given.topic_prefix if prefix is None else prefix
    with explained():
        log = merged(watched(logs, "reading"))
    chosen = [record for record in log.records if record.topic in targets]
    skipped = Counter(record.topic for record in log.records if record.topic not in targets)
    if skipped:
        say(f"not sent: {', '.join(f'{count:,} of {topic}' for topic, count in skipped.items())} (see --topics)")
    result = {"records": len(chosen), "skipped": skipped}
    if dry_run:
        would_write = Counter(prefix + targets[record.topic] for record in chosen)
        report(result | {"would_write": would_write}, as_json=as_json)
        return
    replay_id = uuid.uuid4().hex
    with explained():
        sender = Sender(broker or given.broker)
        counts = sender.partition_counts(sorted({prefix + targets[record.topic] for record in chosen}))
        addressed = (
            Outgoing(
                topic := prefix + targets[record.topic],
                _partition(record, topic, counts[topic], keep=keep_partitions),
                record.timestamp if keep_timestamps else None,
                record.key,
                record.value,
                _marked(record, replay_id),
            )
            for record in watched(chosen, "sending", len(chosen))
        )
        started = time.monotonic()
        sent = sender.send(addressed, rate)
    seconds = time.monotonic() - started
    outcome = {"written": sent.written, "failed": sent.failed, "why": sent.why}
    speed = {"seconds": round(seconds, 3), "records_per_second": round(sent.written.total() / seconds)}
    report(result | outcome | speed | {"replay_id": replay_id}, as_json=as_json)
    if sent.failed:
        sys.exit(1)


def _targets(topics: Iterable[str], renamed: Iterable[str]) -> dict[str, str]:
    """Return where the records of each topic that is sent go."""
    targets: dict[str, str] = {}
    for pair in names(renamed):
        source, _, target = pair.partition("=")
        if not (source and target):
            message = f"--map {pair}: expected FROM=TO"
            raise click.UsageError(message)
        targets[source] = target
    return {topic: topic for topic in list(topics) or [topic.name for topic in PRODUCED]} | targets


def _partition(record: LogRecord, topic: str, partitions: int, *, keep: bool) -> int:
    if keep and record.partition >= partitions:
        message = f"{topic} has {partitions} partitions, the log has a record for {record.partition}: leave out --keep-partitions"
        raise UnusableError(message)
    if keep or record.key is None:
        return record.partition % partitions
    return partition_of(record.key, partitions)


def _marked(record: LogRecord, replay_id: str) -> Headers:
    return (*(header for header in record.headers if header[0] != REPLAY_ID), (REPLAY_ID, replay_id.encode()))
