"""What tests read in an expression of Prometheus, and which metrics there are to name."""

import re

from prometheus_client import CollectorRegistry

from agents.metrics import Metrics

THEIRS = {"up", "ALERTS", "process_start_time_seconds"}
"""Metrics that Prometheus and its client library make."""


def exported() -> set[str]:
    """Return every series name that a worker exports."""
    names = {"vitrine_model_info", "vitrine_build_info"}
    for family in Metrics(CollectorRegistry()).registry.collect():
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
        names |= {family.name + ending for ending in endings.get(family.type, ())}
    return names


def named(expression: str) -> set[str]:
    """Return the names of metrics in an expression."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|without|ignoring)\s*\([^)]*\)", "", expression)
    words = set(re.findall(r"(?<![\w:])[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])", bare))
    return words - {"and", "or", "unless", "by", "bool", "sum", "max", "min", "count", "group_left"}


def unthresholded(expression: str) -> str:
    """Turn comparisons into 0 or 1, so that there is an answer whatever the numbers are."""
    parts = re.split(r"(\{[^}]*\})", expression)
    return "".join(re.sub(r"([<>!=]=|[<>])(?=\s*\d)", r"\1 bool", it) if it[0] != "{" else it for it in parts if it)
