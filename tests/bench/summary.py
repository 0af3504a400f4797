"""From runs to figures: medians of each contender, and ratios of runs that were neighbours in a rotation."""

import statistics
from collections.abc import Callable, Sequence

import msgspec

from tests.bench.machine import Conditions

OURS = "vitrine"


class Run(msgspec.Struct):
    """One run of one contender; time and CPU from the first event to the end of the last commit."""

    engine: str
    round: int
    events: int
    rate: int
    """Events a second that were produced meanwhile; 0: all were there."""
    peer: bool
    before: Conditions
    events_per_second: int = 0
    cpu_us_per_event: float = 0.0
    seconds: float = 0.0
    changelog_records_per_event: float | None = None
    """None: it has no changelog."""
    verified: bool = False
    """Whether the last states in the changelog hold all events."""
    process_cpu_seconds: float = 0.0
    """Start and verification of the process included."""
    peak_mb: float = 0.0
    input: str = ""
    """What the producer of a paced run says of itself."""
    error: str = ""


def summary(runs: Sequence[Run]) -> dict[str, object]:
    """Return the figures of all *runs*; one with an error counts in none of them."""
    good = [run for run in runs if not run.error]
    backlog, paced = [run for run in good if not run.rate], [run for run in good if run.rate]
    return {
        **_headlines(backlog),
        **_figures(backlog),
        "paced": {"rate": paced[0].rate, **_figures(paced)} if paced else None,
        "failed": [f"{run.engine}, round {run.round}: {run.error.splitlines()[-1]}" for run in runs if run.error],
        "runs": list(runs),
    }


def _headlines(runs: Sequence[Run]) -> dict[str, object]:
    rate, cpu = medians(runs, _rate), medians(runs, _cpu)
    return {
        **{f"{name}_events_per_second": rate[name] for name in _names(runs, peer=False)},
        "cpu_us_per_event": cpu.get(OURS),
        **{
            f"{short}_cpu_us_per_event": cpu[name]
            for name, short in (("raw_aiokafka", "raw"), ("stock_faust_table", "stock_faust_table"), ("reference",) * 2)
            if name in cpu
        },
    }


def _figures(runs: Sequence[Run]) -> dict[str, object]:
    return {
        "ratios": {
            name: {
                "events_per_second": ratio(runs, name, _rate),
                "cpu_us_per_event": ratio(runs, name, _cpu),
                "pairs": len(_pairs(runs, name)),
            }
            for name in _names(runs)
            if name != OURS and _pairs(runs, name)
        },
        "engines": {name: _of(runs, name) for name in _names(runs, peer=False)},
        "peers": {name: _of(runs, name) for name in _names(runs, peer=True)},
    }


def _of(runs: Sequence[Run], name: str) -> dict[str, object]:
    its = [run for run in runs if run.engine == name]
    written = [run.changelog_records_per_event for run in its if run.changelog_records_per_event is not None]
    return {
        "runs": len(its),
        "events": its[0].events,
        "events_per_second": round(statistics.median(map(_rate, its))),
        "cpu_us_per_event": round(statistics.median(map(_cpu, its)), 2),
        "cpu_us_per_event_range": [round(min(map(_cpu, its)), 2), round(max(map(_cpu, its)), 2)],
        "changelog_records_per_event": round(statistics.median(written), 3) if written else None,
        "peak_mb": round(statistics.median(run.peak_mb for run in its)),
    }


def medians(runs: Sequence[Run], figure: Callable[[Run], float]) -> dict[str, float]:
    """Return the median of a figure for each contender."""
    return {
        name: round(statistics.median(figure(run) for run in runs if run.engine == name), 2) for name in _names(runs)
    }


def ratio(runs: Sequence[Run], name: str, figure: Callable[[Run], float]) -> float | None:
    """Return the median over all rounds of our figure divided by that of *name* in the same round."""
    pairs = [figure(ours) / figure(its) for ours, its in _pairs(runs, name) if figure(its)]
    return round(statistics.median(pairs), 3) if pairs else None


def _pairs(runs: Sequence[Run], name: str) -> list[tuple[Run, Run]]:
    ours = {run.round: run for run in runs if run.engine == OURS}
    return [(ours[run.round], run) for run in runs if run.engine == name and run.round in ours]


def _names(runs: Sequence[Run], *, peer: bool | None = None) -> list[str]:
    return list(dict.fromkeys(run.engine for run in runs if peer is None or run.peer == peer))


def _rate(run: Run) -> float:
    return run.events_per_second


def _cpu(run: Run) -> float:
    return run.cpu_us_per_event
