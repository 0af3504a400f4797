"""An event and what it names, as one fact."""

from typing import Any, Literal, NamedTuple

from agents.outcomes.state import Listed
from agents.processor import moment
from schemas.clicks import AddToCart, Click, CopyShown, Interaction, ListShown, Purchase, Response, View
from schemas.outcomes import Outcome

_KINDS: dict[type, Literal["list_shown", "copy_shown", "view", "click", "add_to_cart", "purchase"]] = {
    ListShown: "list_shown",
    CopyShown: "copy_shown",
    View: "view",
    Click: "click",
    AddToCart: "add_to_cart",
    Purchase: "purchase",
}


class Found(NamedTuple):
    """What is known of what an event names."""

    listed: Listed | None = None
    """The list that it names, else that of the copy."""
    copied: Listed | None = None
    """The list that the copy came with."""
    about: str | None = None
    """The item that the copy is about."""


def outcome(event: Response, shown_at: int | None, found: Found) -> Outcome:
    """Return the fact of *event*, with what was *found* of what it names."""
    recommendation_id, copy_id = named(event)
    missing: list[Literal["list", "copy"]] = []
    if copy_id is not None and found.copied is None:
        missing.append("copy")
    if recommendation_id is not None and found.listed is None:
        missing.append("list")
    return Outcome(
        shopper=event.shopper,
        kind=_KINDS[type(event)],
        at=event.at,
        recommendation_id=recommendation_id if found.listed is None else found.listed.id,
        copy_id=copy_id,
        missing=tuple(missing),
        shown_at=None if shown_at is None else moment(shown_at),
        writer=None if found.copied is None else found.copied.models.get("words"),
        copy_item=found.about,
        **_of_event(event),
        **_of_list(event, found.listed),
    )


def named(event: Response) -> tuple[str | None, str | None]:
    """Return the ids of the list and of the copy that *event* names."""
    if isinstance(event, CopyShown):
        return None, event.copy_id
    return event.recommendation_id, event.copy_id if isinstance(event, Interaction) else None


def _of_event(event: Response) -> dict[str, Any]:
    if isinstance(event, ListShown):
        return {}
    if isinstance(event, CopyShown):
        return {"item": event.item}
    bought = {"quantity": event.quantity, "price": event.price} if isinstance(event, AddToCart | Purchase) else {}
    return {"item": event.item, "position": event.position, **bought}


def _of_list(event: Response, found: Listed | None) -> dict[str, Any]:
    if found is None:
        return {}
    said: dict[str, Any] = {
        "listed_at": moment(found.at),
        "placement": found.placement,
        "epoch": found.epoch,
        "revision": found.revision,
        "models": found.models,
        "view": found.view,
    }
    if isinstance(event, ListShown):
        places = {item: n for n, item in enumerate(found.items)}
        return {**said, "slots": tuple(places.get(item, -1) for item in event.items)}
    if event.item not in found.items:
        return said
    slot = found.items.index(event.item)
    return {
        **said,
        "slot": slot,
        "score": found.scores[slot],
        "source": found.sources[slot],
        "propensity": dict(found.chances).get(slot, 1.0),
    }
