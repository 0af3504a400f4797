"""Carries faults out, and undoes them when their time has come."""

import time
from collections import Counter
from collections.abc import Callable, Iterable

import msgspec
from confluent_kafka import Producer

from agents.engine.formats import EPOCH
from agents.intake import partition_of
from agents.processor import State
from tests.chaos.brokers import Brokers
from tests.chaos.crew import Crew
from tests.chaos.input import SHOPPERS
from tests.chaos.plan import Dealer, Fault, Situation
from tests.chaos.watching import Progress

_LOOK_SECONDS = 0.05
_AT_WORK = 300
"""Records folded since the last fault, behind which workers are at work again."""
_AT_WORK_SECONDS = 10.0
_FORGED_SECONDS = 2
"""For which acks are waited; if the broker is down, what is forged comes later."""


class Forger:
    """Writes what a former owner would, who does not know that there is a new one."""

    def __init__(self, bootstrap: str, changelog: str, state: type[State], sources: int, partitions: int) -> None:
        """Prepare for *changelog*, whose states have so many *sources*."""
        self.forged = 0
        self._producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0})
        self._changelog, self._partitions = changelog, partitions
        stale = state(offsets=[1 << 40] * sources, revision=1 << 20)
        self._value = EPOCH.pack((state.format - 1) << 24) + msgspec.msgpack.encode(stale)

    def forge(self, keys: Iterable[bytes]) -> None:
        """Write a state that is wrong for each of *keys*, and one of a key that there is not."""
        for key in (*keys, b"ghost"):
            self._producer.produce(self._changelog, self._value, key, partition_of(key, self._partitions))
            self.forged += 1
        self._producer.flush(_FORGED_SECONDS)

    def flush(self) -> None:
        """Return when all is in the log."""
        self._producer.flush(60)


class Faults:
    """Strikes until the time is over."""

    def __init__(self, crew: Crew, brokers: Brokers, progress: Progress, dealer: Dealer, forger: Forger) -> None:
        self.actions: Counter[str] = Counter()
        """How many of each fault."""
        self.idle = 0
        """Faults that struck workers which had folded nothing since the one before."""
        self._crew, self._brokers, self._progress = crew, brokers, progress
        self._dealer, self._forger = dealer, forger
        self._due: list[tuple[float, Callable[[], None]]] = []

    def strike(self, seconds: float) -> None:
        """Strike again and again for *seconds*; what was struck last may still be frozen or dead."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = self._progress.committed
            self.wait(self._dealer.pause())
            self._wait_for_work(before, end)
            if time.monotonic() < end:
                self.do(self._dealer.next(self._situation()))

    def forge(self) -> None:
        """Forge once more, and kill one if any runs: each run shows that what a former owner writes spoils nothing."""
        self.do(Fault("forge", next(iter(self._crew.running()), "")))

    def wait(self, seconds: float) -> None:
        """Wait, and undo what is due meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.undo()
            time.sleep(_LOOK_SECONDS)

    def undo(self, *, everything: bool = False) -> None:
        """Undo the faults whose time has come."""
        now = time.monotonic()
        due = [it for it in self._due if everything or it[0] <= now]
        self._due = [it for it in self._due if it not in due]
        for _, undo in due:
            undo()

    def do(self, fault: Fault) -> None:
        """Carry *fault* out."""
        crew = self._crew
        match fault.kind:
            case "start":
                wiped = crew.start(fault.target, wipe=fault.wipe)
                self.actions["wipe"] += wiped
            case "kill":
                crew.kill(fault.target)
            case "term":
                if not crew.stop(fault.target, self.undo):
                    self.actions["term_killed"] += 1
            case "freeze":
                crew.freeze(fault.target)
                self._later(fault.seconds, lambda: crew.thaw(fault.target))
            case "forge":
                self._forger.forge(b"shopper-%d" % number for number in range(SHOPPERS))
                if fault.target:
                    crew.kill(fault.target)  # before it writes them anew: who takes over finds them last in the log
            case _:
                self._strike_broker(fault)
        self.actions[fault.kind] += 1

    def _strike_broker(self, fault: Fault) -> None:
        brokers, node = self._brokers, self._brokers.pick(fault.number)
        if fault.kind == "broker_kill":
            node.kill()
            self._later(fault.seconds, node.launch)
        else:
            brokers.freeze(node)
            self._later(fault.seconds, lambda: brokers.thaw(node))

    def _later(self, seconds: float, undo: Callable[[], None]) -> None:
        self._due.append((time.monotonic() + seconds, undo))

    def _situation(self) -> Situation:
        crew = self._crew
        return Situation(crew.running(), crew.frozen(), crew.disks(), self._brokers.down)

    def _wait_for_work(self, before: int, end: float) -> None:
        """Wait until workers have folded something since the last fault: one that strikes nobody shows nothing."""
        until = min(end, time.monotonic() + _AT_WORK_SECONDS)
        while self._progress.committed < before + _AT_WORK:
            if not self._crew.running():
                return
            if time.monotonic() > until:
                self.idle += 1
                return
            self.wait(0.1)
