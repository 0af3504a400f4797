"""What the worker is doing: how its models are called, and how far behind it is."""

import msgspec
from rich.text import Text

from agents.shop.meter import Batches, Reading
from agents.shop.panels.ink import BAR, MARK, STRONG, Cell, Lines, line, ms, row, spark

AGENTS = {"shoppers": "lists", "reviews": "reviews", "items": "item cards"}
"""Agent to what its models make."""
_NAME, _NUMBER = 10, 8


def machine(readings: list[Reading], models: dict[str, str], width: int) -> Lines:
    """Return a table of calls, the lag, and the versions of what decides; *models* as the newest list names them."""
    if not readings:
        return [line("The worker's metrics are read once a second …")]
    graph = min(60, width - _NAME - 4 * (_NUMBER + 1) - 1)
    lines = [_head(graph)]
    for agent, name in AGENTS.items():
        fills = [it.batches[agent].jobs if agent in it.batches else None for it in readings]
        lines.append(_agent(name, _latest(readings, agent), fills, graph))
    lines.append(_lag(readings, width))
    if models:
        lines.append(line("made by ", ", ".join(f"{name} {version}" for name, version in models.items())))
    return lines


def brief(readings: list[Reading], width: int) -> Text:
    """Return the most important of it in one line."""
    if not readings:
        return line("worker  its metrics are read once a second …")
    lists, newest = readings[-1].batches.get("shoppers"), readings[-1]
    calls = (
        f"{lists.jobs:.1f} lists a call, {ms(lists.waited)} waited + {ms(lists.ran)} run"
        if lists
        else "no call just now"
    )
    text = line("worker  ", (calls, STRONG), f", lag {newest.lag:,} ")
    return line(text, (spark([it.lag for it in readings], min(30, width - text.cell_len)), MARK))


def _latest(readings: list[Reading], agent: str) -> Batches | None:
    """Return the newest calls of an agent, which may be a while ago: their number a second is that of now."""
    found = next((it.batches[agent] for it in reversed(readings) if agent in it.batches), None)
    if found is None or agent in readings[-1].batches:
        return found
    return msgspec.structs.replace(found, calls=0.0)


def _head(graph: int) -> Text:
    names = ("calls/s", "a call", "waited", "run")
    return row(Cell("models", _NAME), *(Cell(name, _NUMBER, right=True) for name in names), Cell("a call", graph))


def _agent(name: str, it: Batches | None, fills: list[float | None], graph: int) -> Text:
    values = (f"{it.calls:.1f}", f"{it.jobs:.1f}", ms(it.waited), ms(it.ran)) if it else ("-", "-", "-", "-")
    numbers = (Cell(value, _NUMBER, right=True, style=STRONG) for value in values)
    return row(Cell(name, _NAME), *numbers, Cell(spark(fills, graph), graph, style=BAR))


def _lag(readings: list[Reading], width: int) -> Text:
    newest = readings[-1]
    shed = f", {newest.shed:,} lists shed" if newest.shed else ""
    text = line("lag ", (f"{newest.lag:,}", STRONG), f" records, {newest.owed:,} owed{shed} ")
    return line(text, (spark([it.lag for it in readings], min(60, width - text.cell_len)), MARK))
