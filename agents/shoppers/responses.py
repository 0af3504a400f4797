"""An event that names the list or the copy that it comes from is handed on to where it is joined to them."""

import msgspec.structs

from agents.processor import Origin, Output, fact_id, moment
from agents.topics import RESPONSES
from schemas.clicks import Event


def response(event: Event, at: int, origin: Origin) -> Output:
    """Return *event* as it was folded, at *at*, under the id of the outcome that it leads to."""
    when = moment(at)
    if int(event.at.timestamp() * 1000) != at:  # it was clamped
        event = msgspec.structs.replace(event, at=when)
    return Output(RESPONSES, event.shopper, event, fact_id(origin, "outcome"), when)
