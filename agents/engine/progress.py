"""How far the restore of an agent's states is, for who watches: numbers at each step, a line each few seconds."""

import time
from collections.abc import Callable

import structlog

from agents.metrics import Metrics

log = structlog.get_logger(__name__)

_SAY_SECONDS = 5.0


class Progress:
    """The restores of one agent that are under way."""

    def __init__(self, agent: str, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self._agent = agent
        self._clock = clock
        self._restored = metrics.state_restored.labels(agent)
        self._gauge = metrics.restore_left.labels(agent)
        self._left: dict[int, int] = {}
        self._begun = self._said = 0.0
        self._records = self._passed = 0

    def begin(self, partition: int, left: int) -> None:
        """Begin a restore of *partition* that has *left* offsets to go."""
        if not self._left:
            self._begun = self._said = self._clock()
            self._records = self._passed = 0
        self._left[partition] = left
        self._tell()

    def applied(self, partition: int, records: int, left: int) -> None:
        """Note that *records* were applied, and how many offsets are *left*; compaction leaves offsets without records."""
        self._restored.inc(records)
        self._records += records
        self._passed += max(0, self._left.get(partition, left) - left)
        self._left[partition] = left
        self._tell()
        now = self._clock()
        if now - self._said > _SAY_SECONDS:
            self._said = now
            log.info("restoring", agent=self._agent, **self.figures(now))

    def end(self, partition: int) -> None:
        """Note that *partition* is restored, or not any more to be."""
        self._left.pop(partition, None)
        self._tell()

    def figures(self, now: float) -> dict[str, int]:
        """Return what the line at the time *now* says."""
        to_go, seconds = sum(self._left.values()), max(1e-6, now - self._begun)
        return {
            "partitions_left": len(self._left),
            "records": self._records,
            "records_to_go": to_go,
            "records_per_second": round(self._records / seconds),
            "seconds_to_go": round(to_go * seconds / self._passed) if self._passed else -1,
        }

    def _tell(self) -> None:
        self._gauge.set(sum(self._left.values()))
