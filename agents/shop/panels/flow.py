"""What goes in, what comes out, and how long a list is waited for."""

from rich.text import Text

from agents.shop.floor import Floor
from agents.shop.panels.ink import BAD, BAR, MARK, STRONG, Cell, Lines, line, ms, row, spark, wrap
from agents.shop.pulse import quantile, rate
from agents.topics import CATALOG, CLICKS, REQUESTS, REVIEWS, SEARCHES

_LOOSE = 5
_WORDS = {CLICKS: "clicks", SEARCHES: "searches", REQUESTS: "requests", REVIEWS: "reviews", CATALOG: "items"}
RECENT = 10
"""Seconds over which the percentiles in numbers are taken."""


def flow(floor: Floor, now: float, width: int, height: int) -> Lines:
    """Return four series and totals, in three lines at least."""
    tight = height < _LOOSE
    minute, waits = floor.pulse.minute(now), floor.pulse.waits(RECENT)
    half = (width - 1) // 2 if tight else width
    series = [
        _series("events", f"{rate(minute.events):,.0f}/s", minute.events, BAR, half),
        _series("lists", f"{rate(minute.lists):,.0f}/s", minute.lists, BAR, half),
        _series("click→list p50", ms(quantile(waits, 0.5)), minute.p50, MARK, half),
        _series("p95" if tight else "           p95", ms(quantile(waits, 0.95)), minute.p95, MARK, half),
    ]
    if tight:
        series = [line(series[0], " ", series[1]), line(series[2], " ", series[3])]
    if height == _LOOSE or tight:
        return [*series, totals(floor)]
    sent = ", ".join(f"{floor.produced[topic.name]:,} {word}" for topic, word in _WORDS.items())
    return [*series, *(line(part) for text in (f"sent {sent}", totals(floor).plain) for part in wrap(text, width))]


def totals(floor: Floor) -> Text:
    """Return what has happened since the shop opened."""
    got = floor.received
    parts = [
        (f"{floor.shop.sent:,} events, {got.recommendations:,} lists, {got.copies:,} copies, ", ""),
        (f"{got.sentiments:,} reviews judged", ""),
    ]
    bad = ((got.dead_letters, "dead letters"), (floor.waits.given_up, "waited in vain"), (got.unreadable, "unreadable"))
    parts += [(f", {count:,} {what}", f"{STRONG} {BAD}") for count, what in bad if count]
    return line(*parts)


def _series(name: str, value: str, values: list[int] | list[float | None], colour: str, width: int) -> Text:
    label = 14 if len(name) > 6 else 6  # noqa: PLR2004  click→list p50, and the short names
    number = 8
    return row(
        Cell(name, label),
        Cell(value, number, right=True, style=STRONG),
        Cell(spark(values, min(60, width - label - number - 2)), width - label - number - 2, style=colour),
    )
