"""`vitrine tail`: follow topics."""

import os
import sys
from contextlib import ExitStack
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.text import Text

from agents.inspect.reading import Place, Reader
from agents.inspect.safe import safe, shown
from agents.inspect.starts import start_of
from agents.inspect.summaries import summary
from agents.intake import partition_of
from agents.processor import moment
from agents.replay.log import LogRecord, encode
from agents.replay.terminal import BROKER, PREFIX, UnusableError, explained, names, settings
from agents.shop.watch import stopping

_KEY = 20
"""Columns of a key."""


@click.command()
@click.argument("topics", metavar="TOPIC...", nargs=-1, required=True)
@BROKER
@PREFIX
@click.option(
    "--from",
    "begin",
    default="end",
    show_default=True,
    metavar="WHERE",
    help="end, beginning, -N (the newest N records), 10m or 2h (so long ago), or a time such as 2026-03-01T08:00:00Z.",
)
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many records.")
@click.option("--key", help="Of a shopper or an item: only its partition is read, and only its records are shown.")
@click.option("--headers", is_flag=True, help="Show headers, too.")
@click.option("--json", "as_json", is_flag=True, help="Print each record as `kcat -J` and `vitrine record` write it.")
def command(
    *,
    topics: tuple[str, ...],
    broker: str | None,
    prefix: str | None,
    begin: str,
    count: int | None,
    key: str | None,
    headers: bool,
    as_json: bool,
) -> None:
    """Follow topics, a line a record, until Ctrl-C: what it says, in words.

    A topic is named without prefix; `clicks` means `clicks.v1`.  Only committed records are read, and nothing is committed.
    Times are the broker's, in UTC.

    \b
    Examples:
      vitrine tail clicks recommendations --key shopper-00012
      vitrine tail dlq.clicks.v1 --from beginning --headers
      vitrine tail recommendations.v1 --from -100 --count 100 --json > lists.jsonl
    """  # noqa: D301  click's mark for lines that stay as they are
    given = settings(os.environ)
    try:
        start = start_of(begin, datetime.now(UTC))
    except ValueError as error:
        message = f"--from: {error}"
        raise UnusableError(message) from error
    with explained(), ExitStack() as stack:
        stop = stack.enter_context(stopping())
        reader = stack.enter_context(Reader(broker or given.broker, given.topic_prefix if prefix is None else prefix))
        found = list(dict.fromkeys(map(reader.resolve, names(topics))))
        wanted = None if key is None else key.encode()
        records = reader.follow(_places(reader, found, wanted), start, stop.is_set, wanted)
        printer = _Printer(several=len(found) > 1, headers=headers)
        for number, record in enumerate(records, 1):
            if as_json:
                sys.stdout.buffer.write(encode(record))
                sys.stdout.buffer.flush()
            else:
                printer.print(record)
            if number == count or stop.is_set():
                break


def _places(reader: Reader, topics: list[str], key: bytes | None) -> list[Place]:
    """Return the partitions to read: all, or the one of *key*."""
    found = []
    for topic in topics:
        partitions = reader.partitions(topic)
        numbers = range(partitions) if key is None else (partition_of(key, partitions),)
        found += [Place(topic, number) for number in numbers]
    return found


class _Printer:
    """Prints records as lines, cut to the width of a terminal."""

    def __init__(self, *, several: bool, headers: bool) -> None:
        self._several = several
        self._headers = headers
        self._day = ""
        self._terminal = Console(highlight=False) if sys.stdout.isatty() else None

    def print(self, record: LogRecord) -> None:
        at = moment(max(0, record.timestamp))
        day = f"{at:%Y-%m-%d}"
        if day != self._day:
            self._day = day
            self._line(Text(day, "dim"))
        line = Text(f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} ", "dim")
        if self._several:
            line.append(f"{record.topic} ", "cyan")
        line.append(f"{shown(record.key) if record.key is not None else '(no key)':{_KEY}} ", "bold")
        line.append(summary(record.topic, record), "red" if record.topic.startswith("dlq.") else "")
        self._line(line)
        if self._headers:
            for name, value in record.headers:
                self._line(Text(f"    {safe(name)}: {shown(value, 200)}", "dim"))

    def _line(self, line: Text) -> None:
        if self._terminal is None:
            click.echo(line.plain.rstrip())
        else:
            self._terminal.print(line, no_wrap=True, overflow="ellipsis")
