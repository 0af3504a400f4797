"""What shoppers of a log did, item by item: what a model of what comes next learns from."""

from operator import attrgetter, itemgetter

from agents.intake import Admitted, Intake
from agents.processor import Input
from agents.replay.sequence import Merged
from agents.steps import KIND_OF, items_of_lines, steps
from agents.topics import CLICKS
from models.sequence.data import History
from schemas.clicks import Lines


def histories(log: Merged) -> list[History]:
    """Return the steps of each shopper of *log*; what the agents would refuse is passed over, as it is when lists are made."""
    intake = Intake(Input(CLICKS, attrgetter("shopper")))
    touched: dict[str, list[tuple[int, str, int]]] = {}
    for record, at in zip(log.records, log.times, strict=True):
        if record.topic == CLICKS.name:
            read = intake.read(record.value, record.headers)
            if isinstance(read, Admitted) and type(read.event) in KIND_OF:
                eagerness = KIND_OF[type(read.event)]
                own = touched.setdefault(read.event.shopper, [])
                items = items_of_lines(read.event) if isinstance(read.event, Lines) else [read.event.item]
                own.extend((at, item, eagerness) for item in items)
    return [_history(sorted(own, key=itemgetter(0))) for own in touched.values()]


def _history(touches: list[tuple[int, str, int]]) -> History:
    kept = [touches[place] for place in steps((item, eagerness) for _, item, eagerness in touches)]
    return History([at for at, *_ in kept], [item for _, item, _ in kept])
