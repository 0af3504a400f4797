"""What folding and mapping have in common: records in, refused ones out, owed work made."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from agents import headers as wire
from agents.engine.context import Batch, Context
from agents.engine.delivery import Entry, Load
from agents.engine.owed import Item, OwedQueue
from agents.engine.turns import Act
from agents.intake import Intake, Rejection
from agents.processor import Origin, Output, Stage
from agents.topics import BY_NAME, REKEYS, Topic, dead_letters
from schemas.dead_letters import DeadLetter

SLICE = 250
"""Records handled before the clock is looked at."""

TURN_SECONDS = 0.004
"""How long records are handled before other tasks may run."""

_OWED_BYTES = 64 << 20
"""Of the records behind lists that wait to be made, above which the oldest lists are shed."""
_ITEM_BYTES = 1_000
"""What a piece of owed work takes beside its record."""

_MAX_MESSAGE = 300
"""Characters of an error that a dead letter repeats."""


class Runner(ABC):
    """Runs one processor."""

    def __init__(self, stage: Stage, context: Context, owed_lists: int = 1) -> None:
        """*owed_lists* may wait, above which the oldest are shed."""
        self.stage = stage
        self.context = context
        self.source = f"/vitrine/{stage.name}"
        self.queue = OwedQueue(Load(owed_lists, _OWED_BYTES), self._release)
        self.intakes = {source.topic.name: Intake(source) for source in stage.inputs}
        """Topic to how its records are read."""
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """By topic and outcome, since the last `count`."""
        self.newest: dict[str, int] = {}
        """Topic to the broker's time of the newest record handled, in milliseconds since 1970."""

    @property
    @abstractmethod
    def topics(self) -> tuple[Topic, ...]:
        """The topics to be read."""

    @abstractmethod
    async def handle(self, batch: Batch) -> None:
        """Fold or map the records of *batch*, in slices; give up when its partition is taken away."""

    @abstractmethod
    def plan(self, item: Item) -> Any:
        """Return the job of a taken *item*; None if nothing is to be made.

        Its request is what is owed, the `Origin` of the newest record that owes it, and that record.
        """

    @abstractmethod
    def made(self, item: Item) -> None:
        """Take note that the outputs of *item* are out."""

    def note(self, batch: Batch) -> None:
        """Tell how new the newest record is that was handled."""
        newest = batch.records[-1].timestamp
        if newest > self.newest.get(batch.topic, 0):
            self.newest[batch.topic] = newest
            self.context.metrics.last_event.labels(self.stage.name, batch.topic).set(newest / 1000)

    def in_turn(self, item: Item, act: Act) -> None:
        """Do what makes an end of a taken *item* when its turn has come: at once, unless others leave before it."""
        del item
        act()

    def place(self, item: Item, number: int) -> bytes | None:
        """Return what tells where the *number*-th output of *item* comes from; None if it mirrors a state."""
        del item, number
        return None

    def clear(self, gone: Callable[[Entry], bool]) -> None:
        """Drop the owed work that only entries that are *gone* wait for."""
        self.queue.clear(gone)

    def tell(self, facts: Sequence[Output], topic: str, partition: int, offset: int) -> None:
        """Send the *facts* of an event that is folded, and was read at this place."""
        for number, fact in enumerate(facts):
            self.context.emit(fact, self.source, place=self.context.place(topic, partition, offset, number))

    def reject(self, topic: Topic, origin: Origin, record: Any, why: Rejection) -> None:
        """Send a record that can't be used to its dead letters, as it came."""
        letter = DeadLetter(
            topic=self.context.name(origin.topic),
            partition=origin.partition,
            offset=origin.offset,
            timestamp=origin.timestamp,
            stage=why.stage,
            reason=why.reason,
            message=why.message,
            field=why.field,
            group=self.context.group,
            delivery_count=wire.failed(record.headers) + 1,
        )
        headers = wire.dead_letter(letter, record.headers)
        self.context.send(dead_letters(topic), record.key, record.value, headers)
        self.context.metrics.dead_letters.labels(topic.name, why.stage, why.reason).inc()

    def give_up(self, item: Item, error: Exception) -> None:
        """Make a dead letter of the record whose output can't be made, and settle *item*."""
        _, origin, record = item.request
        topic = BY_NAME[origin.topic]
        self.reject(topic, origin, record, Rejection("score", "unscored", "", repr(error)[:_MAX_MESSAGE]))
        self.queue.settle(item)

    def count(self) -> None:
        """Bring the metrics up to date."""
        for (topic, outcome), number in self.outcomes.items():
            self.context.metrics.events.labels(self.stage.name, topic, outcome).inc(number)
        self.outcomes.clear()
        self.context.metrics.owed.labels(self.stage.name).set(len(self.queue) + self.queue.flying)

    def _release(self, entry: Entry) -> None:
        entry.waits -= 1


def weight(record: Any) -> int:
    """Return how many bytes a piece of owed work takes that keeps *record*."""
    return _ITEM_BYTES + (len(record.value) if record.value else 0)


def rekeyed_origin(record: Any) -> tuple[Topic, Origin] | None:
    """Return where a record of a rekey topic was read first; None if it does not say so."""
    origin = wire.rekeyed(record.headers)
    if origin is None or origin.topic not in BY_NAME:
        return None
    topic = BY_NAME[origin.topic]
    return None if topic in REKEYS else (topic, origin)
