"""What a worker says of itself: CPU time, memory and metrics, before and after a phase."""

import math
import os
import urllib.request
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")

Series = Mapping[str, Mapping[float, float]]
"""Name of a histogram, with its agent, to how many values each bucket's bound is not exceeded by."""


class Spent(NamedTuple):
    """What processes have used so far."""

    cpu: float
    """Seconds of all its threads."""
    resident: int
    """Bytes."""


def spent(pids: Sequence[int]) -> Spent:
    """Return what living processes and their children have used together."""
    found = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in with_children(pids)]
    return Spent(
        sum(int(fields[11]) + int(fields[12]) for fields in found) / _TICK,
        sum(int(fields[21]) for fields in found) * _PAGE,
    )


def with_children(pids: Sequence[int]) -> list[int]:
    """Return *pids* and the processes that they started."""
    children = (path.read_text() for pid in pids for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return [*pids, *(int(child) for line in children for child in line.split())]


def busy() -> float:
    """Return the CPU seconds that all processes of the machine together have used."""
    fields = list(map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) / _TICK


class Metrics(NamedTuple):
    """A worker's numbers at one moment."""

    histograms: dict[str, dict[float, float]]
    sums: dict[str, float]
    """Of the values in each histogram."""
    counters: dict[str, float]


def read(port: int) -> Metrics:
    """Ask a worker for its metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    histograms: dict[str, dict[float, float]] = defaultdict(dict)
    sums: dict[str, float] = {}
    counters: dict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = " ".join((family.name.removeprefix("vitrine_"), sample.labels.get("agent", ""))).strip()
            if sample.name.endswith("_bucket"):
                histograms[name][float(sample.labels["le"])] = sample.value
            elif sample.name.endswith("_sum"):
                sums[name] = sample.value
            elif family.type == "counter":
                outcome = sample.labels.get("outcome", sample.labels.get("generation", ""))
                counters[f"{name} {outcome}".strip()] += sample.value
    return Metrics(dict(histograms), sums, dict(counters))


def read_all(ports: Sequence[int]) -> Metrics:
    """Ask several workers, and add up what they say."""
    whole = Metrics(defaultdict(lambda: defaultdict(float)), defaultdict(float), defaultdict(float))
    for one in map(read, ports):
        for name, buckets in one.histograms.items():
            for le, number in buckets.items():
                whole.histograms[name][le] += number
        for name, total in one.sums.items():
            whole.sums[name] += total
        for name, count in one.counters.items():
            whole.counters[name] += count
    return whole


def between(before: Metrics, after: Metrics) -> dict[str, dict[str, float]]:
    """Return count, mean and upper bounds of p50 and p99 of what each histogram got, in the unit of its name."""
    found = {}
    for name, buckets in after.histograms.items():
        earlier = before.histograms.get(name, {})
        got = {bound: number - earlier.get(bound, 0.0) for bound, number in buckets.items()}
        count = got[math.inf]
        if count:
            found[name] = {
                "count": count,
                "mean": round((after.sums[name] - before.sums.get(name, 0.0)) / count, 6),
                "p50_at_most": bound(got, 0.5),
                "p99_at_most": bound(got, 0.99),
            }
    return found


def bound(buckets: Mapping[float, float], share: float) -> float:
    """Return the smallest bound that at least *share* of the values do not exceed."""
    total = buckets[math.inf]
    return next(le for le, number in sorted(buckets.items()) if number >= share * total)
