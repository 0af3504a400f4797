"""The dashboard *Shopper experience*: whether shoppers get good lists in time, and if not, where it sticks."""

from typing import Any, Final

from ops.grafana.grid import Panel, Query, Row, dashboard

SLO: Final = "0.05"
"""Seconds; bucket of the objective, as in ops/alerts."""
ON: Final = 'job=~"$job",instance=~"$instance"'
"""Which workers."""


def build() -> dict[str, Any]:
    """Return the dashboard."""
    about = "Do shoppers get good lists in time, and if not, where does it stick? Made by ops/grafana; change it there."
    rows = [_now(), _latency(), _freshness(), _health(), _worth(), _input(), _making(), _workers()]
    return dashboard("vitrine-shoppers", "Shopper experience", about, rows)


def _rate(metric: str, by: str = "", more: str = "") -> str:
    """Return the events a second of a counter, summed up."""
    where = f"{ON},{more}" if more else ON
    return f"sum {f'by ({by}) ' if by else ''}(rate({metric}{{{where}}}[$__rate_interval]))"


def _quantile(share: float, metric: str, by: str = "", more: str = "") -> str:
    le = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, {_rate(f'{metric}_bucket', le, more)})"


def _in_time(more: str = 'agent="shoppers"') -> str:
    name = "vitrine_event_to_output_seconds"
    soon = f'{more},le="{SLO}"'
    return f"{_rate(f'{name}_bucket', '', soon)} / {_rate(f'{name}_count', '', more)}"


def _share(metric: str, label: str, value: str) -> str:
    picked = f'{label}="{value}"'
    return f"{_rate(metric, '', picked)} / {_rate(metric)}"


def _now() -> Row:
    def stat(title: str, about: str, unit: str, expr: str, limits: tuple[float, ...] = ()) -> Panel:
        return Panel(title, about, unit, [Query(expr)], "stat", 3, limits)

    return Row(
        "Now",
        [
            stat("Lists in time", "Lists that left within 50 ms of the broker's time of their event; 95% is the objective.",
                 "percentunit", _in_time(), (0.95, 0.7)),
            stat("Lists a second", "Lists made.", "ops", _rate("vitrine_lists_total")),
            stat("Behind", "Age of the oldest record that is read and not committed; a second or two is a commit's rhythm.",
                 "s", f"max(vitrine_lag_seconds{{{ON}}})", (10, 60)),
            stat("Fallback share", "Lists in which no slot knows the shopper.",
                 "percentunit", _share("vitrine_lists_total", "basis", "fallback"), (0.3, 0.5)),
            stat("Empty share", "Lists without a slot.",
                 "percentunit", _share("vitrine_lists_total", "basis", "empty"), (0.01, 0.05)),
            stat("Dead letters a second", "Records that could not be used.", "ops", _rate("vitrine_dead_letters_total"), (0.1, 10)),
            stat("Workers up", "Workers that answer.", "short", f"sum(up{{{ON}}})", (1, 0.5)),
            stat("Closed partitions", "Partitions whose state is being restored: nobody folds their events meanwhile.",
                 "short", f"sum(vitrine_closed_partitions{{{ON}}})", (1,)),
        ],
    )  # fmt: skip


def _latency() -> Row:
    name, lists = "vitrine_event_to_output_seconds", 'agent="shoppers"'
    return Row(
        "Click to list",
        [
            Panel("Click to list", "From the broker's time of an event to the acknowledgement of its list.", "s",
                  [Query(_quantile(q, name, "", lists), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)], limits=(0.05,)),
            Panel("Lists in time", "Share of lists within 50 ms; below the line the error budget is being spent.", "percentunit",
                  [Query(_in_time(), "within 50 ms"), Query('1 - vitrine:slow_lists:ratio_rate1h{job=~"$job"}', "of the last hour")],
                  limits=(0.95, 0.7), most=1),
            Panel("Click to list, all", "Lists by how long they took.", "s", [Query(_rate(f"{name}_bucket", "le", lists), "{{le}}")],
                  "heatmap"),
        ],
    )  # fmt: skip


def _freshness() -> Row:
    return Row(
        "Freshness",
        [
            Panel("Lag in seconds", "Age of the first record of a topic that is read and not committed.", "s",
                  [Query(f"max by (topic) (vitrine_lag_seconds{{{ON}}})", "{{topic}}")], limits=(10, 60)),
            Panel("Lag in records", "Records behind the committed offset.", "short",
                  [Query(f"sum by (topic) (vitrine_lag_records{{{ON}}})", "{{topic}}")], limits=(10_000,)),
            Panel("Age of the newest event", "Since the newest record that was handled; grows while nothing comes in.", "s",
                  [Query(f"time() - max by (agent, topic) (vitrine_last_event_timestamp_seconds{{{ON}}})", "{{agent}} {{topic}}")]),
            Panel("Age of views", "Since the newest item card or vector that lists are made from.", "s",
                  [Query(f"time() - max by (topic) (vitrine_view_timestamp_seconds{{{ON}}})", "{{topic}}")]),
            Panel("Views behind", "Records of views that the slowest worker has not read.", "short",
                  [Query(f"max by (topic) (vitrine_view_lag_records{{{ON}}})", "{{topic}}")], limits=(10_000,)),
            Panel("Heartbeats", "Since each loop of the slowest worker came round.", "s",
                  [Query(f"max by (loop) (time() - vitrine_heartbeat_timestamp_seconds{{{ON}}})", "{{loop}}")], limits=(30, 120)),
        ],
    )  # fmt: skip


def _health() -> Row:
    slots = f"{_rate('vitrine_slots_total', 'source')} / on () group_left () {_rate('vitrine_slots_total')}"
    mean = f"{_rate('vitrine_list_slots_sum')} / {_rate('vitrine_list_slots_count')}"
    return Row(
        "List health",
        [
            Panel("Lists by what they rest on", "personal: a slot knows the shopper; fallback: none does; request: the page named the "
                  "items.", "ops", [Query(_rate("vitrine_lists_total", "basis"), "{{basis}}")], stacked=True),
            Panel("Slots by source", "What brought items in. A source that goes away is broken, or its input is.", "percentunit",
                  [Query(slots, "{{source}}")], stacked=True, most=1),
            Panel("Fallback and empty", "Shares of lists; strangers get fallback lists by design.", "percentunit",
                  [Query(_share("vitrine_lists_total", "basis", "fallback"), "fallback"),
                   Query(_share("vitrine_lists_total", "basis", "empty"), "empty"),
                   Query('vitrine:fallback_lists:ratio_rate30m{job=~"$job"}', "fallback, half an hour"),
                   Query('vitrine:empty_lists:ratio_rate10m{job=~"$job"}', "empty, ten minutes")], limits=(0.3, 0.5), most=1),
            Panel("Slots of a list", "Mean, and the shortest twentieth.", "short",
                  [Query(mean, "mean"), Query(_quantile(0.05, "vitrine_list_slots"), "p5")]),
            Panel("Words", "Copies for the three top slots of each list.", "ops",
                  [Query(_rate("vitrine_copies_total", "outcome"), "{{outcome}}")], stacked=True),
            Panel("Records out", "Written and acknowledged.", "ops",
                  [Query(_rate("vitrine_outputs_total", "topic", 'topic!~"dlq.*"'), "{{topic}}")]),
        ],
    )  # fmt: skip


def _worth() -> Row:
    def of(clicked: str, shown: str, by: str = "") -> str:
        return f"{_rate(clicked, by)} / {_rate(shown, by)}"

    def marked(mark: str) -> str:
        picked = f'mark="{mark}"'
        return f"{_rate('vitrine_slots_marked_total', '', picked)} / {_rate('vitrine_slots_total')}"

    clicked, shown = "vitrine_slots_clicked_total", "vitrine_slots_shown_total"
    return Row(
        "What lists are worth",
        [
            Panel("Click-through", "Clicks for each slot that was seen, of lists that the storefront named in `list_shown` and `click`.",
                  "percentunit", [Query(of(clicked, shown), "all")]),
            Panel("Click-through by source", "Which sources bring what is clicked.", "percentunit",
                  [Query(f"{of(clicked, shown, 'source')} > 0", "{{source}}")]),
            Panel("Coverage", "Share of the known items that a worker has listed since it started.", "percentunit",
                  [Query(f'max(vitrine_items{{{ON},set="listed"}} / ignoring (set) (vitrine_items{{{ON},set="known"}} > 0))',
                         "of the best worker")], most=1),
            Panel("Repeated and explored", "Slots whose item the shopper saw in the list before; slots whose item was drawn by lot.",
                  "percentunit", [Query(marked("repeated"), "repeated"), Query(marked("explored"), "explored")], most=1),
            Panel("Categories of a list", "Mean; the setting VITRINE_CROWDING makes it more or less.", "short",
                  [Query(f"{_rate('vitrine_list_categories_sum')} / {_rate('vitrine_list_categories_count')}", "mean")]),
        ],
    )  # fmt: skip


def _input() -> Row:
    odd = 'outcome!~"folded|dead_letter"'
    return Row(
        "What comes in",
        [
            Panel("Events read", "Records by topic.", "ops", [Query(_rate("vitrine_events_total", "topic"), "{{topic}}")], stacked=True),
            Panel("Not as usual", "Records that were not simply folded: late, clamped, duplicates, read again after a restart, sent on "
                  "to their right key.", "ops", [Query(_rate("vitrine_events_total", "outcome", odd), "{{outcome}}")]),
            Panel("Dead letters", "By topic and reason; the records lie on dlq.TOPIC.", "ops",
                  [Query(f"{_rate('vitrine_dead_letters_total', 'topic, reason')} > 0 or {_rate('vitrine_dead_letters_total')}",
                         "{{topic}} {{reason}}")]),
            Panel("Share of dead letters", "Of the records of a topic, ten minutes.", "percentunit",
                  [Query('vitrine:dead_letters:ratio_rate10m{job=~"$job"}', "{{topic}}")], limits=(0.001, 0.01)),
        ],
    )  # fmt: skip


def _making() -> Row:
    fill = (
        f"{_rate('vitrine_batch_size_sum', 'agent')} / {_rate('vitrine_batch_size_count', 'agent')}"
        f" / max by (agent) (vitrine_batch_limit{{{ON}}})"
    )
    return Row(
        "Making lists",
        [
            Panel("Owed", "Lists, cards and scores that wait to be made.", "short",
                  [Query(f"sum by (agent) (vitrine_owed{{{ON}}})", "{{agent}}")]),
            Panel("Dropped", "Lists dropped under overload (shed), or because making them failed.", "ops",
                  [Query(_rate("vitrine_shed_total", "agent"), "{{agent}} shed"),
                   Query(_rate("vitrine_unscored_total", "agent"), "{{agent}} failed")], limits=(0.01,)),
            Panel("Superseded", "Lists, cards and vectors that a newer one of the same replaced before they were made.", "ops",
                  [Query(_rate("vitrine_superseded_total", "agent"), "{{agent}}")]),
            Panel("Batch fill", "Jobs of a batch against the most it may have; near 100% scoring is the limit.", "percentunit",
                  [Query(fill, "{{agent}}")], limits=(0.7, 0.95), most=1),
            Panel("Batch wait", "Age of the oldest job when its batch is taken, p95; cards wait half a second on purpose.", "s",
                  [Query(_quantile(0.95, "vitrine_batch_wait_seconds", "agent"), "{{agent}}")]),
            Panel("Batch run", "Time of a scoring call, p95.", "s",
                  [Query(_quantile(0.95, "vitrine_batch_run_seconds", "agent"), "{{agent}}")]),
            Panel("Commit", "Time to make state and offsets durable, p95.", "s",
                  [Query(_quantile(0.95, "vitrine_commit_seconds"), "p95")], limits=(1, 5)),
        ],
    )  # fmt: skip


def _workers() -> Row:
    by = "by (instance) "
    return Row(
        "Workers",
        [
            Panel("Partitions", "Assigned to each worker, closed while their state is restored, and kept warm for others.", "short",
                  [Query(f"max {by}(vitrine_assigned_partitions{{{ON}}})", "{{instance}} assigned"),
                   Query(f"max {by}(vitrine_closed_partitions{{{ON}}})", "{{instance}} closed"),
                   Query(f"sum {by}(vitrine_warm_partitions{{{ON}}})", "{{instance}} warm")], width=6),
            Panel("Event loop lag", "How late the event loop wakes a sleeper, p99; 10 ms is the aim.", "s",
                  [Query(_quantile(0.99, "vitrine_loop_lag_seconds", "instance"), "{{instance}}")], width=6, limits=(0.01, 0.1)),
            Panel("CPU", "CPUs in use.", "short",
                  [Query(f"sum {by}(rate(process_cpu_seconds_total{{{ON}}}[$__rate_interval]))", "{{instance}}")], width=6),
            Panel("Memory", "Resident.", "bytes",
                  [Query(f"max {by}(process_resident_memory_bytes{{{ON}}})", "{{instance}}")], width=6),
            Panel("State", "States written to changelogs, restored from them, and partitions restored because another worker wrote.",
                  "ops", [Query(_rate("vitrine_state_written_total", "agent"), "{{agent}} written"),
                          Query(_rate("vitrine_state_restored_total", "agent"), "{{agent}} restored"),
                          Query(_rate("vitrine_state_reopened_total", "agent"), "{{agent}} reopened")]),
            Panel("States in memory", "Memory that states in use take, as estimated; VITRINE_CACHE is its limit.", "bytes",
                  [Query(f"sum by (agent) (vitrine_state_memory_bytes{{{ON}}})", "{{agent}}")], width=6),
            Panel("States read", "States that were not in memory when they were needed, those that made room for others, and those "
                  "that left because nothing was heard of them for long.",
                  "ops", [Query(_rate("vitrine_state_misses_total", "agent"), "{{agent}} read"),
                          Query(_rate("vitrine_state_evicted_total", "agent"), "{{agent}} made room"),
                          Query(_rate("vitrine_state_left_total", "agent"), "{{agent}} left")], width=6),
            Panel("Models", "What is loaded, and where it runs.", "short", [Query(f"vitrine_model_info{{{ON}}}")], "table",
                  hidden=("job",)),
            Panel("Versions", "What runs.", "short", [Query(f"vitrine_build_info{{{ON}}}")], "table", hidden=("job",)),
        ],
    )  # fmt: skip
