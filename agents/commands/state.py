"""`vitrine state`: what is kept, of one shopper or item, and how much of it."""

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
from rich.console import Console, RenderableType
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from agents.engine.formats import format_of
from agents.engine.topics import changelog
from agents.inspect.reading import Place, Reader
from agents.inspect.safe import safe
from agents.inspect.states import Numbers, Record, last_of, lines, named, numbers, total
from agents.intake import partition_of
from agents.processor import State, moment, sources
from agents.replay.log import LogRecord
from agents.replay.terminal import BROKER, JSON, UnusableError, explained, settings, tell
from agents.wiring import FOLDERS, KEEPERS

_APP_ID = click.option(
    "--app-id", help="Of the workers, with which their changelogs begin; VITRINE_APP_ID if not given."
)
_TIMES = range(10**12, 4 * 10**12)
"""Whole numbers that are shown as a time: milliseconds since 1970, from 2001 to 2096."""


@click.group()
def command() -> None:
    """Look at what is kept: the state of one shopper or item, or how much there is of all.

    It is read from the changelogs, so workers may run or not, and are not disturbed.
    """


@command.command("get")
@click.argument("key", metavar="SHOPPER")
@click.option(
    "--processor",
    type=click.Choice(FOLDERS),
    default=FOLDERS[0],
    show_default=True,
    help="Whose state; SHOPPER is the id of an item for those of items.",
)
@BROKER
@_APP_ID
@JSON
def get(*, key: str, processor: str, broker: str | None, app_id: str | None, as_json: bool) -> None:
    """Show what is kept of a shopper, or of an item.

    What was folded since a worker's last commit, a second ago at most, is not in it.  Exit codes: 0 it is shown; 1 nothing is
    kept, or it is of another format; 2 no broker, no changelog, or bad usage.

    \b
    Examples:
      vitrine state get shopper-00012
      vitrine state get kitchen-07 --processor items --json
    """  # noqa: D301  click's mark for lines that stay as they are
    given = settings(os.environ)
    topic = changelog(app_id or given.app_id, processor)
    with explained(), Reader(broker or given.broker, "") as reader:
        place = Place(reader.resolve(topic), partition_of(key.encode(), reader.partitions(topic)))
        found = last_of(_watched(reader, place), key.encode())
    if found is None or found.value is None:
        raise click.ClickException(_nothing(key, place, found))
    kind = KEEPERS[processor].state
    if format_of(found.epoch) != kind.format:
        message = (
            f"the state of {key} is of format {format_of(found.epoch)}, this version knows format {kind.format}: run the "
            "command of the version that the workers have"
        )
        raise click.ClickException(message)
    result = _result(key, processor, place, found, _decoded(found, kind, place))
    if as_json:
        click.echo(msgspec.json.encode(result).decode())
    else:
        tell([Text(line) for line in _told(result)])


@command.command("stats")
@click.option("--processor", type=click.Choice(FOLDERS), multiple=True, help="All if not given; may be repeated.")
@BROKER
@_APP_ID
@JSON
def stats(*, processor: tuple[str, ...], broker: str | None, app_id: str | None, as_json: bool) -> None:
    """Show how much is kept, by processor and partition, and what compaction has left to do.

    Each changelog is read whole, a partition at a time.  Exit codes: 0 it is shown; 2 no broker, no changelog, or bad usage.

    \b
    Examples:
      vitrine state stats
      vitrine state stats --processor shoppers --json
    """  # noqa: D301  click's mark for lines that stay as they are
    given = settings(os.environ)
    found: dict[str, list[Numbers]] = {}
    with explained(), Reader(broker or given.broker, "") as reader:
        topics = {name: reader.resolve(changelog(app_id or given.app_id, name)) for name in processor or FOLDERS}
        for name, topic in topics.items():
            places = [Place(topic, number) for number in range(reader.partitions(topic))]
            found[name] = [numbers(_watched(reader, place), place.partition) for place in places]
    if as_json:
        click.echo(msgspec.json.encode({name: _plain(its) for name, its in found.items()}).decode())
    else:
        tell([part for name, its in found.items() for part in _tables(topics[name], name, its)])


def _watched(reader: Reader, place: Place) -> Iterator[LogRecord]:
    """Yield the records of *place*, and show on a terminal how far they are."""
    records = reader.whole(place)
    if not sys.stderr.isatty():
        yield from records
        return
    low, end = reader.ends(place)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"{place.topic}[{place.partition}]", total=max(1, end - low))
        for number, record in enumerate(records):
            if not number % 1_000:
                progress.update(task, completed=record.offset - low)
            yield record


def _nothing(key: str, place: Place, found: Record | None) -> str:
    where = f"{place.topic}[{place.partition}]"
    if found is None:
        return f"nothing is kept of {key}: {where} does not name it; ids of items need --processor items"
    return (
        f"nothing is kept of {key}: its state left, as {where} says at offset {found.offset}, {_time(found.timestamp)}"
    )


def _decoded(found: Record, kind: type[State], place: Place) -> State:
    try:
        return msgspec.msgpack.decode(found.value or b"", type=kind)
    except msgspec.MsgspecError as error:
        message = f"{place.topic}[{place.partition}] offset {found.offset}: no state of this version: {error}"
        raise UnusableError(message) from error


def _result(key: str, processor: str, place: Place, found: Record, state: State) -> dict[str, Any]:
    topics = [topic.name for topic in sources(KEEPERS[processor])]
    return {
        "key": key,
        "processor": processor,
        "topic": place.topic,
        "partition": place.partition,
        "offset": found.offset,
        "written": moment(found.timestamp),
        "epoch": found.epoch,
        "revision": state.revision,
        "bytes": len(found.value or b""),
        "records": found.records,
        "fenced": found.fenced,
        "sources": dict(zip(topics, state.offsets, strict=False)),
        "state": {name: it for name, it in named(state).items() if name not in {"offsets", "revision"}},
    }


def _told(it: dict[str, Any]) -> Iterator[str]:
    yield f"{safe(it['key'])}: {it['processor']}, revision {it['revision']:,}, epoch {it['epoch']}, {it['bytes']:,} bytes"
    written = _time(int(it["written"].timestamp() * 1000))
    fenced = f", {it['fenced']} of former owners" if it["fenced"] else ""
    yield f"written {written} at {it['topic']}[{it['partition']}] offset {it['offset']:,}; {it['records']:,} of its records are there{fenced}"
    read = ", ".join(f"{topic} {offset:,}" for topic, offset in it["sources"].items() if offset >= 0)
    yield f"folded last: {read or 'nothing'}"
    for name, entries in lines(_readable(it["state"])):
        if len(entries) == 1:
            yield f"{name}: {safe(entries[0])}"
        else:
            yield f"{name}:"
            yield from (f"  {safe(entry)}" for entry in entries)


def _readable(value: Any) -> Any:
    """Return plain JSON with times in words."""
    if isinstance(value, dict):
        return {name: _readable(it) for name, it in value.items()}
    if isinstance(value, list):
        return [_readable(it) for it in value]
    return _time(value) if isinstance(value, int) and value in _TIMES else value


def _time(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _plain(parts: Sequence[Numbers]) -> dict[str, Any]:
    def plain(it: Numbers) -> dict[str, Any]:
        found: dict[str, Any] = named(it)
        found["written"] = None if it.written is None else moment(it.written)
        return found | {"records_per_key": round(it.records_per_key, 2)}

    return {
        "total": {name: it for name, it in plain(total(parts)).items() if name not in {"partition", "epoch"}},
        "partitions": [plain(it) for it in parts],
    }


def _tables(topic: str, name: str, parts: Sequence[Numbers]) -> Iterator[RenderableType]:
    whole = total(parts)
    yield Text(f"{name}: {whole.keys:,} states, {whole.bytes:,} bytes, in {topic}", "bold")
    table = Table(box=None, pad_edge=False)
    columns = (
        "partition",
        "states",
        "bytes",
        "records",
        "per state",
        "tombstones",
        "fences",
        "fenced",
        "unreadable",
        "epoch",
        "written",
    )
    for column in columns:
        table.add_column(column, justify="right")
    for it in (*parts, whole):
        total_of = it is whole
        table.add_row(
            "all" if total_of else str(it.partition),
            *(f"{number:,}" for number in (it.keys, it.bytes, it.records)),
            f"{it.records_per_key:.1f}",
            *(f"{number:,}" for number in (it.tombstones, it.fences, it.fenced, it.unreadable)),
            "" if total_of else str(it.epoch),
            "never" if it.written is None else _time(it.written),
        )
    yield table
    if whole.biggest:
        yield Text("biggest: " + ", ".join(f"{safe(it.key)} {it.bytes:,}" for it in whole.biggest))
    yield Text()
