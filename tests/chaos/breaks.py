"""Breaks one rule of the design (`design.md` §4) in a worker of the tests, to show that somebody notices.

A worker of `tests.chaos` and one of `tests.engine_worker` breaks the rule that CHAOS_BREAK names.  `SLOW` breaks none:
it makes the window of rule 2 as wide as its break does, and must be noticed by nobody.
"""

import asyncio
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import agents.processor
from agents.engine.changelog import Stretch
from agents.engine.commits import Commits
from agents.engine.delivery import Delivery, Entry, Source
from agents.engine.errors import UndeliverableError
from agents.engine.folding import FolderRunner
from agents.engine.formats import FENCE_KEY
from agents.engine.outbox import Outbox
from agents.engine.store import ChangelogRecord, Flush, Shard
from agents.topics import FEEDBACK, MERGES, PAIRS, RESPONSES, SENTIMENTS

_SLOW_SECONDS = 0.4
_FACTS = tuple(topic.name for topic in (PAIRS, MERGES, RESPONSES, SENTIMENTS, FEEDBACK))
_HOLE_EVERY = 40
"""Batches, one of which is passed over."""


def install(name: str) -> None:
    """Break what *name* says; nothing if it is empty."""
    if name:
        BREAKS[name]()


def _slow_facts() -> None:
    """Let each batch of facts wait on its way out, as behind a slow broker."""
    run = Outbox._run

    async def slow(self: Outbox, topic: str, partition: int, lane: Any) -> None:
        if topic.endswith(_FACTS):
            await asyncio.sleep(_SLOW_SECONDS)
        await run(self, topic, partition, lane)

    Outbox._run = slow  # type: ignore[method-assign]


def _facts_are_not_awaited() -> None:
    """Rule 2: states are flushed, and offsets committed, while facts of their events are still on their way."""

    async def drained(self: Outbox) -> None:
        del self

    _slow_facts()
    Outbox.drained = drained  # type: ignore[method-assign]


def _offsets_before_states() -> None:
    """Rule 3: offsets are committed before the states that hold their events are in the changelog."""
    commit = Commits._commit

    async def early(self: Commits, turn: int | None) -> bool:
        offsets = self._delivery.committable()
        if offsets and not self._crashed():
            await self._outbox.drained()
            await self._offsets({partition.source: offset for partition, offset in offsets.items()})
            await asyncio.sleep(_SLOW_SECONDS)
        return await commit(self, turn)

    Commits._commit = early  # type: ignore[method-assign]


def _errors_passed_over() -> None:
    """Rule 3: what the broker did not take into the changelog counts as written, and offsets are committed behind it."""
    write = Commits._write

    async def writing(self: Commits, folder: FolderRunner, flush: Flush) -> None:
        with suppress(UndeliverableError):
            await write(self, folder, flush)

    Commits._write = writing  # type: ignore[method-assign]


def _random_ids() -> None:
    """Rule 4: a fact gets another id each time that its event is handled."""

    def fact_id(origin: Any, kind: str, n: int = 0) -> str:
        del origin, kind, n
        return str(uuid.uuid4())

    _everywhere("fact_id", fact_id)


def _revisions_reset() -> None:
    """Rule 4: a state that is read back counts its revision anew, so that a newer list looks older."""
    read = Shard._read

    def reset(self: Shard, key: bytes, raw: bytes) -> Any:
        state = read(self, key, raw)
        state.revision = 0
        return state

    Shard._read = reset  # type: ignore[method-assign]


def _fences_ignored() -> None:
    """Rule 6: what a former owner writes is taken as the owner's, and that it wrote is not noticed."""

    followed, checked = Shard.apply, Shard.flushed

    def apply(self: Shard, records: Sequence[ChangelogRecord], next_offset: int) -> None:
        highest = self.epoch
        for record in records:
            self._meta.epoch = 0
            followed(self, (record,), record.offset + 1)
            highest = max(highest, self.epoch)
        self._meta.epoch = highest
        followed(self, (), next_offset)

    def flushed(self: Shard, flush: Flush, at: Stretch) -> None:
        self._meta.next_offset = at.first
        checked(self, flush, Stretch(at.first, at.first + len(flush.items)))

    Shard.apply, Shard.flushed = apply, flushed  # type: ignore[method-assign]


def _delivered_with_holes() -> None:
    """Rule 7: now and then a batch is passed over, and counted as delivered."""
    deliver, count = Delivery.deliver, [0]

    def holed(  # noqa: PLR0917  their signature
        self: Delivery,
        source: Source,
        at: int,
        next_offset: int,
        records: int,
        readers: int,
        since: int = 0,
        size: int = 0,
    ) -> Entry | None:
        count[0] += 1
        if count[0] % _HOLE_EVERY == 0:
            self.skip(source, at, next_offset)
            return None
        return deliver(self, source, at, next_offset, records, readers, since, size)

    Delivery.deliver = holed  # type: ignore[method-assign]


def _delivered_before_restored() -> None:
    """Rule 7: a partition is opened without the states that its changelog holds."""
    followed = Shard.apply

    def apply(self: Shard, records: Sequence[ChangelogRecord], next_offset: int) -> None:
        followed(self, [record for record in records if record.key == FENCE_KEY], next_offset)

    Shard.apply = apply  # type: ignore[method-assign]


def _everywhere(name: str, new: Any) -> None:
    """Let *new* take the place of a function of `agents.processor` in every module that has imported it."""
    old = getattr(agents.processor, name)
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get(name) is old:
            setattr(module, name, new)


BREAKS: Mapping[str, Callable[[], None]] = {
    "2": _facts_are_not_awaited,
    "3": _offsets_before_states,
    "3-errors": _errors_passed_over,
    "4": _random_ids,
    "4-revisions": _revisions_reset,
    "6": _fences_ignored,
    "7": _delivered_with_holes,
    "7-restore": _delivered_before_restored,
    "slow": _slow_facts,
}
"""Rule, and which way of breaking it, to what breaks it."""
