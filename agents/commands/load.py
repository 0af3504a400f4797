"""`vitrine load`: send the events of a simulated shop to a broker, at a steady rate."""

import os
from datetime import UTC, datetime

import click

from agents.app import needed
from agents.engine.errors import ConfigurationError
from agents.engine.topics import create
from agents.replay.terminal import BROKER, JSON, UnusableError, report, settings
from agents.shop.feed import Address, Feed, Pace
from agents.shop.floor import Floor
from agents.shop.sender import SendError
from agents.shop.shop import Shop
from agents.shop.watch import stopping


@click.command()
@BROKER
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), default=500.0, show_default=True)
@click.option("--events", type=click.IntRange(min=1), default=10_000, show_default=True, help="Events in all.")
@click.option("--shoppers", type=click.IntRange(min=3), default=1_000, show_default=True)
@click.option("--present", type=click.IntRange(min=1), default=100, show_default=True, help="Shoppers there at a time.")
@click.option("--seed", type=int, default=7, show_default=True, help="Of shoppers, tastes and acts.")
@click.option("--rubbish", type=click.FloatRange(0, 1), default=0.0, help="Share of bad records among the events.")
@JSON
def command(
    *,
    broker: str | None,
    rate: float,
    events: int,
    shoppers: int,
    present: int,
    seed: int,
    rubbish: float,
    as_json: bool,
) -> None:
    """Send the events of a simulated shop to a broker, --rate a second, whether lists come back or not.

    Topics that are missing are made.  Run `vitrine worker` beside it.

    \b
    Example:
      vitrine load --broker localhost:9092 --rate 2000 --events 100000
    """  # noqa: D301  click's mark for lines that stay as they are
    given = settings(os.environ)
    servers = broker or given.broker
    try:
        create(servers, needed(given))
    except ConfigurationError as error:
        raise UnusableError(str(error)) from error
    shop = Shop(shoppers=shoppers, present=present, seed=seed, opened=datetime.now(UTC))
    floor = Floor(shop, patience=0.0, closed=False)
    address = Address(servers, given.topic_prefix, given.partitions)
    with stopping() as stop:
        try:
            with Feed(floor, address, seed=seed) as feed:
                feed.publish()
                feed.run(Pace(rate, events, rubbish), stop)
        except SendError as error:
            raise click.ClickException(str(error)) from error
    seconds = feed.last - feed.first
    report(
        {
            "events": feed.events,
            "bad": feed.bad,
            "seconds": round(seconds, 2),
            "events_per_second": round(feed.events / seconds, 1) if seconds else 0.0,
            "recommendations": floor.received.recommendations,
        },
        as_json=as_json,
    )
