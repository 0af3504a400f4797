"""Why each item is in a list, and why another one is not: from the list, what it was made from, and nothing else.

Every number is the record's own; the only arithmetic is the check that a score is the sum that it claims to be.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from agents.inspect.contributions import Contribution, contributions, recomputed, weights_of
from agents.sources import PIN
from schemas.base import Localized
from schemas.copy import Copy
from schemas.recommendations import Candidate, Decision, KeptOut, Recommendations, Slot

NEXT = 5
"""Items told of that were considered and not chosen."""
LOT = 0.5
"""Propensity below which the last slot's item was drawn by lot."""
TOLERANCE = 1e-9


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate, looked into."""

    item: str
    score: float
    source: str
    rank: int
    """By score among those considered, from 1."""
    contributions: tuple[Contribution, ...]
    recomputed: float | None
    """The score made anew from the recorded features; None if they have no weights."""
    place: int | None = None
    """In the list, from 1; None: not chosen."""
    propensity: float | None = None
    by_lot: bool = False
    reason: Localized = {}
    copy: Copy | None = None

    @property
    def sound(self) -> bool:
        """Whether the recorded score is the sum of the contributions."""
        return self.recomputed is not None and abs(self.recomputed - self.score) < TOLERANCE


class Event(msgspec.Struct, frozen=True):
    """Something that the shopper did before the list was made."""

    at: datetime
    topic: str
    words: str


class Verdict(msgspec.Struct, frozen=True):
    """Why one item is, or is not, in the list."""

    item: str
    why: str
    """`listed`, `pinned`, `by_lot`, `outscored`, `spread`, `kept_out` or `not_considered`."""
    words: str
    details: Item | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A list and all that is known of why it is as it is."""

    list: Recommendations
    items: tuple[Item, ...]
    next: tuple[Item, ...] = ()
    """Considered and not chosen, the best first."""
    considered: int = 0
    wrong: tuple[str, ...] = ()
    """Items whose score, recomputed, is not the recorded one."""
    problem: str = ""
    """Why nothing could be recomputed, or how list and decision disagree."""
    verdict: Verdict | None = None
    events: tuple[Event, ...] = ()
    """Oldest first."""
    titles: dict[str, str] = {}

    @property
    def sound(self) -> bool:
        """Whether every score was recomputed and is right."""
        return not self.problem and not self.wrong


def explain(
    found: Recommendations, decision: Decision | None, copies: Sequence[Copy] = (), item: str | None = None
) -> Explanation:
    """Explain a list; *decision* is what it was made from, None if that was not recorded; *item*: of special interest."""
    by_item = {copy.item: copy for copy in copies}
    if decision is None:
        items = tuple(_bare(slot, place, by_item) for place, slot in enumerate(found.slots, 1))
        return Explanation(list=found, items=items, problem="no decision of this list is recorded")
    weights = weights_of(decision)
    ranked = sorted(decision.candidates, key=lambda one: (-one.score, one.item))
    slots = {slot.item: slot for slot in found.slots}
    looked_into = {
        one.item: _item(one, rank, weights, slots.get(one.item), by_item.get(one.item))
        for rank, one in enumerate(ranked, 1)
    }
    chosen = tuple(
        looked_into.get(slot.item) or _bare(slot, place, by_item) for place, slot in enumerate(found.slots, 1)
    )
    others = [one for one in looked_into.values() if one.place is None]
    return Explanation(
        list=found,
        items=chosen,
        next=tuple(others[:NEXT]),
        considered=len(ranked),
        wrong=tuple(one.item for one in looked_into.values() if not one.sound) if weights is not None else (),
        problem=_problem(found, decision, weights),
        verdict=None if item is None else judge(item, chosen, looked_into, decision.kept_out),
    )


def judge(
    item: str, chosen: Sequence[Item], looked_into: Mapping[str, Item], kept_out: Sequence[KeptOut] = ()
) -> Verdict:
    """Say why *item* is in the list or not; *looked_into*: all that were considered, *kept_out*: some that policies did not let."""
    it = looked_into.get(item)
    if it is None:
        return _not_considered(item, len(looked_into), kept_out)
    ranked = f"ranks {it.rank} of {len(looked_into)} by score ({it.score:.4f})"
    if it.place is not None:
        return _chosen(it, it.place, ranked, chosen)
    free = [one for one in chosen if one.source != PIN]
    if chosen and not free:
        return Verdict(item, "outscored", f"{ranked}; every place is pinned", it)
    least = min((one.score for one in free if not one.by_lot), default=0.0)
    if it.score > least:
        words = f"{ranked}, high enough, but items of its category that are in the list already each take something off"
        return Verdict(item, "spread", words, it)
    lot = next((f"; the last slot went by lot to {one.item}" for one in chosen if one.by_lot), "")
    return Verdict(item, "outscored", f"{ranked}; the lowest score chosen is {least:.4f}{lot}", it)


def _chosen(it: Item, place: int, ranked: str, chosen: Sequence[Item]) -> Verdict:
    if it.by_lot:
        which = "" if place == len(chosen) else " that is not pinned"
        words = f"{ranked}; it was drawn by lot for the last slot{which}, so that lists learn"
        return Verdict(it.item, "by_lot", words, it)
    if it.source == PIN:
        return Verdict(it.item, "pinned", f"is at place {place}, to which a policy pinned it, and {ranked}", it)
    others = "others are pinned, or" if any(one.source == PIN for one in chosen) else "items of one category"
    moved = "" if it.rank == place else f": {others} take turns, so place and rank differ"
    return Verdict(it.item, "listed", f"is at place {place} and {ranked}{moved}", it)


_POLICY_DOES = {
    "hide": "the policy {} hides it",
    "only": "the policy {} lets only others be listed",
    "cap": "the policy {} caps how many such items a list has, and others came first",
}


def _not_considered(item: str, considered: int, kept_out: Sequence[KeptOut]) -> Verdict:
    by = next((it for it in kept_out if it.item == item), None)
    if by is not None:
        return Verdict(item, "kept_out", f"was not considered: {_POLICY_DOES[by.kind].format(by.policy)}")
    policies = ", kept out by a policy" if kept_out else ""
    words = (
        f"was not among the {considered} items considered: no search, neighbour, likeness, category or trend "
        f"brought it in, or it may not be listed (out of stock, bought already, complained of, not in the catalogue{policies})"
    )
    return Verdict(item, "not_considered", words)


def _item(one: Candidate, rank: int, weights: Mapping[str, float] | None, slot: Slot | None, copy: Copy | None) -> Item:
    place = None if one.slot is None else one.slot + 1
    return Item(
        item=one.item,
        score=one.score,
        source=one.source,
        rank=rank,
        contributions=tuple(contributions(one.features, weights)) if weights is not None else (),
        recomputed=None if weights is None else recomputed(one, weights),
        place=place,
        propensity=one.propensity,
        by_lot=one.propensity is not None and one.propensity < LOT,
        reason=slot.reason.text if slot is not None else {},
        copy=copy if place is not None else None,
    )


def _bare(slot: Slot, place: int, copies: Mapping[str, Copy]) -> Item:
    """Return what the list itself says of an item."""
    return Item(
        item=slot.item,
        score=slot.score,
        source=slot.source,
        rank=place,
        contributions=(),
        recomputed=None,
        place=place,
        propensity=slot.propensity,
        by_lot=slot.propensity < LOT,
        reason=slot.reason.text,
        copy=copies.get(slot.item),
    )


def _problem(found: Recommendations, decision: Decision, weights: Mapping[str, float] | None) -> str:
    if weights is None:
        return f"the decision was made with {decision.models.get('score')} and does not say its weights"
    chosen = sorted((one for one in decision.candidates if one.slot is not None), key=lambda one: one.slot or 0)
    if [(one.item, one.score) for one in chosen] != [(slot.item, slot.score) for slot in found.slots]:
        return "the list is not the one that its decision chose"
    return ""
