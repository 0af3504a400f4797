"""What shoppers of a log did, item by item: what a model of what comes next learns from."""

from operator import attrgetter, itemgetter
from typing import Any

from agents.intake import Admitted, Intake
from agents.processor import Input
from agents.replay.sequence import Merged
from agents.steps import steps
from agents.topics import CLICKS
from models.sequence.data import History
from schemas.clicks import AddToCart, Basket, Click, Order, Purchase, View

_EAGERNESS: dict[type, int] = {View: 0, Click: 1, AddToCart: 2, Basket: 2, Purchase: 3, Order: 3}


def histories(log: Merged) -> list[History]:
    """Return the steps of each shopper of *log*; what the agents would refuse is passed over, as it is when lists are made."""
    intake = Intake(Input(CLICKS, attrgetter("shopper")))
    touched: dict[str, list[tuple[int, str, int]]] = {}
    for record, at in zip(log.records, log.times, strict=True):
        if record.topic == CLICKS.name:
            read = intake.read(record.value, record.headers)
            if isinstance(read, Admitted) and type(read.event) in _EAGERNESS:
                eagerness = _EAGERNESS[type(read.event)]
                own = touched.setdefault(read.event.shopper, [])
                own.extend((at, item, eagerness) for item in _items(read.event))
    return [_history(sorted(own, key=itemgetter(0))) for own in touched.values()]


def _items(event: Any) -> list[str]:
    return sorted({line.item for line in event.lines}) if isinstance(event, Basket | Order) else [event.item]


def _history(touches: list[tuple[int, str, int]]) -> History:
    kept = [touches[place] for place in steps((item, eagerness) for _, item, eagerness in touches)]
    return History([at for at, *_ in kept], [item for _, item, _ in kept])
