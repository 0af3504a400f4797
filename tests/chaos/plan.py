"""What a seed decides: how topics are set up, and which fault comes next.  Pure: it knows no process and no clock.

A seed fixes the choices, not the timing: the same seed is not the same run.
"""

from random import Random
from typing import Literal, NamedTuple

WORKERS = 3
"""Running or frozen, at most."""

Kind = Literal["start", "kill", "term", "freeze", "forge", "broker_kill", "broker_freeze"]

_DECK: tuple[Kind, ...] = (
    *("start", "start", "start", "kill", "kill", "kill", "term", "freeze", "freeze"),
    *("forge", "broker_kill", "broker_freeze"),
)
"""Dealt in a new order again and again, so that each kind comes."""

_LATE: frozenset[Kind] = frozenset({"freeze", "forge", "broker_kill", "broker_freeze"})
"""After these a former owner's records come behind its successor's.  Compaction without a lag may leave them alone in the log,
and only the lag of the product's changelogs is against that: then none of these is dealt."""

_SEGMENTS_MS = (100, 300, 1000)
_LAG_MS = 30_000
"""Longer than it takes the next owner to repair what a former one wrote."""


class Setup(NamedTuple):
    """How the run begins."""

    segment_ms: int
    compaction_lag_ms: int
    """0: a changelog may be compacted at any moment."""
    owed_lists: int
    """Above which lists are shed."""
    inflight_records: int

    def changelog(self) -> dict[str, str]:
        """Return the settings of a changelog that is compacted all the time."""
        return {
            "cleanup.policy": "compact",
            "segment.ms": str(self.segment_ms),
            "min.cleanable.dirty.ratio": "0.01",
            "min.compaction.lag.ms": str(self.compaction_lag_ms),
            "delete.retention.ms": "100",
        }


class Situation(NamedTuple):
    """What there is to strike at."""

    running: tuple[str, ...]
    """Workers that run, in the order in which they were started."""
    frozen: tuple[str, ...]
    disks: tuple[str, ...]
    """Disks of workers that are gone; a frozen worker keeps its own."""
    broker_down: bool
    """Whether a node is killed or frozen: one at a time is."""


class Fault(NamedTuple):
    """One thing to do."""

    kind: Kind
    target: str = ""
    """The worker, or the disk of one to be started."""
    seconds: float = 0.0
    """Until it is undone."""
    number: float = 0.0
    """From 0 to 1: which node."""
    wipe: bool = False


def setup(seed: int, nodes: int) -> Setup:
    """Draw how the run with *seed* begins; of three *nodes* some always die, so there is always a lag."""
    rng = Random(f"{seed}/setup")
    return Setup(
        segment_ms=rng.choice(_SEGMENTS_MS),
        compaction_lag_ms=rng.choice((0, _LAG_MS, _LAG_MS) if nodes == 1 else (_LAG_MS,)),
        owed_lists=rng.choice((60, 200, 20_000)),
        inflight_records=rng.choice((5_000, 20_000)),
    )


class Dealer:
    """Deals faults."""

    def __init__(self, seed: int, *, nodes: int, lag_ms: int) -> None:
        """Behind no lag nothing is done that makes a former owner write late."""
        self._rng = Random(f"{seed}/faults")
        self._longest_kill = 4.0 if nodes == 1 else 8.0
        self._kinds = tuple(kind for kind in _DECK if lag_ms or kind not in _LATE)
        self._deck: list[Kind] = []
        self._started = 0

    def pause(self) -> float:
        """Return the seconds before the next fault."""
        return self._rng.uniform(0.5, 2.0)

    def next(self, now: Situation) -> Fault:
        """Return the next fault that fits *now*."""
        if not now.running:
            return self._start(now)
        if not self._deck:
            self._deck = list(self._kinds)
            self._rng.shuffle(self._deck)
        kind = self._deck.pop()
        if kind == "start" and len(now.running) + len(now.frozen) >= WORKERS:
            kind = "kill"
        if kind.startswith("broker") and now.broker_down:
            kind = "kill"
        rng = self._rng
        match kind:
            case "start":
                return self._start(now)
            case "freeze":
                return Fault(kind, rng.choice(now.running), rng.uniform(1, 9))
            case "broker_kill" | "broker_freeze":
                shortest, longest = (1.0, 8.0) if kind == "broker_freeze" else (0.0, self._longest_kill)
                return Fault(kind, seconds=rng.uniform(shortest, longest), number=rng.random())
            case _:
                return Fault(kind, rng.choice(now.running))

    def _start(self, now: Situation) -> Fault:
        """Start a worker on the disk of one that is gone, most often, or on a new one."""
        rng = self._rng
        if now.disks and rng.random() < 0.8:
            return Fault("start", rng.choice(now.disks), wipe=rng.random() < 0.3)
        self._started += 1
        return Fault("start", f"w{self._started}")
