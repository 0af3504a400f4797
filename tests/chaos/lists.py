"""Lists: each is what its own record of how it was made gives, and the newest covers the last event.  Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from agents.inspect.explanation import explain
from agents.processor import State
from agents.replay.log import LogRecord
from agents.shoppers.asks import HOME
from schemas.recommendations import Decision, Recommendations

_EXAMPLES = 5

_list = msgspec.json.Decoder(Recommendations).decode
_decision = msgspec.json.Decoder(Decision).decode


class Lists(msgspec.Struct, kw_only=True):
    """What was found out about lists."""

    made: int = 0
    """Lists in the log, each once."""
    retold: int = 0
    """Ids under which two lists came: their views differed."""
    undecided: int = 0
    """Lists whose making is not recorded: their worker was killed in between.  A newer one took their place."""
    unsound: int = 0
    """Lists that are not what their record gives; the newest of a shopper without a record counts here."""
    uncovered: int = 0
    """Shoppers or requests whose last event no list covers."""
    examples: list[str] = []


class Reader:
    """All lists of a run, in the order in which they are read."""

    def __init__(self, records: Iterable[LogRecord], decisions: Iterable[LogRecord]) -> None:
        self.result = Lists()
        self.newest: dict[tuple[str, str], Recommendations] = {}
        self.by_request: set[str] = set()
        self._decisions: dict[str, list[Decision]] = {}
        for record in decisions:
            decision = _decision(record.value or b"")
            self._decisions.setdefault(decision.recommendation_id, []).append(decision)
        seen: dict[str, bytes] = {}
        for record in records:
            value = record.value or b""
            it = _list(value)
            self.result.retold += seen.setdefault(it.recommendation_id, value) != value
            self._take(it)
        self.result.made = len(seen)
        self._check_newest()

    def check_covers(self, last: Mapping[str, int], requests: Mapping[tuple[str, str], str]) -> list[str]:
        """Return the shoppers and requests whose last event is not covered.

        *last*: shopper to the time of it in milliseconds; *requests*: shopper and placement to the id of the last one.
        """
        missing = []
        for shopper, at in sorted(last.items()):
            newest = self.newest.get((shopper, HOME))
            if newest is None or _milliseconds(newest.at) < at:
                missing.append(shopper)
        return missing + [name for name in requests.values() if name not in self.by_request]

    def check_revisions(self, shoppers: Sequence[str], states: Mapping[str, State]) -> list[str]:
        """Return those of *shoppers* whose newest list is not of their state as it is, its revision included."""
        return [
            name
            for name in shoppers
            if (name, HOME) not in self.newest
            or name not in states
            or self.newest[name, HOME].revision != states[name].revision
        ]

    def _take(self, it: Recommendations) -> None:
        if it.request_id is not None:
            self.by_request.add(it.request_id)
        place = it.shopper, it.placement
        known = self.newest.get(place)
        if known is None or (known.epoch, known.revision) < (it.epoch, it.revision):
            self.newest[place] = it
        decisions = self._decisions.get(it.recommendation_id)
        if not decisions:
            self.result.undecided += 1
        elif not any(explain(it, decision).sound for decision in decisions):
            self.result.unsound += 1
            self._example(f"{it.recommendation_id} of {it.shopper}: {explain(it, decisions[0]).problem}")

    def _check_newest(self) -> None:
        for it in self.newest.values():
            if it.recommendation_id not in self._decisions:
                self.result.unsound += 1
                self._example(f"{it.recommendation_id}, the newest of {it.shopper}: no decision is recorded")

    def _example(self, words: str) -> None:
        if len(self.result.examples) < _EXAMPLES:
            self.result.examples.append(words)


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
