"""`make bench`: measurements that take a while; nothing here is a test."""

import click

from tests.bench.engine import command as engine


@click.group()
def main() -> None:
    """Measure."""


main.add_command(engine, "engine")

if __name__ == "__main__":
    main()
