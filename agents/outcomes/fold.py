"""Lists and events meet, in whatever order their topics are read: the facts are the same.

An event looks for what it names.  What is not there has not been read yet, or never will be: the event waits.  A list is
written before anybody can choose from it, so when a list comes that was written well after the event, the one that it
names won't come any more, and it is told without it.
"""

from collections.abc import Sequence

from agents.outcomes.joined import Found, named, outcome
from agents.outcomes.lists import List, listed, with_copy
from agents.outcomes.state import LISTS, SHOWN, WAITING, Listed, Memory, Waiting
from agents.outcomes.tally import tally
from agents.processor import Effects, Life, Origin, Output, fact_id
from agents.processor import Outcome as Became
from agents.topics import OUTCOMES
from schemas.clicks import ListShown, Response

PATIENCE = 60_000
"""Milliseconds that clocks of workers may differ."""

FOUND = 7 * 24 * 3_600_000
"""Milliseconds after which nobody chooses from a list any more: what names it later finds none."""

_LATE = 24 * 3_600_000

_WAITS = Effects(outcome="waiting")


def fold(memory: Memory, event: List | Response, origin: Origin) -> Effects | None:
    """Change *memory* by *event*; return the facts that it leads to."""
    if isinstance(event, List):
        new = listed(event)
        memory.listed.append(new)
        del memory.listed[:-LISTS]
        memory.heard = max(memory.heard, origin.timestamp)
        return _settle(memory, new) if memory.waiting else None
    waiting = Waiting(origin.id or fact_id(origin, "outcome"), origin.timestamp, _shown(memory, event), event)
    found = _find(memory.listed, event)
    if _complete(event, found) or _late(memory, waiting):
        return _told([(waiting, found)])
    memory.waiting.append(waiting)
    if len(memory.waiting) <= WAITING:
        return _WAITS
    oldest = memory.waiting.pop(0)
    return _told([(oldest, _find(memory.listed, oldest.event))], "waiting")


def life(memory: Memory) -> Life:
    """Return how long *memory* is of use: until nobody chooses from its lists, and without end while something waits."""
    newest = max([it.at for it in memory.listed] + [at for _, at in memory.shown], default=0)
    return Life(newest, None if memory.waiting else newest + FOUND + _LATE)


def _settle(memory: Memory, new: Listed) -> Effects | None:
    """Tell of what waited for the list *new*, and of what need not wait any more."""
    told, left = [], []
    for waiting in memory.waiting:
        found = Found()
        if _late(memory, waiting) or _find([new], waiting.event) != Found():
            found = _find(memory.listed, waiting.event)
            if _complete(waiting.event, found) or _late(memory, waiting):
                told.append((waiting, found))
                continue
        left.append(waiting)
    memory.waiting = left
    return _told(told) if told else None


def _late(memory: Memory, waiting: Waiting) -> bool:
    """Return whether what an event names would have been read by now."""
    return memory.heard > waiting.timestamp + PATIENCE


def _find(lists: Sequence[Listed], event: Response) -> Found:
    """Return what *event* names, as far as it is in *lists*; the newest first."""
    recommendation_id, copy_id = named(event)
    oldest = int(event.at.timestamp() * 1000) - FOUND
    lists = [it for it in lists if it.at >= oldest]
    its = next((it for it in reversed(lists) if it.id == recommendation_id), None)
    if copy_id is None:
        return Found(its)
    copied = with_copy(reversed(lists), event.shopper, copy_id, None if isinstance(event, ListShown) else event.item)
    if copied is None:
        return Found(its)
    return Found(copied[0] if recommendation_id is None else its, *copied)


def _complete(event: Response, found: Found) -> bool:
    """Return whether all that *event* names is found."""
    recommendation_id, copy_id = named(event)
    return (recommendation_id is None or found.listed is not None) and (copy_id is None or found.copied is not None)


def _told(found: Sequence[tuple[Waiting, Found]], became: Became = "folded") -> Effects:
    facts = [_output(waiting, it) for waiting, it in found]
    counts = [count for waiting, it in found if it.listed is not None for count in tally(waiting.event, it.listed)]
    return Effects(facts, outcome=became, tallies=counts)


def _output(waiting: Waiting, found: Found) -> Output:
    event = waiting.event
    return Output(OUTCOMES, event.shopper, outcome(event, waiting.shown_at, found), waiting.id, event.at)


def _shown(memory: Memory, event: Response) -> int | None:
    """Return when the list that *event* names was first seen; remember it if *event* says that it was."""
    recommendation_id, _ = named(event)
    if recommendation_id is None:
        return None
    for name, at in reversed(memory.shown):
        if name == recommendation_id:
            return at if int(event.at.timestamp() * 1000) - at <= FOUND else None
    if isinstance(event, ListShown):
        memory.shown.append((recommendation_id, int(event.at.timestamp() * 1000)))
        del memory.shown[:-SHOWN]
    return None
