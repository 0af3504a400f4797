"""Runs a mapper: each event to outputs of its own, which are out before the event is committed."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec

from agents import headers as wire
from agents.dialects.heard import Ignored
from agents.engine.context import Batch, Context
from agents.engine.delivery import Entry, Partition
from agents.engine.owed import Item
from agents.engine.runner import SLICE, TURN_SECONDS, Runner, weight
from agents.engine.turns import Act, Turns
from agents.intake import Rejection
from agents.processor import Mapper, Origin
from agents.topics import Topic

_JOB = 4
"""How many times its record's bytes a job takes: event, texts and clauses beside the record."""


class MapperRunner(Runner):
    """Runs one mapper.  What it owes is the job of a record, beside the record: nothing of it is ever shed."""

    stage: Mapper

    def __init__(self, mapper: Mapper, context: Context) -> None:
        super().__init__(mapper, context)
        self._turns: Turns[Partition] = Turns()

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The inputs."""
        return tuple(source.topic for source in self.stage.inputs)

    async def handle(self, batch: Batch) -> None:
        """Plan the records of *batch*; they are finished when their outputs are out."""
        begun = time.perf_counter()
        for start in range(0, len(batch.records), SLICE):
            if not self.context.delivery.current(batch.entry):
                return
            for record in batch.records[start : start + SLICE]:
                self._take(batch, record)
            if time.perf_counter() - begun > TURN_SECONDS:
                await asyncio.sleep(0)
                begun = time.perf_counter()
        self.count()

    def plan(self, item: Item) -> Any:
        """Return the job that was planned when the record came."""
        return item.request[0]

    def made(self, item: Item) -> None:
        """Count a record whose outputs are out."""
        self.outcomes[item.place[0][0], "folded"] += 1

    def give_up(self, item: Item, error: Exception) -> None:
        """Make a dead letter of a record that can't be scored, and count it as one: nothing came of it."""
        self.outcomes[item.place[0][0], "dead_letter"] += 1
        super().give_up(item, error)

    def in_turn(self, item: Item, act: Act) -> None:
        """Let outputs leave in the order of the log: who hears them knows repeats by how far it has heard."""
        for its in self._turns.finish(item.entries[0].partition, item.place, act):
            its()

    def place(self, item: Item, number: int) -> bytes:
        """Return where the record of *item* was read."""
        topic, partition, offset = item.place[0]
        return self.context.place(topic, partition, offset, number)

    def clear(self, gone: Callable[[Entry], bool]) -> None:
        """Drop the records whose partitions are another worker's."""
        super().clear(gone)
        self._turns.drop(lambda partition: not self.context.delivery.owns(partition))

    def _take(self, batch: Batch, record: Any) -> None:
        intake, topic = self.intakes[batch.topic], batch.topic
        read = intake.admit(
            record.key, record.value, record.headers, batch.partition, self.context.partitions[batch.topic]
        )
        origin = wire.rekeyed(record.headers) if record.headers else None  # a replayed dead letter
        if origin is None or origin.topic != topic:
            origin = Origin(topic, batch.partition, record.offset, record.timestamp)
        if isinstance(read, Ignored):
            self.outcomes[topic, "ignored"] += 1
            return
        if isinstance(read, Rejection):
            self.outcomes[topic, "dead_letter"] += 1
            self.reject(intake.source.topic, origin, record, read)
            return
        origin = msgspec.structs.replace(origin, id=read.id)
        request = (self.stage.plan(read.event, origin), origin, record)
        name = ((topic, batch.partition, record.offset), "")
        self._turns.begin(batch.entry.partition, name)
        self.queue.put(
            name,
            request,
            batch.entry,
            now=time.monotonic(),
            since=record.timestamp,
            linger=0.0,
            shed=False,
            size=_JOB * weight(record),
        )
