"""What the worker is doing, read from its own metrics again and again."""

import time
from collections import defaultdict, deque
from collections.abc import Callable
from threading import Lock

import msgspec
from prometheus_client.parser import text_string_to_metric_families

HISTORY = 60
_SUMS = ("vitrine_batch_size", "vitrine_batch_wait_seconds", "vitrine_batch_run_seconds")
_NAMES = (*_SUMS, "vitrine_lag_records", "vitrine_owed", "vitrine_shed")

Totals = dict[tuple[str, str], float]
"""Name of a sample and the agent it speaks of (empty: none) to its value; partitions and topics are added up."""


class Batches(msgspec.Struct, frozen=True):
    """How the models of one agent were called between two readings."""

    calls: float
    """A second."""
    jobs: float
    """In a call."""
    waited: float
    """Seconds from the oldest job of a batch to its call."""
    ran: float
    """Seconds that a call took."""


class Reading(msgspec.Struct, frozen=True):
    """The worker between two looks at it."""

    batches: dict[str, Batches] = {}
    """Of the agents that scored anything."""
    lag: int = 0
    """Records behind the committed offsets."""
    owed: int = 0
    """Lists, cards and scores waiting to be made."""
    shed: int = 0
    """Lists dropped under overload since the start."""


class Meter:
    """Reads the metrics when it is told to, from any thread."""

    def __init__(self, read: Callable[[], str | None], clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare to *read* the exposition; None where the worker does not answer."""
        self._read = read
        self._clock = clock
        self._lock = Lock()
        self._before: tuple[float, Totals] | None = None
        self._readings: deque[Reading] = deque(maxlen=HISTORY)

    def look(self) -> None:
        """Take a reading; a worker that does not answer leaves the ones before."""
        text = self._read()
        if text is None:
            return
        now, after = self._clock(), totals(text)
        if self._before is not None:
            then, before = self._before
            found = reading(before, after, max(now - then, 1e-3))
            with self._lock:
                self._readings.append(found)
        self._before = now, after

    def readings(self) -> list[Reading]:
        """Return the readings so far, the oldest first, at most `HISTORY`."""
        with self._lock:
            return list(self._readings)


def totals(exposition: str) -> Totals:
    """Return the samples that a reading is made of, from what `/metrics` says."""
    lines = (line for line in exposition.splitlines() if line.startswith(_NAMES) and "_bucket{" not in line)
    found: Totals = defaultdict(float)
    for family in text_string_to_metric_families("\n".join(lines) + "\n"):
        for sample in family.samples:
            found[sample.name, sample.labels.get("agent", "")] += sample.value
    return dict(found)


def reading(before: Totals, after: Totals, seconds: float) -> Reading:
    """Return what happened in the *seconds* between two looks."""
    return Reading(
        {agent: found for _, agent in sorted(after) if agent and (found := _batches(before, after, agent, seconds))},
        int(_sum(after, "vitrine_lag_records")),
        int(_sum(after, "vitrine_owed")),
        int(_sum(after, "vitrine_shed_total")),
    )


def _batches(before: Totals, after: Totals, agent: str, seconds: float) -> Batches | None:
    def grown(name: str) -> float:
        return after.get((name, agent), 0.0) - before.get((name, agent), 0.0)

    means = []
    for name in _SUMS:
        count = grown(f"{name}_count")
        means.append(grown(f"{name}_sum") / count if count > 0 else 0.0)
    calls = grown("vitrine_batch_size_count")
    return Batches(calls / seconds, *means) if calls > 0 else None


def _sum(found: Totals, name: str) -> float:
    return sum(value for (sample, _), value in found.items() if sample == name)
