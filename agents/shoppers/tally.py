"""What of a list is worth counting: what it rests on, what filled its slots, how varied it is, whether its top items have words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from agents.processor import Output
from agents.shoppers.job import Job
from agents.shoppers.lists import COPIES
from agents.sources import PERSONAL, SOURCES
from agents.topics import COPY, RECOMMENDATIONS
from schemas.recommendations import DRAWN, Recommendations

TALLIES: Final[Mapping[str, tuple[str, ...]]] = {
    "lists": ("personal", "fallback", "request", "empty"),
    "list_slots": (),
    "categories": (),
    "slots": SOURCES,
    "marks": ("explored", "repeated"),
    "items": ("known", "listed"),
    "copies": ("made", "missing"),
}

_PERSONAL = frozenset(PERSONAL)


def tally(job: Job, outputs: Sequence[Output], listed: set[str]) -> Iterator[tuple[str, str, int]]:
    """Yield name, label and number for the *outputs* of one list; its items are added to all that were *listed*."""
    found, copies = None, 0
    for output in outputs:
        if output.topic is COPY:
            copies += 1
        elif output.topic is RECOMMENDATIONS:
            found = output.value
    if not isinstance(found, Recommendations):
        return
    sources = Counter([slot.source for slot in found.slots])
    yield "lists", _basis(sources), 1
    yield "list_slots", "", len(found.slots)
    for source, number in sources.items():
        yield "slots", source, number
    yield from _variety(job, [slot.item for slot in found.slots])
    yield "marks", "explored", sum(slot.propensity < DRAWN for slot in found.slots)
    listed.update(slot.item for slot in found.slots)
    yield "items", "listed", len(listed)
    yield "items", "known", job.look.known
    if copies:
        yield "copies", "made", copies
    missing = min(COPIES, len(found.slots)) - copies
    if missing > 0:
        yield "copies", "missing", missing


def _variety(job: Job, items: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    cards = map(job.look.cards.get, items)
    categories = {card.facts.category for card in cards if card is not None and card.facts is not None}
    if categories:
        yield "categories", "", len(categories)
    before = job.shown[-1].items if job.shown else ()
    yield "marks", "repeated", sum(item in before for item in items)


def _basis(sources: Mapping[str, int]) -> str:
    """Say what a list rests on: one slot that knows the shopper makes it personal."""
    if not sources:
        return "empty"
    if "request" in sources:
        return "request"
    return "fallback" if _PERSONAL.isdisjoint(sources) else "personal"
