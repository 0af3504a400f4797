"""An event that names the list or the copy that it comes from is handed on to where it is joined to them."""

from collections.abc import Iterator
from typing import Any

import msgspec.structs

from agents.processor import Origin, Output, fact_id, moment
from agents.topics import RESPONSES
from schemas.clicks import AddToCart, Basket, ClickEvent, CopyShown, Lines, ListShown, Purchase, Response


def responses(event: ClickEvent, at: int, origin: Origin) -> tuple[Output, ...]:
    """Return what *event* responds to, as it was folded, at *at*: each under the id of the outcome that it leads to.

    Of several items at once, each line that names a list or a copy is a response of its own.
    """
    when = moment(at)
    clamped = int(event.at.timestamp() * 1000) != at
    return tuple(
        Output(
            RESPONSES,
            event.shopper,
            msgspec.structs.replace(named, at=when) if clamped else named,
            fact_id(origin, "outcome", number),
            when,
        )
        for number, named in _naming(event)
    )


def _naming(event: ClickEvent) -> Iterator[tuple[int, Response]]:
    """Yield the number and the record of each response in *event*."""
    match event:
        case Lines():
            made = AddToCart if isinstance(event, Basket) else Purchase
            shared: dict[str, Any] = {"shopper": event.shopper, "at": event.at}
            shared |= {"language": event.language, "session": event.session}
            for number, line in enumerate(event.lines):
                if line.recommendation_id is not None or line.copy_id is not None:
                    yield number, made(**shared, **msgspec.structs.asdict(line))
        case CopyShown():
            yield 0, event
        case ListShown():
            if event.recommendation_id is not None:
                yield 0, event
        case _:
            if event.recommendation_id is not None or event.copy_id is not None:
                yield 0, event
