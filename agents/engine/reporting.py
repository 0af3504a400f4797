"""What a worker tells of itself again and again: states in memory, and how far behind each of its partitions is."""

import time
from collections.abc import Mapping, Sequence

from agents.engine.delivery import Delivery, Source
from agents.engine.folding import FolderRunner
from agents.engine.runner import Runner
from agents.metrics import Metrics


class Report:
    """Brings metrics up to date."""

    def __init__(
        self, runners: Sequence[Runner], delivery: Delivery, names: Mapping[str, str], metrics: Metrics
    ) -> None:
        """*names*: topic on the broker to its name without the prefix."""
        self._runners, self._delivery, self._names, self._metrics = runners, delivery, names, metrics
        self._ends: dict[Source, int] = {}

    def note_ends(self, ends: Mapping[Source, int]) -> None:
        """Remember how far the logs reach."""
        self._ends.update(ends)

    def forget_lag(self) -> None:
        """Let no lag be told of partitions that may be another worker's by now."""
        self._ends.clear()
        self._metrics.lag.clear()
        self._metrics.lag_seconds.clear()

    def tell(self) -> None:
        """Set the metrics to what holds now."""
        metrics, delivery = self._metrics, self._delivery
        for runner in self._runners:
            runner.count()
            if isinstance(runner, FolderRunner):
                self._tell_states(runner)
        metrics.closed.set(delivery.closed())
        now, oldest = time.time(), delivery.oldest()
        for source, committed in delivery.positions().items():
            if committed is not None and source in self._ends:
                place = self._names[source[0]], str(source[1])
                metrics.lag.labels(*place).set(max(0, self._ends[source] - committed))
                age = now - oldest[source] / 1000 if source in oldest else 0.0
                metrics.lag_seconds.labels(*place).set(max(0.0, age))

    def _tell_states(self, runner: FolderRunner) -> None:
        name, keyspace = runner.stage.name, runner.keyspace
        misses, evicted = keyspace.usage.take()
        self._metrics.state_memory.labels(name).set(sum(shard.states.resident for shard in keyspace.active()))
        self._metrics.state_misses.labels(name).inc(misses)
        self._metrics.state_evicted.labels(name).inc(evicted)
