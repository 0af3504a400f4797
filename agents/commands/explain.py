"""`vitrine explain`: why a shopper's list is as it is."""

import os
import sys

import click
import msgspec

from agents.inspect.evidence import Evidence
from agents.inspect.explanation import explain
from agents.inspect.explanation_text import told
from agents.inspect.reading import Reader
from agents.replay.terminal import BROKER, JSON, PREFIX, explained, settings, tell


@click.command()
@click.argument("shopper")
@click.option("--placement", help="Where the list is shown; the newest list of any if not given.")
@click.option("--id", "name", metavar="RECOMMENDATION_ID", help="Of the list to explain; the newest one if not given.")
@click.option("--item", help="Say why this item is in the list, or is not.")
@BROKER
@PREFIX
@JSON
def command(
    *,
    shopper: str,
    placement: str | None,
    name: str | None,
    item: str | None,
    broker: str | None,
    prefix: str | None,
    as_json: bool,
) -> None:
    """Say why each item is in a shopper's newest list: reason, score and its parts, words and the facts they rest on.

    The scores of all items that were considered are made anew from the recorded features and weights.  Exit code 1: there is no
    list, what it was made from is not recorded, or a score is not the sum of its parts.

    \b
    Examples:
      vitrine explain shopper-00012
      vitrine explain shopper-00012 --placement home --item kitchen-07
    """  # noqa: D301  click's mark for lines that stay as they are
    given = settings(os.environ)
    with explained(), Reader(broker or given.broker, given.topic_prefix if prefix is None else prefix) as reader:
        evidence = Evidence(reader, shopper)
        found = evidence.newest_list(placement, name)
        if found is None:
            raise click.ClickException(_no_list(shopper, placement, name))
        it = explain(found.list, evidence.decision(found), evidence.copies(found), item)
        named = {one.item for one in (*it.items, *it.next)} | ({item} if item else set())
        it = msgspec.structs.replace(it, events=tuple(evidence.events(found.list.at)), titles=evidence.titles(named))
    if as_json:
        click.echo(msgspec.json.encode(msgspec.to_builtins(it) | {"sound": it.sound}).decode())
    else:
        tell(told(it))
        if not it.considered:
            click.echo(
                "Which lists keep what they were made from is drawn by lot: VITRINE_DECISIONS of the worker is their share.",
                err=True,
            )
    sys.exit(int(not it.sound))


def _no_list(shopper: str, placement: str | None, name: str | None) -> str:
    if name is not None:
        return f"there is no list {name} of {shopper} among the newest records of recommendations.v1"
    where = f" for {placement}" if placement is not None else ""
    return f"there is no list of {shopper}{where}: no click, search or request of this shopper was answered lately"
