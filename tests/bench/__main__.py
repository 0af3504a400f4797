"""`make bench`: measurements that take a while; nothing here is a test."""

import click

from tests.bench.engine import engine, peers_command
from tests.bench.rebalance import command as rebalance


@click.group()
def main() -> None:
    """Measure."""


main.add_command(engine)
main.add_command(peers_command)
main.add_command(rebalance, "rebalance")

if __name__ == "__main__":
    main()
