"""What must come out, computed from the input as it lies on the broker: the replay driver runs each record exactly once."""

from collections.abc import Iterable
from typing import Any

import msgspec

from agents.outcomes.agent import Outcomes
from agents.processor import Folder, Origin, Stage, event_time
from agents.replay.driver import Replayer
from agents.replay.log import LogRecord
from agents.replay.sequence import merge
from agents.shoppers.asks import HOME, owed_by
from agents.topics import BY_NAME, DEAD_LETTERS, FEEDBACK, PAIRS, RESPONSES, SENTIMENTS
from schemas.requests import Request
from tests.chaos.reading import letter_place

FACTS = (PAIRS.name, SENTIMENTS.name, FEEDBACK.name, RESPONSES.name)
"""Facts that the input alone decides.  What a merge says depends on what was folded before it; its effect does not."""
LETTERS = tuple(topic.name for topic in DEAD_LETTERS)


class Model:
    """Grows with the input."""

    def __init__(self, stages: Iterable[Stage], partitions: int) -> None:
        """Prepare; of *stages* those are run whose outputs the input alone decides: none that reads lists."""
        self.facts: dict[str, dict[str, bytes | None]] = {name: {} for name in (*FACTS, *LETTERS)}
        """Topic to id to value."""
        self.events = 0
        self.asks = 0
        """Events that owe a list."""
        self.last: dict[str, int] = {}
        """Shopper to the time of the newest event that implies a list, in milliseconds since 1970."""
        self.last_requests: dict[tuple[str, str], str] = {}
        """Shopper and placement to the id of the last request."""
        self.known: set[str] = set()
        """Shoppers whom visitors turned out to be: how many merges they are handed depends on the order of things."""
        self._seen: dict[tuple[str, int], int] = {}
        self._stages = {stage.name: stage for stage in stages if not isinstance(stage, Outcomes)}
        self._replayer = Replayer(
            tuple(self._stages.values()), partitions=partitions, emit=self._take, wanted=(*FACTS, *LETTERS)
        )

    def feed(self, records: Iterable[LogRecord]) -> None:
        """Take the whole input as it lies on the broker now; what was taken before is not taken again."""
        new = [it for it in records if it.offset >= self._seen.get((it.topic, it.partition), 0)]
        for record in merge(new).records:
            self._seen[record.topic, record.partition] = record.offset + 1
            self._note(record)
            self._replayer.feed(record)

    def states(self, name: str) -> dict[str, Any]:
        """Return key to state of a processor."""
        folder = self._stages[name]
        if not isinstance(folder, Folder):
            message = f"{name} keeps no state"
            raise TypeError(message)
        lines = map(msgspec.json.decode, self._replayer.state_lines())
        return {
            line["key"]: msgspec.convert(line["state"], folder.state) for line in lines if line["processor"] == name
        }

    def _take(self, record: LogRecord) -> None:
        name = letter_place(record) if record.topic in LETTERS else _id(record)
        self.facts[record.topic][name] = record.value

    def _note(self, record: LogRecord) -> None:
        self.events += 1
        topic = BY_NAME[record.topic]
        try:
            event = msgspec.json.decode(record.value or b"", type=topic.record)
        except (ValueError, RecursionError):
            return
        asks = owed_by(event)
        self.asks += bool(asks)
        if hasattr(event, "anonymous"):
            self.known.add(event.shopper)
        elif isinstance(event, Request):
            self.last_requests[event.shopper, event.placement] = event.request_id or ""
        elif asks and asks[0].slot == HOME:
            at, _ = event_time(event.at, Origin(topic.name, record.partition, record.offset, record.timestamp))
            self.last[event.shopper] = max(self.last.get(event.shopper, 0), at)


def _id(record: LogRecord) -> str:
    return (dict(record.headers)["ce_id"] or b"").decode()
