"""The tables of ARCHITECTURE.md, made of the code: `make docs` writes them, a test compares.

A table stands between `<!-- NAME -->` and `<!-- end -->`.
"""

import ast
import inspect
import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from agents import topics
from agents.app import needed
from agents.metrics import Metrics
from agents.settings import PREFIX, Settings

PAGE = Path(__file__).parent.parent / "ARCHITECTURE.md"
_SECTION = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def written(page: str) -> str:
    """Return *page* with each of its tables as the code says it."""
    return _SECTION.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[3]}", page)


def topics_table() -> str:
    """Return a row for each topic and changelog: who writes and reads it, by what key, for what."""
    kinds = ((topics.PRODUCED, "input"), (topics.INTERNAL, "internal"), (topics.LISTS, "output"))
    rows = []
    for its, kind in kinds:
        for it in its:
            shape = f"{kind}, compacted" if it.compacted else kind
            rows.append((f"`{it.name}`", it.key.replace("_", ", "), shape, it.about))
    named = {it for its, _ in kinds for it in its} | set(topics.DEAD_LETTERS)
    rows += [(f"`{it.name}`", it.key, "internal", it.about) for it in topics.ALL if it not in named]
    known = {it.name for it in topics.ALL}
    for name in needed(Settings()):
        if name not in known:
            rows.append((f"`{name}`", "as its agent", "changelog, compacted", f"States of `{name.split('-')[1]}`."))
    rows.append(("`dlq.<topic>`", "as its topic", "dead letters", "Records that could not be used, as they came."))
    return _table(("topic", "key", "kind", "what its records say"), rows)


def settings_table() -> str:
    """Return a row for each setting: variable, default, meaning."""
    about = _field_docs(Settings)
    rows = [
        (f"`{PREFIX}{field.name.upper()}`", _code(_default(field.name, field.default)), about.get(field.name, ""))
        for field in msgspec.structs.fields(Settings)
    ]
    return _table(("variable", "default", "meaning"), rows)


def metrics_table() -> str:
    """Return a row for each metric of a worker: name as Prometheus shows it, type, labels, meaning."""
    metrics = vars(Metrics(CollectorRegistry())).values()
    rows = []
    for metric in metrics:
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            name = family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")
            rows.append((f"`{name}`", family.type, ", ".join(metric._labelnames), family.documentation))
    return _table(("metric", "type", "labels", "meaning"), sorted(rows))


def _code(text: str) -> str:
    return f"`{text}`" if text else "nothing"


def _default(name: str, value: Any) -> str:
    if name == "models_dir":
        return "models/artifacts"  # beside the package, wherever that is
    if isinstance(value, timedelta):
        return _duration(value)
    return f"{value}"


def _duration(value: timedelta) -> str:
    """Return *value* as ISO 8601 writes it, in days or minutes where it is some."""
    if value >= timedelta(days=1) and not value % timedelta(days=1):
        return f"P{value.days}D"
    minutes, rest = divmod(value, timedelta(minutes=1))
    return f"PT{minutes}M" if minutes and not rest else f"PT{value / timedelta(seconds=1):g}S"


def _field_docs(struct: type) -> dict[str, str]:
    """Return field to the string below it, which Python itself throws away."""
    (body,) = ast.parse(inspect.getsource(struct)).body
    assert isinstance(body, ast.ClassDef)
    docs: dict[str, str] = {}
    for statement, after in zip(body.body, body.body[1:], strict=False):
        match statement, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                docs[name] = " ".join(text.split())
    return docs


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)


TABLES = {"topics": topics_table, "settings": settings_table, "metrics": metrics_table}

if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
