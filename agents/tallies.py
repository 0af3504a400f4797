"""What processors count of their outputs (`Stage.tally`), as series that exist beforehand and stay few."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import Counter, Gauge, Histogram

OTHER = "other"
"""Stands for a label that its processor did not declare, so that the number of series stays bounded."""


class Tallies:
    """Adds numbers to metrics; what takes them is looked up once, not for each list."""

    def __init__(self, metrics: Mapping[str, Counter | Gauge | Histogram]) -> None:
        """*metrics*: name of a tally to its metric; a histogram has the label agent, the others the tally's own, too."""
        self._metrics = metrics
        self._adders: dict[tuple[str, str, str], Callable[[float], None]] = {}

    def declare(self, agent: str, tallies: Mapping[str, Sequence[str]]) -> None:
        """Make the series of a processor exist: name of a tally to its labels."""
        for name, labels in tallies.items():
            metric = self._metrics[name]
            if isinstance(metric, Histogram):
                self._adders[agent, name, ""] = self._adders[agent, name, OTHER] = metric.labels(agent).observe
                continue
            for label in (*labels, OTHER):
                series = metric.labels(agent, label)
                self._adders[agent, name, label] = series.set if isinstance(series, Gauge) else series.inc

    def add(self, agent: str, tallies: Iterable[tuple[str, str, int]]) -> None:
        """Add what a processor counted: a declared name, a label and a number each; a gauge is set to it."""
        for name, label, number in tallies:
            adder = self._adders.get((agent, name, label)) or self._adders[agent, name, OTHER]
            adder(number)
