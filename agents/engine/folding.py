"""Runs a folder: events into states, facts out, lists owed."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from agents import headers as wire
from agents.dialects.heard import Ignored
from agents.engine.context import Batch, Context
from agents.engine.delivery import Entry
from agents.engine.errors import LostRecordsError
from agents.engine.keyspace import Keyspace
from agents.engine.owed import Item
from agents.engine.runner import SLICE, TURN_SECONDS, Runner, rekeyed_origin, weight
from agents.engine.store import Shard
from agents.intake import Admitted, Intake, Misplaced, Rejection
from agents.processor import Effects, Folder, Origin, Owed, fold_once, misplaced, sources
from agents.topics import Topic

_NO_KEY = Rejection("key", "no_key", "", "Expected a key: it says whose state the record belongs to")
_LOST = Rejection("key", "no_place", wire.REKEY, "Expected the headers of a record that this system sent here")
_TWICE = Rejection("key", "key_mismatch", "", "Misplaced again in the topic of misplaced records")


class FolderRunner(Runner):
    """Runs one folder over one keyspace."""

    stage: Folder

    def __init__(self, folder: Folder, keyspace: Keyspace, context: Context, owed_lists: int) -> None:
        super().__init__(folder, context, owed_lists)
        self.keyspace = keyspace
        self._topics = sources(folder)
        self._index = {topic.name: index for index, topic in enumerate(self._topics)}

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The inputs, and the topic of misplaced records."""
        return self._topics

    def recognise(self, shard: Shard) -> None:
        """Raise a LostRecordsError if offsets in the states of *shard* mean a topic that was made anew since."""
        for topic, index in self._index.items():
            identity = self.context.identities.get(topic)
            if identity and not shard.ledger.recognise(index, identity):
                message = (
                    f"{self.context.name(topic)} was made anew: offsets in the states of {self.keyspace.changelog.topic}-"
                    f"{shard.partition} mean the one before, and new events would be taken for old ones; set "
                    "VITRINE_APP_ID to another name, so that states are made anew"
                )
                raise LostRecordsError(message)

    async def handle(self, batch: Batch) -> None:
        """Fold the records of *batch*, in slices; give up when its partition is taken away."""
        fold = self._fold_rekeyed if batch.topic == self._topics[0].name else self._fold
        begun = time.perf_counter()
        for start in range(0, len(batch.records), SLICE):
            shard = self.keyspace.shards.get(batch.partition)
            if shard is None or not shard.active or not self.context.delivery.current(batch.entry):
                return
            fold(shard, batch, batch.records[start : start + SLICE])
            if time.perf_counter() - begun > TURN_SECONDS:
                await asyncio.sleep(0)
                begun = time.perf_counter()
        self.count()

    def plan(self, item: Item) -> Any:
        """Return what the state gives to a list that is owed."""
        (partition, key), _ = item.place
        shard = self.keyspace.shards.get(partition)
        if shard is None or not shard.active:
            return None
        return self.stage.plan(shard.states[key], item.request[0], shard.epoch)

    def made(self, item: Item) -> None:
        """Do nothing: a record counts when it is folded."""

    def give_up(self, item: Item, error: Exception) -> None:
        """Make a dead letter of the newest event of a list that can't be made; the event itself is folded."""
        self.context.metrics.unscored.labels(self.stage.name).inc()
        super().give_up(item, error)

    def _fold(self, shard: Shard, batch: Batch, records: Sequence[Any]) -> None:  # noqa: C901, PLR0912, PLR0915  a call costs
        """Fold one slice.  This loop is the hottest of the product: what is usual is done here, the rest elsewhere."""
        topic, partition, entry = batch.topic, batch.partition, batch.entry
        intake, source, folder = self.intakes[topic], self._index[topic], self.stage
        fold = folder.fold
        decode, key_of = intake.decode, intake.source.key
        states, find, touch, folded = shard.states, shard.states.get, shard.dirty.add, 0
        hear = shard.ledger.hear if intake.source.topic.in_order else None
        for record in records:
            key, value, headers = record.key, record.value, record.headers
            event_id = None
            if headers or value is None:
                read = intake.read(value, headers)
                if not isinstance(read, Admitted):
                    self._put_aside(batch, record, read)
                    continue
                event, event_id = read
            else:
                try:
                    event = decode(value)
                except (ValueError, RecursionError):
                    read = intake.read(value, headers)
                    if not isinstance(read, Admitted):
                        self._put_aside(batch, record, read)
                        continue
                    event, event_id = read
            state = find(key)  # whose state is in use was checked when it was first used
            if state is None or (key_of is not None and (event is None or key_of(event).encode() != key)):
                if self._check(intake, batch, record, event, event_id):
                    continue
                state = states[key]
            offset, reached, new, told = record.offset, state.offsets, event_id is None, False
            if hear is not None and headers and headers[0][0] == wire.SOURCE:
                heard = hear(source, headers[0][1] or b"")
                if heard is False and offset > reached[source]:
                    self.outcomes[topic, "duplicate"] += 1
                    continue
                told = heard is True
                new = new or (told and not state.recent)
            origin = Origin(topic, partition, offset, record.timestamp, event_id)
            if new and offset > reached[source]:  # `fold_once` for most events, without the call
                state.revision += 1
                effects: Any = fold(state, event, origin)
                reached[source] = offset
            else:
                effects = fold_once(folder, state, source, offset, event, origin, new=told)
            if effects is None:
                touch(key)
                folded += 1
            elif type(effects) is Effects:
                touch(key)
                self.outcomes[topic, effects.outcome] += 1
                if effects.facts:
                    self.tell(effects.facts, topic, partition, offset)
                if effects.tallies:
                    self.context.metrics.tally(self.stage.name, effects.tallies)
                for owed in effects.owed:
                    self._owe((partition, key), owed, entry, origin, record)
            else:
                self._not_folded(shard, batch, record, str(effects), event, origin)
        if folded:
            self.outcomes[topic, "folded"] += folded

    def _fold_rekeyed(self, shard: Shard, batch: Batch, records: Sequence[Any]) -> None:
        """Fold a slice of misplaced records."""
        for record in records:
            found = rekeyed_origin(record)
            if found is None or found[0].name not in self.intakes:
                self._refuse(batch, record, _LOST)
                continue
            topic, origin = found
            intake = self.intakes[topic.name]
            read = intake.admit(
                record.key, record.value, record.headers, batch.partition, self.context.partitions[batch.topic]
            )
            if isinstance(read, Ignored):
                self.outcomes[batch.topic, "ignored"] += 1
                continue
            if not isinstance(read, Admitted):
                self.outcomes[batch.topic, "dead_letter"] += 1
                self.reject(topic, origin, record, read if isinstance(read, Rejection) else _TWICE)
                continue
            origin = misplaced(msgspec.structs.replace(origin, id=read.id))
            if any(name == wire.ONLY_OUTPUT for name, _ in record.headers):
                self._reask(shard, batch, record, read.event, origin)
                continue
            key, state = record.key, shard.states[record.key]
            new, (name, told) = False, record.headers[0]
            if name == wire.SOURCE:
                heard = shard.ledger.hear(0, told or b"")
                if heard is False and record.offset > state.offsets[0]:
                    self.outcomes[batch.topic, "duplicate"] += 1
                    continue
                new = heard is True and read.id is None  # else its producer may have sent it twice
            effects = fold_once(self.stage, state, 0, record.offset, read.event, origin, new=new)
            if isinstance(effects, str):
                self._not_folded(shard, batch, record, effects, read.event, origin)
                continue
            shard.dirty.add(key)
            effects = effects or Effects()
            self.outcomes[batch.topic, effects.outcome] += 1
            self.tell(effects.facts, batch.topic, batch.partition, record.offset)
            self.context.metrics.tally(self.stage.name, effects.tallies)
            for owed in effects.owed:
                self._owe((batch.partition, record.key), owed, batch.entry, origin, record)

    def _reask(self, shard: Shard, batch: Batch, record: Any, event: Any, origin: Origin) -> None:
        """Owe the output of an event that was folded when it first came: a model had failed, and was mended."""
        self.outcomes[batch.topic, "reasked"] += 1
        state = shard.states[record.key]
        if max(state.offsets) >= 0:  # else it was erased: nothing is known of its key, and nothing is to be said of it
            for owed in self.stage.owes(state, event, origin):
                self._owe((batch.partition, record.key), owed, batch.entry, origin, record)

    def _check(self, intake: Intake, batch: Batch, record: Any, event: Any, event_id: str | None) -> bool:
        """Send a record away that does not belong here; tell whether that was done."""
        partitions = self.context.partitions[batch.topic]
        if not record.key and (intake.source.key is None or event is None):
            self._refuse(batch, record, _NO_KEY)
            return True
        right = intake.right_key(event, record.key, batch.partition, partitions)
        if right is None:
            return False
        if isinstance(right, Rejection):
            self._refuse(batch, record, right)
            return True
        self._rekey(batch, record, Misplaced(right, event, event_id))
        return True

    def _put_aside(self, batch: Batch, record: Any, why: Rejection | Ignored) -> None:
        """Be done with a record that holds no event for us."""
        if isinstance(why, Rejection):
            self._refuse(batch, record, why)
        else:
            self.outcomes[batch.topic, "ignored"] += 1

    def _refuse(self, batch: Batch, record: Any, why: Rejection) -> None:
        topic = intake.source.topic if (intake := self.intakes.get(batch.topic)) else self._topics[0]
        self.outcomes[topic.name, "dead_letter"] += 1
        self.reject(topic, Origin(topic.name, batch.partition, record.offset, record.timestamp), record, why)

    def _rekey(self, batch: Batch, record: Any, found: Misplaced) -> None:
        """Send a misplaced record to where its shopper's or item's records are."""
        self.outcomes[batch.topic, "rekeyed"] += 1
        origin = Origin(batch.topic, batch.partition, record.offset, record.timestamp, found.id)
        told = wire.SOURCE, self.context.place(batch.topic, batch.partition, record.offset, 0)
        headers = [told, *wire.rekey(origin, record.headers)]
        self.context.send(self._topics[0], found.key.encode(), record.value, headers)

    def _not_folded(  # noqa: PLR0917  all of one record
        self, shard: Shard, batch: Batch, record: Any, why: str, event: Any, origin: Origin
    ) -> None:
        """Count a record that the state has already; one that came before a crash still owes its lists."""
        self.outcomes[batch.topic, why] += 1
        if why == "redelivered":
            for owed in self.stage.owes(shard.states[record.key], event, origin):
                self._owe((batch.partition, record.key), owed, batch.entry, origin, record)
        else:
            shard.dirty.add(record.key)

    def _owe(self, place: tuple[int, bytes], owed: Owed, entry: Entry, origin: Origin, record: Any) -> None:
        """Owe what the newest *record* of a key wants; the queue keeps the record, in case that it can't be made."""
        self.queue.put(
            (place, owed.slot),
            (owed, origin, record),
            entry,
            now=time.monotonic(),
            since=record.timestamp,
            linger=owed.linger,
            shed=owed.shed,
            size=weight(record),
        )
