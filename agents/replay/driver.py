"""The second driver: runs processors over a log in one process, each record to its end before the next.

It knows no Kafka, no clock and no threads, so the same records and the same models give the same outputs.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from agents.dialects.heard import Ignored
from agents.engine.shelves import Shelves
from agents.headers import FAILED, ONLY_OUTPUT, cloud_event, dead_letter, failed, rekeyed
from agents.intake import Admitted, Intake, Misplaced, Rejection
from agents.processor import Folder, Mapper, Origin, Output, Owed, Stage, State, View, fold_once, misplaced, sources
from agents.replay.log import LogRecord
from agents.replay.places import Places
from agents.topics import BY_NAME, DEAD_LETTERS, DLQ_HANDLED, REKEYS, dead_letters
from schemas.dead_letters import DeadLetter

_REKEYS = frozenset(topic.name for topic in REKEYS)

EPOCH = 0
"""Of every list: a replay has no other writers."""

_encode = msgspec.json.Encoder().encode
_encode_state = msgspec.json.Encoder(order="deterministic").encode


class _Source(NamedTuple):
    stage: Stage
    number: int
    """In `processor.sources`, whose first is the rekey topic."""
    intake: Intake


class _Folding(NamedTuple):
    """What a folder needs beside itself."""

    states: dict[str, State]
    rekey: str
    offsets: int
    """Topics whose offsets a state keeps."""


class _Pending(NamedTuple):
    owed: Owed
    timestamp: int
    """The broker's time of the record that owes it."""


class Replayer:
    """Processors, their states and what they have put out."""

    def __init__(
        self,
        stages: Sequence[Stage],
        *,
        partitions: int,
        emit: Callable[[LogRecord], object],
        wanted: Collection[str],
    ) -> None:
        """Prepare *stages*; *emit* gets each output whose topic is *wanted*, and no list is made that nobody wants.

        A processor that reads lists runs only if what it tells is wanted.
        """
        self.outcomes: Counter[tuple[str, str, str]] = Counter()
        """By processor (empty where none took the record), topic and outcome."""
        self.outputs: Counter[str] = Counter()
        """By topic; wanted or not."""
        self._emit = emit
        self._wanted = frozenset(wanted)
        self._places = Places(partitions)
        self._queue: deque[LogRecord] = deque()
        self._sources: dict[str, list[_Source]] = {}
        self._views: dict[str, list[View]] = {}
        self._shelves: dict[str, list[tuple[str, Shelves]]] = {}
        """Topic to the processors that hold it whole; for its records in the log."""
        self._folding: dict[str, _Folding] = {}
        running = _running(stages, self._wanted)
        for stage in running:
            for number, source in enumerate(stage.inputs, 1):
                self._sources.setdefault(source.topic.name, []).append(_Source(stage, number, Intake(source)))
            shelves = Shelves(stage.views)
            for view in stage.views:
                self._views.setdefault(view.topic.name, []).append(view)
                self._shelves.setdefault(view.topic.name, []).append((stage.name, shelves))
            if isinstance(stage, Folder):
                kept = sources(stage)
                self._folding[stage.name] = _Folding({}, kept[0].name, len(kept))
        self._derived = {topic.name for stage in stages for topic in stage.outputs}
        self._derived |= {topic.name for topic in (*REKEYS, *DEAD_LETTERS, DLQ_HANDLED)}
        self._pending: dict[str, dict[tuple[str, str], _Pending]] = {}
        self._makers = _makers(running, self._wanted)
        for maker in self._makers:
            self._pending[maker.name] = {}

    def feed(self, record: LogRecord) -> None:
        """Run one record of the log, and all that comes of it, to the end: first what it tells, then what it owes."""
        if record.topic in _REKEYS and any(name == FAILED for name, _ in record.headers):
            self._take_replayed(record)
        elif record.topic in self._derived:
            self.outcomes["", record.topic, "derived"] += 1
            return
        elif record.topic in self._shelves:
            self._hold(record)
            return
        elif record.topic not in self._sources:
            self.outcomes["", record.topic, "unread"] += 1
            return
        else:
            self._queue.append(record)
        while self._queue or self._make_next():
            while self._queue:
                taken = self._queue.popleft()
                for source in self._sources[taken.topic]:
                    self._take(source, taken)

    def state_lines(self) -> Iterator[bytes]:
        """Yield the states as JSON lines, by processor and key."""
        for name, folding in sorted(self._folding.items()):
            for key, state in sorted(folding.states.items()):
                yield _encode_state({"processor": name, "key": key, "state": state}) + b"\n"

    def _take(self, source: _Source, record: LogRecord) -> None:
        stage, topic = source.stage, record.topic
        place = (topic, record.partition, record.offset, record.timestamp)
        if isinstance(stage, Mapper) and (first := rekeyed(record.headers)) is not None and first.topic == topic:
            place = (topic, first.partition, first.offset, first.timestamp)  # a replayed dead letter
        found = source.intake.admit(record.key, record.value, record.headers, record.partition, self._places.partitions)
        if isinstance(found, Rejection):
            self.outcomes[stage.name, topic, "dead_letter"] += 1
            self._refuse(record, Origin(*place), found)
            return
        if isinstance(found, Ignored):
            self.outcomes[stage.name, topic, "ignored"] += 1
            return
        origin = Origin(*place, found.id)
        if isinstance(stage, Mapper):
            self.outcomes[stage.name, topic, "folded"] += 1
            self._map(stage, found.event, origin)
        elif isinstance(stage, Folder):
            if isinstance(found, Misplaced):
                self.outcomes[stage.name, topic, "rekeyed"] += 1
            new = source.intake.source.topic.in_order and not isinstance(found, Misplaced)
            self._fold(stage, source.number, record, found, origin, new=new)

    def _hold(self, record: LogRecord) -> None:
        """Apply what nobody folds to the views; a record that can't be read leaves what stood before it."""
        for name, shelves in self._shelves[record.topic]:
            error = shelves.apply(record.topic, record.key, record.value)
            self.outcomes[name, record.topic, "applied" if error is None else "undecodable"] += 1

    def _take_replayed(self, record: LogRecord) -> None:
        """Take a dead letter that was replayed: what it says, mended perhaps, is nowhere else in the log."""
        origin = rekeyed(record.headers)
        sources = () if origin is None else self._sources.get(origin.topic, ())
        source = next((it for it in sources if isinstance(it.stage, Folder)), None)
        if origin is None or source is None or not isinstance(stage := source.stage, Folder):
            self.outcomes["", record.topic, "unread"] += 1
            return
        found = source.intake.admit(record.key, record.value, record.headers, record.partition, self._places.partitions)
        if isinstance(found, Rejection):
            self.outcomes[stage.name, record.topic, "dead_letter"] += 1
            self._refuse(record, origin, found)
            return
        if isinstance(found, Ignored):
            self.outcomes[stage.name, record.topic, "ignored"] += 1
            return
        key = found.key if isinstance(found, Misplaced) else (record.key or b"").decode()
        origin = msgspec.structs.replace(origin, id=found.id)
        if any(name == ONLY_OUTPUT for name, _ in record.headers):
            self.outcomes[stage.name, record.topic, "reasked"] += 1
            state = self._folding[stage.name].states.get(key)
            if state is not None:
                self._owe(stage, key, stage.owes(state, found.event, origin), record.timestamp)
            return
        self._fold(stage, source.number, record, Misplaced(key, found.event, found.id), origin)

    def _fold(
        self,
        stage: Folder,
        source: int,
        record: LogRecord,
        found: Admitted | Misplaced,
        origin: Origin,
        *,
        new: bool = False,
    ) -> None:
        """Fold a record; *new*: it is known that nobody sent it twice."""
        states, rekey, kept = self._folding[stage.name]
        topic, offset = record.topic, record.offset
        if isinstance(found, Misplaced):
            key, source, topic, origin = found.key, 0, rekey, misplaced(origin)
            _, offset = self._places.take(rekey, key.encode())
        else:
            key = (record.key or b"").decode()
        state = states.get(key)
        if state is None:
            state = states[key] = stage.new()
            state.offsets = [-1] * kept
        effects = fold_once(stage, state, source, offset, found.event, origin, new=new)
        if effects is None or isinstance(effects, str):
            self.outcomes[stage.name, topic, effects or "folded"] += 1
            return
        self.outcomes[stage.name, topic, effects.outcome] += 1
        for output in effects.facts:
            self._send(stage, output, record.timestamp)
        self._owe(stage, key, effects.owed, record.timestamp)

    def _owe(self, stage: Folder, key: str, owed: Sequence[Owed], timestamp: int) -> None:
        pending = self._pending.get(stage.name)
        if pending is not None:
            for it in owed:
                pending[key, it.slot] = _Pending(it, timestamp)

    def _map(self, stage: Mapper, event: Any, origin: Origin) -> None:
        self._finish(stage, stage.plan(event, origin), origin.timestamp)

    def _make_next(self) -> bool:
        """Make one list or card that is owed; False if there is none."""
        for stage in self._makers:
            pending = self._pending[stage.name]
            if pending:
                key, slot = next(iter(pending))
                owed, timestamp = pending.pop((key, slot))
                self._finish(stage, stage.plan(self._folding[stage.name].states[key], owed, EPOCH), timestamp)
                return True
        return False

    def _finish(self, stage: Stage, job: Any, timestamp: int) -> None:
        """Score one job by itself, so that its bytes do not depend on its neighbours, and send what comes of it."""
        if job is None:
            return
        for output in stage.finish(job, stage.score([job])[0]):
            self._send(stage, output, timestamp)

    def _send(self, stage: Stage, output: Output, timestamp: int) -> None:
        """Apply *output* to views, feed it to who reads it, and emit it if wanted."""
        topic = output.topic.name
        self.outputs[topic] += 1
        for view in self._views.get(topic, ()):
            view.apply(output.key, output.value)
        read, wanted = topic in self._sources, topic in self._wanted
        if not (read or wanted):
            return
        key = output.key.encode()
        partition, offset = self._places.take(topic, key)
        value = None if output.value is None else _encode(output.value)
        headers = tuple(cloud_event(output, f"/vitrine/{stage.name}"))
        record = LogRecord(topic, partition, offset, timestamp, key, value, headers)
        if read:
            self._queue.append(record)
        if wanted:
            self._emit(record)

    def _refuse(self, record: LogRecord, origin: Origin, why: Rejection) -> None:
        topic = dead_letters(BY_NAME[origin.topic]).name
        self.outputs[topic] += 1
        if topic not in self._wanted:
            return
        letter = DeadLetter(
            topic=origin.topic,
            partition=origin.partition,
            offset=origin.offset,
            timestamp=origin.timestamp,
            stage=why.stage,
            reason=why.reason,
            message=why.message,
            field=why.field,
            delivery_count=failed(record.headers) + 1,
        )
        offset = self._places.append(topic, record.partition)
        headers = tuple(dead_letter(letter, record.headers))
        self._emit(LogRecord(topic, record.partition, offset, record.timestamp, record.key, record.value, headers))


def _running(stages: Sequence[Stage], wanted: Collection[str]) -> list[Stage]:
    """Return *stages* without those that would have lists made, by reading them, for outputs that nobody wants."""
    owed = {name for stage in stages if isinstance(stage, Folder) for name in _owing(stage)}
    return [
        stage
        for stage in stages
        if owed.isdisjoint(source.topic.name for source in stage.inputs)
        or any(topic.name in wanted for topic in stage.outputs)
    ]


def _makers(stages: Sequence[Stage], wanted: Collection[str]) -> list[Folder]:
    """Return the folders whose owed work is worth making: it is wanted or read, or it feeds the view of one that makes something.

    Those that feed views come first, so that a list sees all that came of its own event.
    """
    used = {source.topic.name for stage in stages for source in stage.inputs}.union(wanted)
    making = [stage for stage in stages if isinstance(stage, Mapper) or _owing(stage) & used]
    viewed: set[str] = set()
    while True:
        viewed = {view.topic.name for stage in making for view in stage.views}
        more = [stage for stage in stages if stage not in making and _owing(stage) & viewed]
        if not more:
            break
        making += more
    folders = [stage for stage in making if isinstance(stage, Folder)]
    return sorted(folders, key=lambda stage: not _owing(stage) & viewed)


def _owing(stage: Stage) -> set[str]:
    """Return the topics of what a processor makes of owed work."""
    facts = stage.facts if isinstance(stage, Folder) else ()
    return {topic.name for topic in stage.outputs if topic not in facts}
