"""What became of lists between two runs: which items moved, how far, and who gained by it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from agents.inspect.contributions import points_moved, weights_of
from schemas.recommendations import Decision, Recommendations, Slot

TOP = 10
"""Slots that the overlap is taken over: what a page shows."""

_decode = msgspec.json.Decoder(Recommendations).decode
_decode_decision = msgspec.json.Decoder(Decision).decode


class Place(NamedTuple):
    """An item in one list or in both; places count from 0, None: not in it."""

    item: str
    before: int | None
    after: int | None
    old: Slot | None
    new: Slot | None


class Moved(msgspec.Struct):
    """What an item gained over all lists."""

    places: int = 0
    """Places won, less those lost; an item that is not in a list stands behind its end."""
    lists_before: int = 0
    lists_after: int = 0


class Example(msgspec.Struct):
    """A list that changed, before and after."""

    old: Recommendations
    new: Recommendations
    why: dict[str, list[tuple[str, float]]] = {}
    """Item to the features that moved its score and by how much, the greatest first, if the decisions were recorded."""


class ListsMoved:
    """Takes pairs of lists that are not the same bytes, and adds up."""

    def __init__(self, examples: int) -> None:
        """Keep the first *examples* lists whose order changed, each of another shopper."""
        self.reordered = 0
        """Lists with other items or another order."""
        self.rescored = 0
        """The same items in the same order, with other scores, reasons, sources or propensities."""
        self.first_changed = 0
        """Reordered lists whose first item is another one."""
        self.overlap = 0.0
        """Sum over the reordered lists of the share of the first ten items that are in both."""
        self.steps = 0
        """Sum of the places moved by items that are in both of the reordered lists …"""
        self.stayed = 0
        """… and how many these are."""
        self.sources: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        """Source to slots in the lists whose slots changed, before and after."""
        self.reasons: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self.items: dict[str, Moved] = {}
        self.examples: list[Example] = []
        self._wanted = examples
        self._shown: set[str] = set()

    def take(self, before: bytes, after: bytes) -> None:
        """Compare two lists of the same shopper, placement and revision."""
        old, new = _decode(before), _decode(after)
        if old.slots == new.slots:
            return
        for number, slots in enumerate((old.slots, new.slots)):
            self.sources[number].update(slot.source for slot in slots)
            self.reasons[number].update(slot.reason.code for slot in slots)
        found = places(old.slots, new.slots)
        for place in found:
            self._move(place, len(old.slots), len(new.slots))
        if [slot.item for slot in old.slots] == [slot.item for slot in new.slots]:
            self.rescored += 1
            return
        self.reordered += 1
        self.first_changed += old.slots[:1] == () or new.slots[:1] == () or old.slots[0].item != new.slots[0].item
        self.overlap += overlap(old.slots, new.slots)
        stayed = [abs(it.before - it.after) for it in found if it.before is not None and it.after is not None]
        self.steps += sum(stayed)
        self.stayed += len(stayed)
        if len(self.examples) < self._wanted and old.shopper not in self._shown:
            self._shown.add(old.shopper)
            self.examples.append(Example(old, new))

    def explain(self, before: bytes, after: bytes) -> None:
        """Take what two lists were made from; those of the examples say why their items moved."""
        if all(example.why for example in self.examples):
            return
        old, new = _decode_decision(before), _decode_decision(after)
        for example in self.examples:
            one, other = weights_of(old), weights_of(new)
            if _same_list(example.old, old) and _same_list(example.new, new) and one is not None and other is not None:
                features = {it.item: it.features for it in old.candidates}
                example.why = {
                    it.item: points_moved(features[it.item], it.features, (one, other))
                    for it in new.candidates
                    if it.item in features
                }

    def movers(self, count: int) -> tuple[list[tuple[str, Moved]], list[tuple[str, Moved]]]:
        """Return the *count* items that gained most places, and those that lost most, the greatest first."""
        ranked = sorted(self.items.items(), key=lambda pair: (-pair[1].places, pair[0]))
        gained = [pair for pair in ranked if pair[1].places > 0][:count]
        lost = [pair for pair in reversed(ranked) if pair[1].places < 0][:count]
        return gained, lost

    def summary(self, count: int) -> dict[str, Any]:
        """Return the sums as a mapping that encodes to JSON, with *count* movers each way."""
        gained, lost = self.movers(count)
        return {
            "reordered": self.reordered,
            "first_changed": self.first_changed,
            "rescored": self.rescored,
            "mean_overlap_at_10": round(self.overlap / self.reordered, 4) if self.reordered else None,
            "mean_places_moved": round(self.steps / self.stayed, 2) if self.stayed else None,
            "items": {"before": self._shown_items("lists_before"), "after": self._shown_items("lists_after")},
            "sources": _before_after(self.sources),
            "reasons": _before_after(self.reasons),
            "gained": {item: moved for item, moved in gained},  # noqa: C416  a mapping in this order
            "lost": {item: moved for item, moved in lost},  # noqa: C416
        }

    def _shown_items(self, when: str) -> int:
        return sum(1 for moved in self.items.values() if getattr(moved, when))

    def _move(self, place: Place, before: int, after: int) -> None:
        moved = self.items.get(place.item)
        if moved is None:
            moved = self.items[place.item] = Moved()
        moved.lists_before += place.before is not None
        moved.lists_after += place.after is not None
        moved.places += (before if place.before is None else place.before) - (
            after if place.after is None else place.after
        )


def places(old: Sequence[Slot], new: Sequence[Slot]) -> list[Place]:
    """Return the items of the new list in its order, then those that are only in the old one."""
    before = {slot.item: (place, slot) for place, slot in enumerate(old)}
    found = []
    for place, slot in enumerate(new):
        was, slot_before = before.pop(slot.item, (None, None))
        found.append(Place(slot.item, was, place, slot_before, slot))
    return found + [Place(item, place, None, slot, None) for item, (place, slot) in before.items()]


def overlap(old: Sequence[Slot], new: Sequence[Slot]) -> float:
    """Return the share of the first ten items that two lists have in common; 1 for two empty ones."""
    one, other = ({slot.item for slot in slots[:TOP]} for slots in (old, new))
    longest = max(len(one), len(other))
    return len(one & other) / longest if longest else 1.0


def _same_list(one: Recommendations, other: Decision) -> bool:
    return (one.recommendation_id, one.shopper) == (other.recommendation_id, other.shopper)


def _before_after(counts: tuple[Counter[str], Counter[str]]) -> dict[str, dict[str, int]]:
    before, after = counts
    return {name: {"before": before[name], "after": after[name]} for name in sorted(before | after)}
