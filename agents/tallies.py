"""What processors count of their outputs (`Stage.tally`), as series that exist beforehand and stay few."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import Counter, Histogram

OTHER = "other"
"""Stands for a label that its processor did not declare, so that the number of series stays bounded."""


class Tallies:
    """Adds numbers to metrics; what takes them is looked up once, not for each list."""

    def __init__(self, metrics: Mapping[str, Counter | Histogram]) -> None:
        """*metrics*: name of a tally to its metric; a counter has the labels agent and the tally's own, a histogram agent."""
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
                self._adders[agent, name, label] = metric.labels(agent, label).inc

    def add(self, agent: str, tallies: Iterable[tuple[str, str, int]]) -> None:
        """Add what a processor counted: a declared name, a label and a number each."""
        for name, label, number in tallies:
            adder = self._adders.get((agent, name, label)) or self._adders[agent, name, OTHER]
            adder(number)
