"""What is remembered of a shopper.

A profile is the same however the topics that it is made from interleave.  So a history is kept in the order of (event
time, origin) and holds the newest entries of all that ever came, what has a name is replaced by what is newer, and
sums are of whole numbers.
"""

from bisect import insort
from typing import Any, NamedTuple, TypeVar
from zlib import crc32

from agents.languages import ours
from agents.processor import Origin, State
from schemas.base import Language

KINDS = ("view", "click", "add_to_cart", "purchase")
"""What is done with an item; a profile keeps the index."""
VIEW, CLICK, ADD_TO_CART, PURCHASE = range(len(KINDS))

TOUCHES = 64
QUERIES = 8
SHOWINGS = 12
SHOWN_ITEMS = 20
"""Items kept of one list that was shown."""
BOUGHT = 256
OPINIONS = 32
MERGED = 16

THOUSANDTHS = 1000
"""Polarities are kept as whole numbers: a sum of floats depends on the order."""
MOST_LIKED = 1000.0

_MERGED_BIT = 62
_PARTITION_BIT = 48


class Touched(NamedTuple):
    """One thing done with an item; *at* in milliseconds since 1970, here and below."""

    at: int
    order: int
    """See `order` and `merged_order`."""
    item: str
    kind: int
    """Index in `KINDS`."""


class Searched(NamedTuple):
    """One search."""

    at: int
    order: int
    text: str


class Shown(NamedTuple):
    """One list that was seen."""

    at: int
    order: int
    items: tuple[str, ...]


class Opined(NamedTuple):
    """What a review of the shopper says of an item, in thousandths."""

    at: int
    polarity: int
    aspects: tuple[tuple[str, int], ...] = ()
    """By name, sorted."""


class Profile(State, array_like=True, gc=False):
    """State of one shopper.  Append fields only: the engine stores it by position."""

    newest: int = 0
    """Time of the newest event."""
    language: tuple[int, Language] | None = None
    """When it was last seen, and which."""
    touches: list[Touched] = []
    queries: list[Searched] = []
    shown: list[Shown] = []
    bought: dict[str, int] = {}
    """Item to the time of the last purchase."""
    opinions: dict[str, Opined] = {}
    """Item to what the newest review says."""
    likes: dict[str, int] = {}
    """Aspect to the sum of polarities, in thousandths, that merged profiles brought along."""
    merged: list[tuple[int, str]] = []
    """Time and id of the merges folded last that brought likes; all else in a merge can be folded twice."""
    became: tuple[int, str] | None = None
    """When this visitor was last identified, and as which shopper."""


def order(origin: Origin) -> int:
    """Return a number that sorts a topic's events of one moment by partition and offset."""
    return origin.partition << _PARTITION_BIT | origin.offset


def merged_order(anonymous: str, what: str) -> int:
    """Return a number that puts what a merge brings behind what the shopper did at the same moment.

    It does not depend on how many merges brought it.
    """
    return 1 << _MERGED_BIT | crc32(f"{anonymous}\n{what}".encode())


def is_merged(entry: Touched) -> bool:
    """Return whether the touch came with a merge."""
    return entry.order >> _MERGED_BIT > 0


Entry = TypeVar("Entry", Touched, Searched, Shown, tuple[int, str])


def insert(history: list[Entry], entry: Entry, bound: int) -> None:
    """Put *entry* in its place and keep the newest *bound* ones."""
    if not history or history[-1] < entry:
        history.append(entry)
    else:
        insort(history, entry)
    if len(history) > bound:
        del history[0]


def keep(named: dict[str, Any], name: str, value: Any, bound: int) -> None:
    """Let *value* replace an older one of its *name* and keep the newest *bound* ones."""
    known = named.get(name)
    if known is not None and known >= value:
        return
    named[name] = value
    if known is None and len(named) > bound:
        del named[min(named, key=lambda other: (named[other], other))]


def speak(profile: Profile, at: int, tag: str | None) -> None:
    """Note the language of an event, if it is one of ours."""
    language = ours(tag)
    if language is not None and (profile.language is None or profile.language < (at, language)):
        profile.language = (at, language)


def thousandths(polarity: float) -> int:
    """Return *polarity*, or a sum of not too many, as a whole number."""
    return round(max(-MOST_LIKED, min(MOST_LIKED, polarity)) * THOUSANDTHS)


def likes_of(likes: dict[str, int], opinions: dict[str, Opined]) -> dict[str, int]:
    """Return the sum of polarities of each aspect: what merges brought, and the shopper's own reviews."""
    total = dict(likes)
    for opinion in opinions.values():
        for name, polarity in opinion.aspects:
            total[name] = total.get(name, 0) + polarity
    return total
