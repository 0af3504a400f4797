"""`bench memory`: how much a worker grows with a million profiles, and whether it goes on growing."""

import os
import random
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import click
import msgspec

from agents.topics import CLICKS
from tests.bench.machine import broker, facts, say, write
from tests.bench.profiles import PARTITIONS, fill_clicks
from tests.bench.restore import CLICKS_WAITING, await_restored, prepare, start
from tests.deployment import Deployment

SAMPLE_SECONDS = 0.25
SETTLED = 0.5
"""Share of a soak after which it should not grow any more."""
PAGE = os.sysconf("SC_PAGE_SIZE")


class Sample(msgspec.Struct):
    """What a process takes."""

    seconds: float
    mib: float


class Memory:
    """Samples of what a process has resident, until it ends."""

    def __init__(self, pid: int) -> None:
        self._path = Path(f"/proc/{pid}/statm")
        self._begun = time.monotonic()
        self.samples: list[Sample] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @property
    def now(self) -> float:
        """MiB."""
        return self.samples[-1].mib if self.samples else 0.0

    def since(self, seconds: float) -> list[Sample]:
        """Return the samples from *seconds* after the beginning on."""
        return [it for it in self.samples if it.seconds >= seconds]

    @property
    def seconds(self) -> float:
        """How long it has been watched."""
        return time.monotonic() - self._begun

    def _watch(self) -> None:
        while True:
            try:
                pages = int(self._path.read_text().split()[1])
            except (OSError, IndexError):
                return
            self.samples.append(Sample(self.seconds, pages * PAGE / 2**20))
            time.sleep(SAMPLE_SECONDS)


@click.command()
@click.option("--profiles", type=click.IntRange(PARTITIONS), default=1_000_000, show_default=True, help="Shoppers.")
@click.option("--soak", type=click.IntRange(0), default=0, help="Seconds of steady load behind it.")
@click.option("--rate", type=click.IntRange(1), default=2_000, show_default=True, help="Clicks a second of the soak.")
@click.option("--broker", "given", metavar="HOST:PORT", help="A Kafka to use; one of our own if not given.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Gets the result as JSON.")
def command(*, profiles: int, soak: int, rate: int, given: str | None, report: Path | None) -> None:
    """Measure the resident memory of a worker that restores many profiles, and folds one click into each.

    \b
    Example:
      make bench ARGS="memory --profiles 1000000 --soak 1800 --report memory.json"
    """
    result: dict[str, object] = {"machine": facts(), "profiles": profiles}
    with broker(given) as bootstrap, tempfile.TemporaryDirectory(prefix="vitrine-bench-") as data:
        app_id, prefix, size = prepare(bootstrap, "realistic", profiles)
        lot = random.Random(9)
        process = start(bootstrap, app_id, prefix, Path(data), commit="PT1S")
        memory = Memory(process.pid)
        try:
            _wait_serving(process)
            base = memory.now
            restored = await_restored(process)
            after = memory.seconds
            threading.Thread(target=_read_on, args=(process,), daemon=True).start()
            order = list(range(profiles))
            lot.shuffle(order)
            begun = time.monotonic()
            fill_clicks(bootstrap, prefix + CLICKS.name, iter(order))
            del order
            _wait_folded(process, Deployment(bootstrap, app_id, Path(data)), profiles + min(profiles, CLICKS_WAITING))
            result |= {
                "bytes_per_profile": round(size / profiles),
                "base_mib": round(base, 1),
                "restore_peak_growth_mib": round(max(it.mib for it in memory.samples if it.seconds < after) - base, 1),
                "peak_growth_mib": round(max(it.mib for it in memory.samples) - base, 1),
                "end_growth_mib": round(memory.now - base, 1),
                "restore_seconds": round(restored.seconds, 1),
                "fold_seconds": round(time.monotonic() - begun, 1),
            }
            say(f"{result}")
            write(report, result)
            if soak:
                result["soak"] = _soak(bootstrap, prefix, profiles, soak, rate, memory)
        finally:
            process.terminate()
            process.wait(60)
    write(report, result)
    click.echo(msgspec.json.format(msgspec.json.encode(result)))


def slope(samples: Sequence[Sample]) -> float:
    """Return the growth in MiB an hour: the median over pairs a third of the time apart, which no spike moves (Theil and Sen)."""
    apart = max(1, len(samples) // 3)
    steps = [
        (later.mib - earlier.mib) / (later.seconds - earlier.seconds)
        for earlier, later in zip(samples, samples[apart:], strict=False)
    ]
    return statistics.median(steps) * 3_600 if steps else 0.0


def _soak(  # noqa: PLR0917  all of one soak
    bootstrap: str, prefix: str, profiles: int, seconds: int, rate: int, memory: Memory
) -> dict[str, object]:
    begun = memory.seconds
    fill_clicks(bootstrap, prefix + CLICKS.name, _paced(profiles, seconds, rate))
    settled = memory.since(begun + seconds * SETTLED)
    quarters = [begun + seconds * part / 4 for part in range(5)]
    means = [
        statistics.fmean(it.mib for it in memory.samples if low <= it.seconds < high)
        for low, high in pairwise(quarters)
    ]
    return {
        "seconds": seconds,
        "clicks_per_second": rate,
        "slope_mib_per_hour": round(slope(settled), 1),
        "mib_by_quarter": [round(mean, 1) for mean in means],
    }


def _paced(profiles: int, seconds: int, rate: int) -> Iterator[int]:
    """Yield shoppers at an even pace, a few of them often (Zipf's law with exponent one, nearly)."""
    lot, begun = random.Random(10), time.monotonic()
    for n in range(seconds * rate):
        late = begun + n / rate - time.monotonic()
        if late > 0.01:
            time.sleep(late)
        yield min(profiles - 1, int(profiles ** lot.random()) - 1)


def _wait_serving(process: subprocess.Popen[str]) -> None:
    """Return when the worker is built, and has not begun to restore."""
    assert process.stdout is not None
    for line in process.stdout:
        if "listening" in line:
            return


def _read_on(process: subprocess.Popen[str]) -> None:
    """Let the worker never wait for somebody to read what it says."""
    assert process.stdout is not None
    for _ in process.stdout:
        pass


def _wait_folded(process: subprocess.Popen[str], ours: Deployment, events: int) -> None:
    while ours.committed() < events:
        if process.poll() is not None:
            message = f"the worker ended with code {process.returncode}"
            raise click.ClickException(message)
        time.sleep(1)
