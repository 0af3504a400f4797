"""Every number that a worker exports."""

from collections.abc import Iterable
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from agents.processor import Outcome

OUTCOMES = (*get_args(Outcome), "ignored", "dead_letter", "rekeyed")
"""What becomes of a record that was read: each ends in one of these; `redelivered` comes on top."""

_LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SHORT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
_SIZES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The counters, gauges and histograms of one worker."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.events = Counter(
            "vitrine_events", "Records read, by what became of them.", ["agent", "topic", "outcome"], registry=registry
        )
        self.dead_letters = Counter(
            "vitrine_dead_letters", "Records that could not be used.", ["topic", "stage", "reason"], registry=registry
        )
        self.outputs = Counter("vitrine_outputs", "Records written and acknowledged.", ["topic"], registry=registry)
        self.output_latency = Histogram(
            "vitrine_event_to_output_seconds",
            "From the broker's time of an event to the acknowledgement of what it led to.",
            ["agent"],
            buckets=_LATENCY,
            registry=registry,
        )
        self.owed = Gauge("vitrine_owed", "Lists, cards and scores waiting to be made.", ["agent"], registry=registry)
        self.shed = Counter("vitrine_shed", "Owed lists dropped under overload.", ["agent"], registry=registry)
        self.unscored = Counter(
            "vitrine_unscored", "Owed lists dropped because making them failed.", ["agent"], registry=registry
        )
        self.batch_size = Histogram(
            "vitrine_batch_size", "Jobs scored in one call.", ["agent"], buckets=_SIZES, registry=registry
        )
        self.batch_wait = Histogram(
            "vitrine_batch_wait_seconds",
            "Age of the oldest job when its batch is taken.",
            ["agent"],
            buckets=_LATENCY,
            registry=registry,
        )
        self.batch_run = Histogram(
            "vitrine_batch_run_seconds", "Time of a scoring call.", ["agent"], buckets=_LATENCY, registry=registry
        )
        self.lag = Gauge(
            "vitrine_lag_records", "Records behind the committed offset.", ["topic", "partition"], registry=registry
        )
        self.closed = Gauge(
            "vitrine_closed_partitions", "Assigned partitions whose state is not restored yet.", registry=registry
        )
        self.assigned = Gauge("vitrine_assigned_partitions", "Partitions assigned.", registry=registry)
        self.rebalances = Counter("vitrine_rebalances", "Assignments received.", registry=registry)
        self.commit_seconds = Histogram(
            "vitrine_commit_seconds", "Time to make state and offsets durable.", buckets=_LATENCY, registry=registry
        )
        self.state_written = Counter(
            "vitrine_state_written", "States written to the changelog.", ["agent"], registry=registry
        )
        self.state_restored = Counter(
            "vitrine_state_restored", "Changelog records restored.", ["agent"], registry=registry
        )
        self.state_fenced = Counter(
            "vitrine_state_fenced", "Changelog records of former owners, ignored.", ["agent"], registry=registry
        )
        self.state_reopened = Counter(
            "vitrine_state_reopened",
            "Partitions restored again because another worker wrote.",
            ["agent"],
            registry=registry,
        )
        self.views = Counter(
            "vitrine_view_records", "Records applied to views.", ["topic", "outcome"], registry=registry
        )
        self.loop_lag = Histogram(
            "vitrine_loop_lag_seconds", "How late the event loop wakes a sleeper.", buckets=_SHORT, registry=registry
        )
        self.models = Info("vitrine_model", "A loaded model.", ["model"], registry=registry)

    def declare(self, agent: str, topics: Iterable[str]) -> None:
        """Make the series of an agent exist before anything happens: one that exists can alert."""
        for topic in topics:
            for outcome in OUTCOMES:
                self.events.labels(agent, topic, outcome)
        for metric in (self.owed, self.shed, self.unscored, self.output_latency):
            metric.labels(agent)
