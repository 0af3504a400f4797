"""What is read of lists and copy: the fields that an outcome needs; the rest is not decoded."""

from datetime import datetime

import msgspec

from agents.outcomes.state import Listed, Written


class ListSlot(msgspec.Struct, frozen=True, gc=False):
    """One slot of a list."""

    item: str
    score: float
    source: str
    propensity: float


class List(msgspec.Struct, frozen=True, gc=False):
    """A `Recommendations`."""

    recommendation_id: str
    shopper: str
    placement: str
    epoch: int
    revision: int
    at: datetime
    slots: tuple[ListSlot, ...]
    models: dict[str, str]
    view: int


class Words(msgspec.Struct, frozen=True, gc=False):
    """A `Copy`."""

    copy_id: str
    shopper: str
    item: str
    placement: str
    epoch: int
    revision: int
    writer: str
    recommendation_id: str | None = None


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
        chances={n: slot.propensity for n, slot in enumerate(slots) if slot.propensity != 1},
    )


def written(it: Words) -> Written:
    """Return what is remembered of a copy."""
    return Written(it.copy_id, it.item, it.placement, it.epoch, it.revision, it.writer, it.recommendation_id)
