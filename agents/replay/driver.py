"""The second driver: runs processors over a log in one process, each record to its end before the next.

It knows no Kafka, no clock and no threads, so the same records and the same models give the same outputs.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from agents.intake import Intake, Misplaced, Rejection
from agents.processor import Folder, Mapper, Origin, Output, Owed, Stage, State, View, fold_once
from agents.replay.log import LogRecord
from agents.replay.places import Places
from agents.topics import BY_NAME, REKEY_ITEMS, REKEY_SHOPPERS, dead_letters
from schemas.dead_letters import DeadLetter

EPOCH = 0
"""Of every list: a replay has no other writers."""


class _Source(NamedTuple):
    stage: Stage
    index: int
    intake: Intake


class Replayer:
    """Processors, their states and what they have put out."""

    def __init__(
        self,
        stages: Sequence[Stage],
        *,
        partitions: int,
        emit: Callable[[LogRecord], None],
        wanted: Collection[str],
    ) -> None:
        """Prepare *stages*; *emit* gets each output whose topic is *wanted*, and no list is made that nobody wants."""
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """By processor, or by topic for what no processor took: how many records ended so."""
        self.outputs: Counter[str] = Counter()
        self.states: dict[str, dict[str, State]] = {it.name: {} for it in stages if isinstance(it, Folder)}
        self._emit = emit
        self._wanted = frozenset(wanted)
        self._places = Places(partitions)
        self._queue: deque[LogRecord] = deque()
        self._sources: dict[str, list[_Source]] = {}
        self._views: dict[str, list[View]] = {}
        for stage in stages:
            for index, source in enumerate(stage.inputs):
                self._sources.setdefault(source.topic.name, []).append(_Source(stage, index, Intake(source)))
            for view in stage.views:
                self._views.setdefault(view.topic.name, []).append(view)
        self._derived = {topic.name for stage in stages for topic in stage.outputs}
        self._makers = _makers(stages, self._wanted)

    def feed(self, record: LogRecord) -> None:
        """Run one record of the log, and all that comes of it, to the end."""
        if record.topic in self._derived:
            self.outcomes[record.topic, "derived"] += 1
            return
        if record.topic not in self._sources:
            self.outcomes[record.topic, "unread"] += 1
            return
        self._queue.append(record)
        while self._queue:
            it = self._queue.popleft()
            for source in self._sources[it.topic]:
                self._take(source, it)

    def state_lines(self) -> Iterator[bytes]:
        """Yield the states as JSON lines, by processor and key."""
        for name, states in sorted(self.states.items()):
            for key in sorted(states):
                yield msgspec.json.encode({"processor": name, "key": key, "state": states[key]}) + b"\n"
