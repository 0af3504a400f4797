"""What a measurement must say of the machine that it was made on, and how a process is run and paid for."""

import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from tests.kafka_broker import VERSION, Kafka

ROOT = Path(__file__).parents[2]


class Conditions(msgspec.Struct):
    """How busy and how fast the machine was before a run."""

    load: float
    """Processes that wanted to run, over the last minute."""
    loop_ms: float
    """CPU time of a fixed loop: virtual machines change their speed."""


class Ended(msgspec.Struct):
    """A process that came to its end."""

    code: int
    """Negative: the signal that ended it."""
    output: str
    cpu_seconds: float
    """Of the whole process, its start included."""
    peak_mb: float


def facts() -> dict[str, object]:
    """Return what the machine is."""
    return {
        "cores": os.cpu_count(),
        "cpu": _line("/proc/cpuinfo", "model name"),
        "memory": _line("/proc/meminfo", "MemTotal"),
        "system": platform.platform(),
        "python": platform.python_version(),
        "kafka": VERSION,
    }


def conditions() -> Conditions:
    """Look at the machine before a run."""
    begun, total = time.process_time(), 0
    for number in range(500_000):
        total += number * number % 7
    return Conditions(round(os.getloadavg()[0], 2), round((time.process_time() - begun) * 1e3, 1))


def execute(command: Sequence[str], limit: float) -> Ended:
    """Run *command* to its end, or for *limit* seconds; nothing of it stays behind."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        timer = threading.Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        output = out.read().decode(errors="replace")
    return Ended(process.returncode, output, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextmanager
def broker(given: str | None) -> Iterator[str]:
    """Lend the broker that is *given*, or one of our own."""
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder, Kafka(Path(folder), lasting=True) as kafka:
        yield kafka.bootstrap


def say(line: str) -> None:
    """Tell how far it is."""
    click.echo(line, err=True)
    sys.stderr.flush()


def write(report: Path | None, result: object) -> None:
    """Write what is known by now to the file *report*, if one is wanted."""
    if report:
        report.write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")


def _line(path: str, name: str) -> str:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "unknown")
