"""What becomes of lists that is worth counting: slots seen and clicked, by what had brought their items in."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from agents.outcomes.state import Listed
from agents.sources import SOURCES
from schemas.clicks import Click, ListShown, Response

TALLIES: Final[Mapping[str, tuple[str, ...]]] = {"shown": SOURCES, "clicked": SOURCES}


def tally(event: Response, listed: Listed) -> Iterator[tuple[str, str, int]]:
    """Yield name, source and number for an *event* that names the list *listed*."""
    if isinstance(event, ListShown):
        sources = dict(zip(listed.items, listed.sources, strict=True))
        seen = Counter(sources[item] for item in event.items if item in sources)
        yield from (("shown", source, number) for source, number in seen.items())
    elif isinstance(event, Click) and event.item in listed.items:
        yield "clicked", listed.sources[listed.items.index(event.item)], 1
