"""`make bench`: measurements that take a while; nothing here is a test."""

import click

from tests.bench.engine import engine, peers_command
from tests.bench.latency import command as latency
from tests.bench.lists import command as lists
from tests.bench.memory import command as memory
from tests.bench.overload import command as overload
from tests.bench.rebalance import command as rebalance
from tests.bench.restore import command as restore
from tests.bench.scale import command as scale
from tests.bench.sentiment import command as sentiment


@click.group()
def main() -> None:
    """Measure."""


main.add_command(engine)
main.add_command(peers_command)
main.add_command(latency, "latency")
main.add_command(lists, "lists")
main.add_command(memory, "memory")
main.add_command(overload, "overload")
main.add_command(rebalance, "rebalance")
main.add_command(scale, "scale")
main.add_command(restore, "restore")
main.add_command(sentiment, "sentiment")

if __name__ == "__main__":
    main()
