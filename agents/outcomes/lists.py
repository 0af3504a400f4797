"""Lists as they are read and remembered, and the copy that came with them."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from agents.outcomes.state import Listed
from agents.processor import REQUESTED, copy_id


class ListSlot(msgspec.Struct, frozen=True, gc=False):
    """One slot of a list."""

    item: str
    score: float
    source: str
    propensity: float


class List(msgspec.Struct, frozen=True, gc=False):
    """The fields of a `Recommendations` that an outcome needs; the rest is not decoded."""

    recommendation_id: str
    shopper: str
    placement: str
    epoch: int
    revision: int
    at: datetime
    slots: tuple[ListSlot, ...]
    models: dict[str, str]
    view: int


def listed(it: List) -> Listed:
    """Return what is remembered of a list."""
    slots = it.slots
    return Listed(
        id=it.recommendation_id,
        at=int(it.at.timestamp() * 1000),
        placement=it.placement,
        epoch=it.epoch,
        revision=it.revision,
        view=it.view,
        models=it.models,
        items=tuple(slot.item for slot in slots),
        scores=tuple(slot.score for slot in slots),
        sources=tuple(slot.source for slot in slots),
        chances=tuple((n, slot.propensity) for n, slot in enumerate(slots) if slot.propensity != 1),
    )


def with_copy(lists: Iterable[Listed], shopper: str, name: str, likely: str | None) -> tuple[Listed, str] | None:
    """Return the list that the copy *name* came with and the item that it is about, most likely *likely*.

    Ids of copy are made of their list and item, so copy need not be read.
    """
    lists = list(lists)
    for whole in (False, True):
        for it in lists:
            for item in it.items if whole else [likely] if likely in it.items else []:
                for suffix in ("", REQUESTED):
                    if copy_id(shopper, it.epoch, it.revision, it.placement, str(item), suffix) == name:
                        return it, str(item)
    return None
