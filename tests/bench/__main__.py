"""`make bench`: measurements that take a while; nothing here is a test."""

import click

from tests.bench.engine import engine, peers_command
from tests.bench.latency import command as latency
from tests.bench.overload import command as overload
from tests.bench.rebalance import command as rebalance
from tests.bench.scale import command as scale


@click.group()
def main() -> None:
    """Measure."""


main.add_command(engine)
main.add_command(peers_command)
main.add_command(latency, "latency")
main.add_command(overload, "overload")
main.add_command(rebalance, "rebalance")
main.add_command(scale, "scale")

if __name__ == "__main__":
    main()
