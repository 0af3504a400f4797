"""The workers: real processes, each with a disk of its own, killed, frozen, told to stop and started again."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tests.kafka_broker import end_with_parent

TERM_SECONDS = 20.0
"""In which a worker that is told to stop has to stop; then it is killed, as orchestrators do."""
_LOOK_SECONDS = 0.05
_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE}
"""Signals that nobody sends here."""


@dataclass
class Worker:
    """One process."""

    name: str
    """Of its disk."""
    process: subprocess.Popen[bytes]
    log: Path
    counts: Path
    frozen: bool = False

    @property
    def alive(self) -> bool:
        """Whether the process is there, frozen or not."""
        return self.process.poll() is None


@dataclass
class Crew:
    """Every worker that was ever started."""

    folder: Path
    environment: Mapping[str, str]
    workers: dict[str, Worker] = field(default_factory=dict)
    """The last one of each disk."""
    started: list[Worker] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    """Those that ended by themselves, by exit code."""
    crashed: list[str] = field(default_factory=list)
    """Logs of those whose process broke down, which says where (`faulthandler`)."""

    def start(self, name: str, *, wipe: bool = False) -> bool:
        """Start a worker on the disk *name*; return whether there was something to *wipe* there."""
        disk = self.folder / "disks" / name
        wiped = wipe and disk.exists()
        if wiped:
            shutil.rmtree(disk, ignore_errors=True)
        log = self.folder / f"{len(self.started):02}-{name}.log"
        counts = log.with_suffix(".counts")
        environment = {**os.environ, **self.environment, "VITRINE_DATA_DIR": str(disk), "CHAOS_COUNTS": str(counts)}
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.worker"],
                env=environment,
                stdout=out,
                stderr=out,
                preexec_fn=end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  an orphan would spoil the next run
            )
        self.workers[name] = Worker(name, process, log, counts)
        self.started.append(self.workers[name])
        return wiped

    def running(self) -> tuple[str, ...]:
        """Return who runs; who ended by itself is noted and gone."""
        for name, worker in list(self.workers.items()):
            if not worker.alive:
                self._note(worker)
                del self.workers[name]
        return tuple(name for name, worker in self.workers.items() if not worker.frozen)

    def frozen(self) -> tuple[str, ...]:
        """Return who is frozen."""
        return tuple(name for name, worker in self.workers.items() if worker.frozen)

    def disks(self) -> tuple[str, ...]:
        """Return the disks that nobody uses, in the order in which they came."""
        return tuple(name for name in dict.fromkeys(it.name for it in self.started) if name not in self.workers)

    def kill(self, name: str) -> None:
        """End it at once, as kill -9 does."""
        worker = self.workers.pop(name)
        worker.process.kill()
        worker.process.wait()

    def freeze(self, name: str) -> None:
        """Stop it from running; it keeps its disk and its connections."""
        self.workers[name].process.send_signal(signal.SIGSTOP)
        self.workers[name].frozen = True

    def thaw(self, name: str) -> None:
        """Let it run again; whether it is still there it finds out itself."""
        worker = self.workers.get(name)
        if worker is not None:
            worker.process.send_signal(signal.SIGCONT)
            worker.frozen = False

    def stop(self, name: str, meanwhile: Callable[[], None] = lambda: None) -> bool:
        """Tell it to stop, and wait; return whether it did in time.  *meanwhile* is called again and again."""
        worker = self.workers.pop(name)
        worker.process.terminate()
        end = time.monotonic() + TERM_SECONDS
        while worker.alive and time.monotonic() < end:
            meanwhile()
            time.sleep(_LOOK_SECONDS)
        if worker.alive:
            worker.process.send_signal(signal.SIGUSR1)  # its log says where it hangs
            time.sleep(1)
            worker.process.kill()
            worker.process.wait()
            return False
        if worker.process.returncode:
            self._note(worker)
        return True

    def _note(self, worker: Worker) -> None:
        self.ended[str(worker.process.returncode)] += 1
        if -worker.process.returncode in _CRASHES:
            self.crashed.append(worker.log.name)

    def stop_all(self) -> int:
        """Stop all of them; return how many had to be killed."""
        for name in self.frozen():
            self.thaw(name)
        return sum(not self.stop(name) for name in self.running())

    def end(self) -> None:
        """End whoever is still there."""
        for worker in self.started:
            if worker.alive:
                worker.process.kill()
                worker.process.wait()

    def ask_where(self) -> None:
        """Let each of them write into its log where it is."""
        for worker in self.workers.values():
            if worker.alive:
                worker.process.send_signal(signal.SIGUSR1)

    def counts(self) -> Counter[str]:
        """Return the sum of what all workers counted, up to a moment before each ended."""
        total: Counter[str] = Counter()
        for worker in self.started:
            if worker.counts.exists():
                total.update(msgspec.json.decode(worker.counts.read_bytes(), type=dict[str, int]))
        return total
