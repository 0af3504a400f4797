"""Lists, copy and events meet, in whatever order their topics are read: the facts are the same.

An event looks for what it names.  What is not there has not been read yet, or never will be: the event waits.  A list is
written before anybody can choose from it, so when a list comes that was written well after the event, the one that it
names won't come any more, and it is told without it.
"""

from collections.abc import Sequence
from typing import TypeVar

from agents.outcomes.events import List, Words, listed, written
from agents.outcomes.joined import named, outcome
from agents.outcomes.state import COPIES, LISTS, SHOWN, WAITING, Listed, Memory, Waiting, Written
from agents.processor import Effects, Origin, Output, fact_id
from agents.topics import OUTCOMES
from schemas.clicks import ListShown, Response

PATIENCE = 60_000
"""Milliseconds that clocks of workers may differ."""

Told = TypeVar("Told", Listed, Written)

_WAITS = Effects(outcome="waiting")


def fold(memory: Memory, event: List | Words | Response, origin: Origin) -> Effects | None:
    """Change *memory* by *event*; return the facts that it leads to."""
    if isinstance(event, List):
        _keep(memory.listed, listed(event), LISTS)
        memory.heard = (max(memory.heard[0], origin.timestamp), memory.heard[1])
        return _settle(memory)
    if isinstance(event, Words):
        _keep(memory.written, written(event), COPIES)
        memory.heard = (memory.heard[0], max(memory.heard[1], origin.timestamp))
        return _settle(memory)
    waiting = Waiting(origin.id or fact_id(origin, "outcome"), origin.timestamp, _shown(memory, event), event)
    told = _tell(memory, waiting)
    if told is not None:
        return Effects((told,))
    memory.waiting.append(waiting)
    if len(memory.waiting) <= WAITING:
        return _WAITS
    return Effects((_output(memory, memory.waiting.pop(0)),), outcome="waiting")


def _settle(memory: Memory) -> Effects | None:
    """Tell of what waits and need not wait any more."""
    if not memory.waiting:
        return None
    told = [(waiting, _tell(memory, waiting)) for waiting in memory.waiting]
    memory.waiting = [waiting for waiting, output in told if output is None]
    return Effects([output for _, output in told if output is not None])


def _tell(memory: Memory, waiting: Waiting) -> Output | None:
    """Return the fact of an event; None if something that it names may still come."""
    recommendation_id, copy_id = named(waiting.event)
    heard_lists, heard_copies = memory.heard
    latest = waiting.timestamp + PATIENCE
    if copy_id is not None:
        copy = _find(memory.written, copy_id)
        if copy is None and heard_copies <= latest:
            return None
        if recommendation_id is None and copy is not None:
            recommendation_id = copy.recommendation_id
    if recommendation_id is not None and heard_lists <= latest and _find(memory.listed, recommendation_id) is None:
        return None
    return _output(memory, waiting)


def _output(memory: Memory, waiting: Waiting) -> Output:
    event = waiting.event
    recommendation_id, copy_id = named(event)
    copy = None if copy_id is None else _find(memory.written, copy_id)
    if recommendation_id is None and copy is not None:
        recommendation_id = copy.recommendation_id
    found = None if recommendation_id is None else _find(memory.listed, recommendation_id)
    return Output(OUTCOMES, event.shopper, outcome(event, waiting.shown_at, found, copy), waiting.id, event.at)


def _shown(memory: Memory, event: Response) -> int | None:
    """Return when the list that *event* names was first seen; remember it if *event* says that it was."""
    recommendation_id, _ = named(event)
    if recommendation_id is None:
        return None
    for name, at in reversed(memory.shown):
        if name == recommendation_id:
            return at
    if isinstance(event, ListShown):
        memory.shown.append((recommendation_id, int(event.at.timestamp() * 1000)))
        del memory.shown[:-SHOWN]
    return None


def _keep(known: list[Told], new: Told, bound: int) -> None:
    known.append(new)
    del known[:-bound]


def _find(known: Sequence[Told], name: str) -> Told | None:
    return next((it for it in reversed(known) if it.id == name), None)
