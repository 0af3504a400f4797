"""Makes the JSON of a Grafana dashboard from short descriptions of its panels; deterministic."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

SCHEMA_VERSION = 41
"""Of Grafana 12; Grafana 11 reads it."""
WIDTH = 24
"""Columns of Grafana's grid."""
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
REFS = "ABCDEFGH"

GREEN, ORANGE, RED = "green", "orange", "red"


class Query(NamedTuple):
    """One expression of a panel."""

    expr: str
    legend: str = ""
    """With `{{label}}`; empty: the name of the panel."""


class Panel(NamedTuple):
    """One panel."""

    title: str
    about: str
    """What it says, and what to think of it."""
    unit: str
    """One of Grafana's: s, short, percentunit, ops …"""
    queries: Sequence[Query]
    kind: str = "timeseries"
    """timeseries, stat, table, heatmap."""
    width: int = 8
    limits: tuple[float, ...] = ()
    """From where on orange, and from where on red; two falling numbers: below which."""
    stacked: bool = False
    most: float | None = None
    """Upper end of the axis."""
    hidden: Sequence[str] = ()
    """Columns of a table that say nothing."""


class Row(NamedTuple):
    """A heading and its panels."""

    title: str
    panels: Sequence[Panel]


def dashboard(uid: str, title: str, about: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Return the dashboard as Grafana reads it."""
    return {
        "annotations": {"list": [_firing()]},
        "description": about,
        "editable": True,
        "graphTooltip": 1,
        "links": [],
        "panels": _place(rows),
        "refresh": "10s",
        "schemaVersion": SCHEMA_VERSION,
        "tags": ["vitrine"],
        "templating": {"list": _variables()},
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "browser",
        "title": title,
        "uid": uid,
        "version": 1,
    }


def _firing() -> dict[str, Any]:
    expr = 'ALERTS{alertname=~"Vitrine.*",alertstate="firing",severity="page"}'
    return {
        "datasource": SOURCE,
        "enable": True,
        "expr": expr,
        "iconColor": RED,
        "name": "Pages",
        "titleFormat": "{{alertname}}",
    }


def _variables() -> list[dict[str, Any]]:
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1}
    every = {"multi": True, "includeAll": True, "allValue": ".+", "current": {"text": ["All"], "value": ["$__all"]}}
    return [
        source,
        _label("job", "Job", "label_values(vitrine_build_info, job)"),
        {**_label("instance", "Worker", 'label_values(vitrine_build_info{job=~"$job"}, instance)'), **every},
    ]


def _label(name: str, label: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "sort": 1,
    }


def _place(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Lay panels from left to right, in lines of equal height."""
    placed: list[dict[str, Any]] = []
    y = 0
    for row in rows:
        heading = {"h": 1, "w": WIDTH, "x": 0, "y": y}
        placed.append(
            {
                "id": len(placed) + 1,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "gridPos": heading,
                "panels": [],
            }
        )
        x, y = 0, y + 1
        height = 4 if all(panel.kind == "stat" for panel in row.panels) else 8
        for panel in row.panels:
            if x + panel.width > WIDTH:
                x, y = 0, y + height
            at = {"h": height, "w": panel.width, "x": x, "y": y}
            placed.append({"id": len(placed) + 1, "gridPos": at, **_panel(panel)})
            x += panel.width
        y += height
    return placed


def _panel(panel: Panel) -> dict[str, Any]:
    instant = panel.kind in {"stat", "table"}
    made = {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "targets": [
            _target(ref, query, panel, instant=instant) for ref, query in zip(REFS, panel.queries, strict=False)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
    }
    if panel.kind == "table":
        hide = dict.fromkeys(("Time", "Value", "__name__", *panel.hidden), True)
        made["transformations"] = [{"id": "organize", "options": {"excludeByName": hide}}]
    return made


def _target(ref: str, query: Query, panel: Panel, *, instant: bool) -> dict[str, Any]:
    shape = {"table": "table", "heatmap": "heatmap"}.get(panel.kind, "time_series")
    return {
        "refId": ref,
        "datasource": SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or panel.title,
        "format": shape,
        "instant": instant,
        "range": not instant,
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    found: dict[str, Any] = {"unit": panel.unit, "thresholds": _thresholds(panel.limits), "min": 0}
    if panel.most is not None:
        found["max"] = panel.most
    if panel.kind == "timeseries":
        found["custom"] = {
            "fillOpacity": 30 if panel.stacked else 5,
            "showPoints": "never",
            "spanNulls": 60_000,
            "stacking": {"mode": "normal" if panel.stacked else "none"},
            "thresholdsStyle": {"mode": "dashed" if panel.limits else "off"},
        }
    return found


def _thresholds(limits: Sequence[float]) -> Mapping[str, Any]:
    falling = len(limits) == 2 and limits[0] > limits[1]  # noqa: PLR2004  orange and red
    if falling:
        steps = [(None, RED), (limits[1], ORANGE), (limits[0], GREEN)]
    else:
        steps = [(None, GREEN), *zip(limits, (ORANGE, RED) if len(limits) > 1 else (RED,), strict=False)]
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for value, color in steps]}


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        reduce = {"calcs": ["lastNotNull"], "fields": "", "values": False}
        return {"colorMode": "background" if panel.limits else "value", "graphMode": "none", "reduceOptions": reduce}
    if panel.kind == "heatmap":
        return {
            "calculate": False,
            "cellGap": 1,
            "color": {"scheme": "Oranges", "mode": "scheme"},
            "yAxis": {"unit": panel.unit},
        }
    if panel.kind == "table":
        return {"showHeader": True}
    return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
