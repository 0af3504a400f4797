"""Every number that a worker exports."""

from collections.abc import Iterable, Mapping
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from agents.engine.lineage import Wiped
from agents.processor import Outcome, Stage
from agents.tallies import Tallies
from agents.topics import Topic, dead_letters
from schemas.dead_letters import Stage as DeadStage

OUTCOMES = (*get_args(Outcome), "ignored", "dead_letter", "rekeyed")
"""What becomes of a record that was read: each ends in one of these; `redelivered` comes on top."""

REASONS: Final[Mapping[DeadStage, tuple[str, ...]]] = {
    "decode": ("undecodable",),
    "validate": ("invalid", "tombstone"),
    "key": ("no_key", "key_mismatch", "no_place"),
    "score": ("unscored",),
}
"""Why a record becomes a dead letter, by the stage that refuses it."""

LOOPS = ("fetch", "commit", "views")
"""What must come round again and again for a worker to be alive: reading, committing, following views."""

_LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SHORT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
_SIZES = (1, 2, 4, 8, 16, 32, 64)
_SLOTS = (0, 1, 2, 4, 6, 8, 10, 15, 20, 50, 100)


class Metrics:
    """The counters, gauges and histograms of one worker."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._declare_flow(registry)
        self._declare_lists(registry)
        self._declare_batches(registry)
        self._declare_state(registry)
        self._declare_worker(registry)
        self._by_agent = (
            *(self.owed, self.shed, self.superseded, self.unscored, self.output_latency),
            *(self.batch_size, self.batch_wait, self.batch_run),
            *(self.state_written, self.state_restored, self.state_fenced, self.state_reopened),
            *(self.warm, self.warm_lag),
            *(self.state_memory, self.state_misses, self.state_evicted, self.state_left),
            self.restore_left,
        )
        self._tallies = Tallies(
            {
                "lists": self.lists,
                "list_slots": self.list_slots,
                "categories": self.list_categories,
                "slots": self.slots,
                "marks": self.slots_marked,
                "items": self.items,
                "shown": self.slots_shown,
                "clicked": self.slots_clicked,
                "copies": self.copies,
            }
        )

    def _declare_flow(self, to: CollectorRegistry) -> None:
        self.events = Counter(
            "vitrine_events", "Records read, by what became of them.", ["agent", "topic", "outcome"], registry=to
        )
        self.dead_letters = Counter(
            "vitrine_dead_letters", "Records that could not be used.", ["topic", "stage", "reason"], registry=to
        )
        self.outputs = Counter("vitrine_outputs", "Records written and acknowledged.", ["topic"], registry=to)
        self.output_latency = Histogram(
            "vitrine_event_to_output_seconds",
            "From the broker's time of an event to the acknowledgement of what it led to.",
            ["agent"],
            buckets=_LATENCY,
            registry=to,
        )
        self.last_event = Gauge(
            "vitrine_last_event_timestamp_seconds",
            "The broker's time of the newest record handled, since 1970.",
            ["agent", "topic"],
            registry=to,
        )
        place = ["topic", "partition"]
        self.lag = Gauge("vitrine_lag_records", "Records behind the committed offset.", place, registry=to)
        self.lag_seconds = Gauge(
            "vitrine_lag_seconds",
            "Age of the first record read and not committed; 0 if there is none.",
            place,
            registry=to,
        )

    def _declare_lists(self, to: CollectorRegistry) -> None:
        self.lists = Counter(
            "vitrine_lists",
            "Lists made, by what they rest on: personal (a slot knows the shopper), fallback (none does), request (the page "
            "named the items) or empty.",
            ["agent", "basis"],
            registry=to,
        )
        self.list_slots = Histogram("vitrine_list_slots", "Slots of a list.", ["agent"], buckets=_SLOTS, registry=to)
        self.slots = Counter(
            "vitrine_slots", "Slots filled, by what brought the item in.", ["agent", "source"], registry=to
        )
        self.list_categories = Histogram(
            "vitrine_list_categories",
            "Different categories in a list of items that have any.",
            ["agent"],
            buckets=_SLOTS,
            registry=to,
        )
        self.slots_marked = Counter(
            "vitrine_slots_marked",
            "Slots that are explored (their item was drawn by lot) or repeated (the shopper saw it in the list before).",
            ["agent", "mark"],
            registry=to,
        )
        self.items = Gauge(
            "vitrine_items",
            "Items that are known, and of these and former ones, that were listed since the worker started.",
            ["agent", "set"],
            registry=to,
        )
        self.slots_shown = Counter(
            "vitrine_slots_shown",
            "Slots that shoppers saw, by what had brought the item in.",
            ["agent", "source"],
            registry=to,
        )
        self.slots_clicked = Counter(
            "vitrine_slots_clicked",
            "Slots that shoppers clicked, by what had brought the item in.",
            ["agent", "source"],
            registry=to,
        )
        self.copies = Counter(
            "vitrine_copies", "Words for the top slots of lists, made or missing.", ["agent", "outcome"], registry=to
        )
        self.owed = Gauge("vitrine_owed", "Lists, cards and scores waiting to be made.", ["agent"], registry=to)
        self.shed = Counter("vitrine_shed", "Owed lists dropped under overload.", ["agent"], registry=to)
        self.superseded = Counter(
            "vitrine_superseded",
            "Owed lists, cards and vectors that a newer one of the same replaced before they were made.",
            ["agent"],
            registry=to,
        )
        self.unscored = Counter(
            "vitrine_unscored", "Owed lists dropped because making them failed.", ["agent"], registry=to
        )

    def _declare_batches(self, to: CollectorRegistry) -> None:
        self.batch_size = Histogram(
            "vitrine_batch_size", "Jobs scored in one call.", ["agent"], buckets=_SIZES, registry=to
        )
        self.batch_limit = Gauge("vitrine_batch_limit", "Jobs scored in one call, at most.", ["agent"], registry=to)
        self.batch_wait = Histogram(
            "vitrine_batch_wait_seconds",
            "Age of the oldest job when its batch is taken.",
            ["agent"],
            buckets=_LATENCY,
            registry=to,
        )
        self.batch_run = Histogram(
            "vitrine_batch_run_seconds", "Time of a scoring call.", ["agent"], buckets=_LATENCY, registry=to
        )
        self.models = Info("vitrine_model", "A loaded model: its version and where it runs.", ["model"], registry=to)
        self.model_fallback = Gauge(
            "vitrine_model_fallback",
            "1 if a model runs on the CPU although CUDA was asked for.",
            ["model"],
            registry=to,
        )

    def _declare_state(self, to: CollectorRegistry) -> None:
        self.closed = Gauge(
            "vitrine_closed_partitions", "Assigned partitions whose state is not restored yet.", registry=to
        )
        self.assigned = Gauge("vitrine_assigned_partitions", "Partitions assigned.", registry=to)
        self.rebalances = Counter("vitrine_rebalances", "Assignments received.", registry=to)
        self.commit_seconds = Histogram(
            "vitrine_commit_seconds", "Time to make state and offsets durable.", buckets=_LATENCY, registry=to
        )
        self.state_written = Counter(
            "vitrine_state_written", "States written to the changelog.", ["agent"], registry=to
        )
        self.state_restored = Counter("vitrine_state_restored", "Changelog records restored.", ["agent"], registry=to)
        self.restore_left = Gauge(
            "vitrine_restore_left_records",
            "Changelog records before an agent's states are all here; fewer come where it was compacted.",
            ["agent"],
            registry=to,
        )
        self.state_wiped = Counter(
            "vitrine_state_wiped",
            "Local stores emptied, to be restored from the changelog: damaged; foreign, of another changelog; recreated, "
            "of one that was deleted; cut or forked, of one that lost records; outdated, behind its tombstones.",
            ["agent", "reason"],
            registry=to,
        )
        self.state_fenced = Counter(
            "vitrine_state_fenced", "Changelog records of former owners, ignored.", ["agent"], registry=to
        )
        self.state_reopened = Counter(
            "vitrine_state_reopened", "Partitions restored again because another worker wrote.", ["agent"], registry=to
        )
        self.state_left = Counter(
            "vitrine_state_left", "States that left because nothing was heard of them for long.", ["agent"], registry=to
        )
        self.state_memory = Gauge(
            "vitrine_state_memory_bytes", "Memory that states in use take, as estimated.", ["agent"], registry=to
        )
        self.state_misses = Counter(
            "vitrine_state_misses", "States that were not in memory when they were needed.", ["agent"], registry=to
        )
        self.state_evicted = Counter(
            "vitrine_state_evicted", "States that made room in memory for others.", ["agent"], registry=to
        )
        self.warm = Gauge(
            "vitrine_warm_partitions",
            "Partitions of other workers whose states are kept up to date here.",
            ["agent"],
            registry=to,
        )
        self.warm_lag = Gauge(
            "vitrine_warm_lag_records", "Changelog records that the warm copies here lack.", ["agent"], registry=to
        )
        self.views = Counter("vitrine_view_records", "Records applied to views.", ["topic", "outcome"], registry=to)
        self.view_lag = Gauge(
            "vitrine_view_lag_records", "Records that a view has not read yet.", ["topic"], registry=to
        )
        self.view_timestamp = Gauge(
            "vitrine_view_timestamp_seconds",
            "The broker's time of the record that a view read last, since 1970.",
            ["topic"],
            registry=to,
        )

    def _declare_worker(self, to: CollectorRegistry) -> None:
        self.maker_cpu = Counter(
            "vitrine_maker_cpu_seconds", "CPU time of the process beside the worker's.", ["agent"], registry=to
        )
        self.maker_memory = Gauge(
            "vitrine_maker_resident_memory_bytes", "Memory of the process beside the worker's.", ["agent"], registry=to
        )
        self.heartbeat = Gauge(
            "vitrine_heartbeat_timestamp_seconds",
            "When a loop of the worker last came round, since 1970.",
            ["loop"],
            registry=to,
        )
        self.loop_lag = Histogram(
            "vitrine_loop_lag_seconds", "How late the event loop wakes a sleeper.", buckets=_SHORT, registry=to
        )
        self.build = Info("vitrine_build", "Versions of what runs.", registry=to)

    def declare(self, stage: Stage, topics: Iterable[Topic]) -> None:
        """Make the series of a processor that reads *topics* exist before anything happens: one that exists can alert."""
        for topic in topics:
            for outcome in OUTCOMES:
                self.events.labels(stage.name, topic.name, outcome)
            for refused, reasons in REASONS.items():
                for reason in reasons:
                    self.dead_letters.labels(topic.name, refused, reason)
            self.outputs.labels(dead_letters(topic).name)
        for topic in stage.outputs:
            self.outputs.labels(topic.name)
        for view in stage.views:
            for outcome in ("applied", "undecodable"):
                self.views.labels(view.topic.name, outcome)
            self.view_lag.labels(view.topic.name)
        for metric in self._by_agent:
            metric.labels(stage.name)
        for why in get_args(Wiped):
            self.state_wiped.labels(stage.name, why)
        self._tallies.declare(stage.name, stage.tallies)

    def tally(self, agent: str, tallies: Iterable[tuple[str, str, int]]) -> None:
        """Add what a processor counted: a name of its `tallies`, a label and a number each."""
        self._tallies.add(agent, tallies)

    def model(self, name: str, *, version: str, provider: str, wanted: str) -> None:
        """Tell which model runs where; *wanted* is the setting: `auto`, `cpu` or `cuda`."""
        self.models.labels(name).info({"version": version, "provider": provider, "wanted": wanted})
        self.model_fallback.labels(name).set(wanted == "cuda" and provider != "cuda")

    def beat(self, loop: str) -> None:
        """Note that one of `LOOPS` came round."""
        self.heartbeat.labels(loop).set_to_current_time()
