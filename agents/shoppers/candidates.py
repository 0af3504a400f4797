"""Which items are considered for a list, and what brought each in."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from agents.shoppers.job import Job
from agents.shoppers.lottery import chance
from agents.shoppers.options import Options
from agents.shoppers.rules import allowed
from agents.shoppers.searches import Found
from agents.shoppers.tastes import Taste
from models.api import Vectors
from schemas.cards import ItemCard

NEAR = 30
NEXT = 60
TOGETHER = 30
TRENDING = 30
CATEGORIES = 4
IN_CATEGORY = 12
FRESH = 8
NEWEST = 200
"""Of the items that hardly anyone has seen, so many of the newest take turns."""


class Candidate(NamedTuple):
    """One item that may be listed."""

    item: str
    card: ItemCard
    source: str


class Signals(NamedTuple):
    """What models say about one job, as products with the rows of the shelf's vectors."""

    interest: Vectors | None
    """(rows,), None without a history."""
    searches: Sequence[Found]
    """What the newest queries find, newest first."""
    next: Mapping[str, float] = {}
    """The items that the shop's own model expects next, with their probabilities, best first."""


def candidates(job: Job, taste: Taste, signals: Signals, options: Options) -> list[Candidate]:
    """Return the items to rank, each once, under the first source that names it."""
    sources: list[tuple[str, Iterable[str]]]
    if job.ask.candidates:
        sources = [("request", job.ask.candidates)]
    else:
        sources = [
            ("search", (item for found in signals.searches for item in found.items)),
            ("recent", taste.lately),
            ("next", islice(signals.next, NEXT)),
            ("together", _together(taste)),
            ("interest", _interest(job, signals)),
            ("category", _category(job, taste)),
            ("trending", job.look.trending.top(TRENDING + len(job.bought))),
            ("new", _fresh(job, options.seed)),
        ]
    found: dict[str, Candidate] = {}
    for source, items in sources:
        if source not in options.sources:
            continue
        for item in items:
            if item not in found:
                card = allowed(job, taste, item)
                if card is not None:
                    found[item] = Candidate(item, card, source)
    return list(found.values())


def _together(taste: Taste) -> Iterable[str]:
    return sorted(taste.together, key=lambda item: (-taste.together[item], item))[:TOGETHER]


def _interest(job: Job, signals: Signals) -> Iterable[str]:
    if signals.interest is not None:
        for item, _ in job.look.vectors.top(signals.interest, NEAR):
            yield item


def _category(job: Job, taste: Taste) -> Iterable[str]:
    touched = {
        card.facts.category
        for card in map(job.look.cards.get, taste.recent)
        if card is not None and card.facts is not None and card.facts.category
    }
    for category in sorted(touched, key=lambda name: (-taste.category(name), name))[:CATEGORIES]:
        ranking = job.look.categories.get(category)
        if ranking is not None:
            yield from ranking.top(IN_CATEGORY)


def _fresh(job: Job, seed: int) -> Iterable[str]:
    """Return some of the newest items; which ones is drawn by lot, so that each gets its turn."""
    count = min(NEWEST, len(job.look.fresh))
    start = int(chance(seed, job.ask.shopper, job.revision, "fresh") * count)
    wanted = max(FRESH, 2 * job.limit)
    items = job.look.fresh.top(wanted, start)
    return (*items, *job.look.fresh.top(wanted - len(items)))
