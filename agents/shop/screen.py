"""The live view of the demo: what goes in and out, what it is worth, and how one shopper's list answers each act."""

import time
from collections.abc import Callable

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from agents.shop.feed import Address
from agents.shop.floor import Floor
from agents.shop.meter import Reading
from agents.shop.panels.deeds import deeds
from agents.shop.panels.flow import flow, totals
from agents.shop.panels.ink import STRONG, Lines, beside, boxed, fit, line, ms, sized
from agents.shop.panels.judged import judged
from agents.shop.panels.machine import brief, machine
from agents.shop.panels.slots import slots
from agents.shop.panels.words import words
from agents.shop.panels.worth import worth
from agents.shop.pulse import quantile, rate
from agents.topics import RECOMMENDATIONS

BOXES = (100, 28)
"""Columns and lines from which the parts have frames."""
HALVES = (150, 36)
"""Columns and lines from which the story stands beside everything else."""
LIST = 10
RECENT = 10


class Screen:
    """A renderable that shows the floor as it is when it is drawn, as large as the terminal."""

    def __init__(
        self,
        floor: Floor,
        address: Address,
        *,
        readings: Callable[[], list[Reading]] = list,
        keys: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Show *floor*, whose topics are at *address*, and what *readings* of its worker give."""
        self.paused = False
        """Whether the view says that nobody acts."""
        self._floor = floor
        self._address, self._prefix, _ = address
        self._readings = readings
        self._keys = keys
        self._clock = clock
        self._started = clock()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = options.max_width, options.height or console.height
        with self._floor.lock:
            lines = self._lines(width, height)
        for number, text in enumerate(sized(lines, height)):
            yield from fit(text, width).render(console)
            if number < height - 1:
                yield Segment.line()

    def line(self) -> str:
        """Return the state of things in one line, for output that is no terminal."""
        with self._floor.lock:
            pulse = self._floor.pulse
            minute, waits = pulse.minute(self._clock()), pulse.waits(RECENT)
            rates = f"{rate(minute.events):,.0f} events/s, {rate(minute.lists):,.0f} lists/s"
            wait = f"click to list p50 {ms(quantile(waits, 0.5))}, p95 {ms(quantile(waits, 0.95))}"
            return f"{totals(self._floor).plain}; {rates}; {wait}"

    def _lines(self, width: int, height: int) -> Lines:
        body = height - 2
        if width >= HALVES[0] and height >= HALVES[1]:
            parts = self._halves(width, body)
        elif width >= BOXES[0] and height >= BOXES[1]:
            parts = self._boxes(width, body)
        else:
            parts = self._plain(width, body)
        return [self._title(width), *sized(parts, body), self._foot(width)]

    def _halves(self, width: int, height: int) -> Lines:
        left = width * 2 // 5
        flows, worker, lists = 8, 8, 9
        column = [
            *boxed("what goes in, what comes out", self._flow(left - 4, flows - 2), left, flows),
            *boxed("the worker", self._machine(left - 4), left, worker),
            *boxed("how often a slot shown is clicked", self._worth(left - 4, lists - 2), left, lists),
        ]
        rest = height - len(column)
        reviews = self._judged(left - 4, rest - 2)
        column += boxed("reviews, as the model reads them", reviews, left, rest)
        right = width - left - 1
        return beside(column, boxed(self._who(), self._story(right - 4, height - 2), right, height), left)

    def _boxes(self, width: int, height: int) -> Lines:
        left = width * 43 // 100
        right = width - left - 1
        tall = height >= 34  # noqa: PLR2004  lines
        top = 9 if tall else 7
        lines = beside(
            boxed("what goes in, what comes out", self._flow(left - 4, top - 2), left, top),
            boxed("how often a slot shown is clicked", self._worth(right - 4, top - 2), right, top),
            left,
        )
        bottom = 8 if tall else 0
        story = height - top - bottom - (0 if tall else 1)
        lines += boxed(self._who(), self._story(width - 4, story - 2), width, story)
        if not tall:
            return [*lines, brief(self._readings(), width)]
        reviews = self._judged(left - 4, bottom - 2)
        return lines + beside(
            boxed("reviews, as the model reads them", reviews, left, bottom),
            boxed("the worker", self._machine(right - 4), right, bottom),
            left,
        )

    def _plain(self, width: int, height: int) -> Lines:
        lines = self._flow(width, 3)[: 3 if height > 18 else 2]  # noqa: PLR2004  lines
        if height > 18:  # noqa: PLR2004  lines
            lines.append(brief(self._readings(), width))
        if height > 10:  # noqa: PLR2004  lines
            lines += self._worth(width, 3)
        who = self._who()
        who.truncate(max(0, width - 4), overflow="ellipsis")
        lines.append(line("── ", who, " ", "─" * max(0, width - who.cell_len - 4)))
        reviews = 1 if height > 20 else 0  # noqa: PLR2004  lines
        story = height - len(lines) - reviews
        lines += sized(self._story(width, story), story)
        return lines + judged(reversed(self._floor.reviews), self._floor.shop, reviews)

    def _story(self, width: int, height: int) -> Lines:
        """Return the shopper who is followed: acts, list and words."""
        tale = self._floor.tale
        if tale.shopper is None:
            return [line("Waiting for the first shopper …")]
        rows = tale.rows()
        roomy = height >= 2 * LIST + 14
        if roomy:
            listed = 2 * LIST + 1
        else:
            listed = max(1, min(LIST + (height > LIST + 10), height - 4 - (height > 10) - (height > 14)))  # noqa: PLR2004  lines
        acts = max(1, min(9 if roomy else 5, (height - listed) // 2))
        said = height - acts - listed - (2 if roomy else 0)
        gap = [line()] if roomy else []
        return [
            *sized(deeds(tale.deeds, width, acts), acts),
            *gap,
            *sized(slots(rows, width, listed), listed),
            *gap,
            *words(tale.copies(), tale.language, width, said),
        ]

    def _who(self) -> Text:
        tale = self._floor.tale
        if tale.shopper is None:
            return line("a shopper's own list")
        if not tale.known:
            return line((tale.shopper, STRONG), ", from outside: somebody else's events, our list")
        taste = self._floor.shop.shoppers[tale.shopper].taste
        reads = {"en": "English", "zh": "Chinese"}[taste.language]
        return line((tale.shopper, STRONG), f" reads {reads}; in secret wants {' and '.join(taste.categories)}")

    def _flow(self, width: int, height: int) -> Lines:
        return flow(self._floor, self._clock(), width, height)

    def _worth(self, width: int, height: int) -> Lines:
        return worth(self._floor.shop.tallies, width, height)

    def _judged(self, width: int, height: int) -> Lines:
        """Return reviews; before there are any, how one listens from another terminal."""
        command = f"kcat -C -b {self._address} -t {self._prefix}{RECOMMENDATIONS.name} -o end"
        known = [line(), line("All lists, from another terminal:"), line("  ", command)]
        meanwhile = known if len(command) + 2 <= width else None
        reviews = reversed(self._floor.reviews)
        return judged(reviews, self._floor.shop, height, airy=True, meanwhile=meanwhile)

    def _machine(self, width: int) -> Lines:
        newest = self._floor.tale.newest
        return machine(self._readings(), newest.models if newest is not None else {}, width)

    def _title(self, width: int) -> Text:
        minutes, seconds = divmod(int(self._clock() - self._started), 60)
        left = line(("Vitrine", STRONG), f" demo  {minutes:02d}:{seconds:02d}{'  paused' if self.paused else ''}")
        prefix = f" VITRINE_TOPIC_PREFIX={self._prefix}" if self._prefix else ""
        right = line(f"VITRINE_BROKER={self._address}{prefix}")
        return line(fit(left, max(left.cell_len + 2, width - right.cell_len)), right)

    def _foot(self, width: int) -> Text:
        keys = "q quit  n another shopper  space pause" if self._keys else "Ctrl-C stops"
        visitors = list(self._floor.visitors)
        if not visitors:
            return line(keys)
        guests = f"from outside: {', '.join(reversed(visitors))}"
        left = fit(line(keys), min(width, len(keys) + 2))
        return line(left, guests)
