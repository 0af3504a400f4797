"""Which items are considered for a list, and what brought each in."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from typing import NamedTuple

from agents.shoppers.job import Job
from agents.shoppers.lottery import chance
from agents.shoppers.options import Options
from agents.shoppers.policies import Policies
from agents.shoppers.reach import Listable, Reach
from agents.shoppers.rules import allowed
from agents.shoppers.searches import Found
from agents.shoppers.tastes import Taste
from agents.sources import PIN
from models.api import Vectors
from schemas.cards import ItemCard
from schemas.recommendations import KeptOut

NEAR = 30
NEXT = 60
TOGETHER = 30
TRENDING = 30
CATEGORIES = 4
IN_CATEGORY = 12
FRESH = 8
NEWEST = 200
"""Of the items that hardly anyone has seen, so many of the newest take turns."""
WIDER = 4
"""How many times as many items are looked at of those near a shopper's interest, or expected next, where policies keep some out."""


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


class Gathered(NamedTuple):
    """What a list is made from."""

    candidates: list[Candidate]
    """Each once, under the first source that names it; pinned ones first."""
    pins: dict[int, str]
    """Slot to the item that a policy has put there."""
    kept_out: list[KeptOut]
    """What a policy kept out, and nothing else would have."""


class _Gate:
    """Lets in what may be listed and what no policy is against; of an item that is asked about again it knows the answer."""

    def __init__(self, job: Job, taste: Taste, policies: Policies) -> None:
        self.kept_out: list[KeptOut] = []
        """What only a policy was against."""
        self._job, self._taste, self._policies = job, taste, policies
        self._known: dict[str, ItemCard | None] = {}

    def card(self, item: str) -> ItemCard | None:
        """Return the card of *item* if it may come in."""
        if item not in self._known:
            self._known[item] = self._let_in(item)
        return self._known[item]

    def _let_in(self, item: str) -> ItemCard | None:
        card = allowed(self._job, self._taste, item)
        why = self._policies.keeps_out(item, card) if card is not None else None
        if why is None:
            return card
        self.kept_out.append(why)
        return None


def candidates(job: Job, taste: Taste, signals: Signals, options: Options, policies: Policies) -> Gathered:
    """Return the items to rank."""
    gate = _Gate(job, taste, policies)
    listable: Listable = gate.card if policies.narrow else partial(allowed, job, taste)
    pinned = policies.pinned(job.limit, listable) if policies.pins else {}
    found = {item: Candidate(item, card, PIN) for item, card in pinned.values()}
    for source, items in _sources(job, taste, signals, options, Reach(job.look, policies, listable)):
        if source not in options.sources:
            continue
        for item in items:
            if item not in found:
                card = listable(item)
                if card is not None:
                    found[item] = Candidate(item, card, source)
    return Gathered(list(found.values()), {slot: item for slot, (item, _) in pinned.items()}, gate.kept_out)


def _sources(
    job: Job, taste: Taste, signals: Signals, options: Options, reach: Reach
) -> list[tuple[str, Iterable[str]]]:
    if job.ask.candidates:
        return [("request", job.ask.candidates)]
    return [
        ("search", (item for found in signals.searches for item in found.items)),
        ("recent", taste.lately),
        ("next", _next(signals, reach)),
        ("together", _together(taste)),
        ("interest", _interest(job, signals, reach)),
        ("category", _category(job, taste, reach)),
        ("trending", reach.top(job.look.trending, TRENDING + len(job.bought))),
        ("new", _fresh(job, options.seed, reach)),
    ]


def _next(signals: Signals, reach: Reach) -> Iterable[str]:
    if reach.narrow:
        return reach.some(islice(signals.next, NEXT * WIDER), NEXT)
    return islice(signals.next, NEXT)


def _together(taste: Taste) -> Iterable[str]:
    return sorted(taste.together, key=lambda item: (-taste.together[item], item))[:TOGETHER]


def _interest(job: Job, signals: Signals, reach: Reach) -> Iterable[str]:
    if signals.interest is not None:
        count = NEAR * WIDER if reach.narrow else NEAR
        near = (item for item, _ in job.look.vectors.top(signals.interest, count))
        yield from reach.some(near, NEAR) if reach.narrow else near


def _category(job: Job, taste: Taste, reach: Reach) -> Iterable[str]:
    touched = {
        card.facts.category
        for card in map(job.look.cards.get, taste.recent)
        if card is not None and card.facts is not None and card.facts.category
    }
    for category in sorted(touched, key=lambda name: (-taste.category(name), name))[:CATEGORIES]:
        ranking = job.look.categories.get(category)
        if ranking is not None:
            yield from reach.top(ranking, IN_CATEGORY)


def _fresh(job: Job, seed: int, reach: Reach) -> Iterable[str]:
    """Return some of the newest items; which ones is drawn by lot, so that each gets its turn."""
    fresh, wanted = job.look.fresh, max(FRESH, 2 * job.limit)
    count = min(NEWEST, reach.length(fresh))
    start = int(chance(seed, job.ask.shopper, job.revision, "fresh") * count)
    if reach.narrow:
        yield from reach.some(chain(reach.down(fresh, start), islice(reach.down(fresh), start)), wanted)
        return
    items = fresh.top(wanted, start)
    yield from items
    yield from fresh.top(wanted - len(items))
