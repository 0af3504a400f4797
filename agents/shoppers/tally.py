"""What of a list is worth counting: what it rests on, what filled its slots, whether its top items have words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from agents.processor import Output
from agents.shoppers.lists import COPIES
from agents.sources import PERSONAL, SOURCES
from agents.topics import COPY, RECOMMENDATIONS
from schemas.recommendations import Recommendations

TALLIES: Final[Mapping[str, tuple[str, ...]]] = {
    "lists": ("personal", "fallback", "request", "empty"),
    "list_slots": (),
    "slots": SOURCES,
    "copies": ("made", "missing"),
}

_PERSONAL = frozenset(PERSONAL)


def tally(outputs: Sequence[Output]) -> Iterator[tuple[str, str, int]]:
    """Yield name, label and number for the *outputs* of one list."""
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
    if copies:
        yield "copies", "made", copies
    missing = min(COPIES, len(found.slots)) - copies
    if missing > 0:
        yield "copies", "missing", missing


def _basis(sources: Mapping[str, int]) -> str:
    """Say what a list rests on: one slot that knows the shopper makes it personal."""
    if not sources:
        return "empty"
    if "request" in sources:
        return "request"
    return "fallback" if _PERSONAL.isdisjoint(sources) else "personal"
