"""`vitrine demo`: a simulated shop, a broker and a worker, to watch or to measure."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from agents.broker import EmbeddedBrokerError, RecordsDroppedError
from agents.engine.errors import ConfigurationError
from agents.replay.errors import LogError
from agents.replay.log import created
from agents.replay.terminal import UnusableError, say, settings
from agents.shop import venue
from agents.shop.demo import Plan, run
from agents.shop.feed import Pace
from agents.shop.figures import show
from agents.shop.recording import Recording
from agents.shop.sender import SendError
from agents.shop.watch import stopping
from agents.shop.worker import WorkerError

EVENTS = 20_000
"""Of a run with --once."""
LIVE_RATE = 40.0
"""Events a second that a person can follow."""


@click.command()
@click.option("--broker", metavar="HOST:PORT", help="A real Kafka instead of the broker inside this process.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Of the broker inside this process; any that is free if not given."
)
@click.option("--once", is_flag=True, help=f"Run to the end, as fast as lists come back; {EVENTS:,} events by default.")
@click.option("--events", type=click.IntRange(min=1), help="Events in all; without end if not given.")
@click.option("--seed", type=int, default=7, show_default=True, help="Of shoppers, tastes and acts.")
@click.option("--shoppers", type=click.IntRange(min=3), default=300, show_default=True, help="In all.")
@click.option("--present", type=click.IntRange(min=1), default=16, show_default=True, help="Shoppers there at a time.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    help=f"Events a second at most; {LIVE_RATE:g} without --once.",
)
@click.option("--rubbish", type=click.FloatRange(0, 1), default=0.0, help="Share of bad records among the events.")
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the shop's events here, for `vitrine replay`; packed if it ends in .gz or .zst.",
)
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here as JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option("--keep", is_flag=True, help="Leave the topics on a real Kafka; they are deleted otherwise.")
def command(
    *,
    broker: str | None,
    port: int | None,
    once: bool,
    events: int | None,
    seed: int,
    shoppers: int,
    present: int,
    rate: float | None,
    rubbish: float,
    record: Path | None,
    report: Path | None,
    as_json: bool,
    keep: bool,
) -> None:
    """Run a simulated shop, a broker and a worker, and watch how lists answer what shoppers do.

    In a terminal: q ends it, n follows another shopper, space stops shoppers for a while.  The first line says where
    others may attach; who sends events of a shopper of their own gets lists, and is among those whom n follows.

    A third of the shoppers see their own lists, a third the most popular items, a third somebody else's list.
    Exit code 1: events were lost, a last list is stale, or the worker failed.

    \b
    Examples:
      vitrine demo
      vitrine demo --once --events 20000 --seed 7 --report demo.json
      vitrine demo --record shop.jsonl.zst
      vitrine demo --broker 127.0.0.1:9092
    """  # noqa: D301  click's mark for lines that stay as they are
    if broker is not None and port is not None:
        message = "--port is for the broker inside this process; a real one's stands in --broker HOST:PORT"
        raise click.UsageError(message)
    pace = Pace(rate or (None if once else LIVE_RATE), events or (EVENTS if once else None), rubbish)
    partitions = settings(os.environ).partitions
    place = venue.embedded(partitions, port or 0) if broker is None else venue.real(broker, partitions, keep=keep)
    plan = Plan(shoppers=shoppers, present=present, seed=seed, pace=pace, live=not once)
    with stopping() as stop:
        try:
            with _recording(record) as recording:
                figures = run(place, msgspec.structs.replace(plan, recording=recording), stop, say)
        except (ConfigurationError, EmbeddedBrokerError, LogError) as error:
            raise UnusableError(str(error)) from error
        except (WorkerError, RecordsDroppedError, SendError) as error:
            raise click.ClickException(str(error)) from error
        stopped = stop.is_set()
    if figures is None:
        say("Stopped before the shop opened.")
        sys.exit(int(once))
    if report is not None:
        report.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
    click.echo(msgspec.json.encode(figures).decode() if as_json else show(figures))
    if once and stopped:
        say("Stopped before the end.")
    sys.exit(int(not figures.fine or (once and stopped)))


@contextmanager
def _recording(path: Path | None) -> Iterator[Recording | None]:
    """Give what writes to *path*, and say afterwards what is there."""
    if path is None:
        yield None
        return
    recording = None
    try:
        with created(path) as file:
            recording = Recording(file)
            yield recording
            file.flush()
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
        raise LogError(message) from error
    finally:
        if recording is not None and recording.records:
            say(f"{recording.records:,} records of the shop are in {path}: vitrine replay {path} --out lists.jsonl")
