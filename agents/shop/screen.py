"""The live view of the demo: what goes in and out, what it is worth, and how one shopper's list answers each act."""

import time
from collections import deque
from collections.abc import Callable
from itertools import islice

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from agents.shop.figures import percentiles
from agents.shop.floor import Floor
from agents.shop.groups import GROUPS, z_score
from agents.shop.tale import Row, localized
from schemas.sentiments import Sentiment

WIDE = 140
"""Columns from which there are two halves, side by side."""
RECENT = 500
"""Lists over which the percentiles of the view are taken."""
RATE_SECONDS = 5
"""Over which rates are taken."""
_COLOURS = {"positive": "green", "neutral": "yellow", "negative": "red"}
_REVIEWS = {True: 8, False: 2}
"""Reviews shown, by whether the terminal is wide."""


class Screen:
    """A renderable that shows the floor as it is when it is drawn."""

    def __init__(self, floor: Floor, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._floor = floor
        self._title = title
        self._clock = clock
        self._started = clock()
        self._counts = deque([(self._started, 0, 0)])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.max_width >= WIDE
        height = options.height or console.height
        with self._floor.lock:
            head, groups, reviews = self._head(), self._groups(), self._reviews(_REVIEWS[wide])
            if not wide:
                yield Group(
                    *head, groups, *self._tale(height - len(head) - groups.row_count - 1 - len(reviews)), *reviews
                )
                return
            halves = Table.grid(expand=True, padding=(0, 2))
            halves.add_column(ratio=2)
            halves.add_column(ratio=3)
            halves.add_row(Group(groups, Text(), *reviews), Group(*self._tale(height - len(head) - 1)))
            yield Group(*head, Text(), halves)

    def line(self) -> str:
        """Return the state of things in one line, for output that is no terminal."""
        with self._floor.lock:
            return "  ".join(line.plain for line in self._head()[1:])

    def _head(self) -> list[Text]:
        floor, now = self._floor, self._clock()
        sent, lists = floor.shop.sent, floor.received.recommendations
        self._counts.append((now, sent, lists))
        while len(self._counts) > 2 and now - self._counts[1][0] >= RATE_SECONDS:  # noqa: PLR2004  a span needs two
            self._counts.popleft()
        since, sent_then, lists_then = self._counts[0]
        passed = max(now - since, 1e-3)
        waits = percentiles(tuple(islice(reversed(floor.latencies), RECENT)))
        minutes, seconds = divmod(int(now - self._started), 60)
        first = _line((f"{self._title}  {minutes:02d}:{seconds:02d}", "bold"), ("  Ctrl-C stops", "dim"))
        return [
            first,
            _line(
                (f"{sent:,} events ({(sent - sent_then) / passed:,.0f}/s)", ""),
                (f"  {lists:,} lists ({(lists - lists_then) / passed:,.0f}/s)", ""),
                (f"  click to list p50 {_ms(waits.p50)} p95 {_ms(waits.p95)}", "cyan"),
            ),
            _line(
                (f"{floor.received.copies:,} copies  {floor.received.sentiments:,} reviews judged", ""),
                (f"  {floor.received.dead_letters:,} dead letters", "red" if floor.received.dead_letters else ""),
                (f"  {floor.waits.given_up:,} waited in vain", "red" if floor.waits.given_up else ""),
            ),
        ]

    def _groups(self) -> Table:
        tallies = self._floor.shop.tallies
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("lists of")
        for name in ("shown", "clicks", "rate"):
            table.add_column(name, justify="right")
        table.add_column("z", overflow="ellipsis", no_wrap=True)
        for group in GROUPS:
            it = tallies[group]
            note = ""
            if group == "personal":
                others = ((other, z_score(it, tallies[other])) for other in GROUPS[1:])
                note = ", ".join(f"{z:+.1f} over {other}" for other, z in others)
            elif group == "shuffled":
                note = f"{z_score(it, tallies['popular']):+.1f} over popular"
            table.add_row(group, f"{it.slots:,}", f"{it.clicks:,}", f"{it.ctr:.1%}", note)
        return table

    def _tale(self, height: int) -> list[Text | Table]:
        """Return the shopper who is followed, in at most *height* lines."""
        tale = self._floor.tale
        if tale.shopper is None:
            return [_line(("waiting for shoppers", "dim"))]
        taste = self._floor.shop.shoppers[tale.shopper].taste
        wants = ", ".join(taste.categories)
        lines: list[Text | Table] = [
            _line((tale.shopper, "bold"), (f" ({taste.language}), who in secret wants {wants}", "dim"))
        ]
        lines += [_line((f"  {deed}", "")) for deed in list(tale.deeds)[-(3 if height < 20 else 6) :]]  # noqa: PLR2004
        copies = [_line((f"  “{copy}”", "magenta")) for copy in tale.copies()]
        rows = tale.rows()[: max(3, height - len(lines) - len(copies) - 1)]
        if rows:
            lines.append(_list(rows))
        return lines + copies

    def _reviews(self, size: int) -> list[Text]:
        """Return the newest judgements of reviews, newest first."""
        return [self._review(it) for it in islice(reversed(self._floor.reviews), size)]

    def _review(self, it: Sentiment) -> Text:
        article = self._floor.shop.article(it.item)
        title = localized(article.facts.title, "en") if article else it.item
        said = "; ".join(f"{aspect.name} {aspect.polarity:+.1f} “{aspect.quote}”" for aspect in it.aspects)
        return _line((f"{it.polarity:+.2f} ", _COLOURS[it.label]), (title, "bold"), (f"  {said}", ""))


def _list(rows: list[Row]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False, expand=True)
    table.add_column(width=4, no_wrap=True)
    table.add_column(ratio=4, overflow="ellipsis", no_wrap=True)
    table.add_column(ratio=4, overflow="ellipsis", no_wrap=True, style="cyan")
    table.add_column(width=8, overflow="ellipsis", no_wrap=True, style="dim")
    for row in rows:
        table.add_row(_move(row.move), row.title, row.reason, row.source)
    return table


def _move(places: int | None) -> Text:
    if places is None:
        return Text(" new", "green")
    if places == 0:
        return Text("")
    return Text(f"  {'↑' if places > 0 else '↓'}{abs(places)}", "green" if places > 0 else "dim")


def _line(*parts: tuple[str, str]) -> Text:
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def _ms(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds:.0f} ms"
