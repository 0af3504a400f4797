"""`python -m tests.chaos`: see the package."""

import shutil
import sys
import tempfile
from pathlib import Path

import click
import msgspec

from tests.chaos.breaks import BREAKS
from tests.chaos.report import summary
from tests.chaos.run import run
from tests.chaos.site import Options
from tests.chaos.worker import models_of
from tests.kafka_broker import KafkaError


@click.command()
@click.option(
    "--seed", type=int, default=7, show_default=True, help="Decides the faults and the input, not the timing."
)
@click.option("--seconds", type=click.FloatRange(1), default=45.0, show_default=True, help="How long faults come.")
@click.option(
    "--brokers", type=click.Choice(["1", "3"]), default="1", show_default=True, help="Of three, one is down at a time."
)
@click.option("--rate", type=click.FloatRange(1), default=2_000.0, show_default=True, help="Records a second, at most.")
@click.option(
    "--models",
    type=click.Choice(["doubles", "real"]),
    default="doubles",
    show_default=True,
    help="Which models the workers run.",
)
@click.option("--break", "broken", type=click.Choice(list(BREAKS)), help="Break a rule on purpose: the run must fail.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Gets the result as JSON.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Gets disks and logs; a failing run keeps them anyway.",
)
@click.option("--port", type=int, default=0, help="Of the first broker; free ones if not given.")
def main(  # noqa: PLR0917  one for each option
    seed: int,
    seconds: float,
    brokers: str,
    rate: float,
    models: str,
    broken: str | None,
    report: Path | None,
    keep: Path | None,
    port: int,
) -> None:
    """Kill, freeze and rob workers and brokers at work; compare what is left with a replay of the input.

    Exit code 1 if anything is wrong, 2 if the run can't begin.

    \b
    Example:
      python -m tests.chaos --seed 7 --seconds 45 --brokers 3 --report chaos.json
    """
    folder = keep or Path(tempfile.mkdtemp(prefix=f"vitrine-chaos-{seed}-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        message = f"--keep {folder}: not empty; an earlier run's disks and logs would mix with this one's"
        raise click.UsageError(message)
    options = Options(
        seed,
        seconds,
        int(brokers),
        folder,
        port=port,
        rate=rate,
        broken=broken or "",
        models=models,
        say=lambda words: click.echo(words, err=True),
    )
    click.echo(f"disks and logs in {folder}", err=True)
    try:
        found = run(options, models_of(models))
    except KafkaError as error:
        raise click.UsageError(str(error)) from error
    if report:
        report.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    click.echo(summary(found))
    if found.failed:
        click.echo(f"something is wrong; disks and logs are in {folder}")
    elif not keep:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(found.failed)


if __name__ == "__main__":
    main()
