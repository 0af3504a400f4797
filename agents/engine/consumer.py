"""Faust's Kafka consumer with delivery by partition batches.

The shell around `delivery.Delivery`: it moves records, positions and rebalances between aiokafka, the core and the
agents' queues, and decides nothing itself.  Faust keeps group membership, the consumer's thread and the order of a
rebalance.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode import Service

from agents.engine import private
from agents.engine.commits import TURNS
from agents.engine.delivery import Source
from agents.engine.errors import EngineError, FetcherError, LostRecordsError, TakenInstanceError

if TYPE_CHECKING:
    from agents.engine.engine import Engine

log = structlog.get_logger(__name__)

_RECHECK_SECONDS = 1.0
_LAST_COMMIT_SECONDS = 8.0
"""For the commit of a worker that stops."""
_WAIT_MS = 500
_WITHHELD_MS = 10
"""Other topics are waited for no longer than this while one is not read for now."""


Round = tuple[dict[Source, list[Any]], dict[Source, int], dict[Source, int]]
"""What `Thread.fetch` returns."""
_NOTHING: Round = {}, {}, {}


class Thread(driver.AIOKafkaConsumerThread):
    """The thread that owns the group's aiokafka consumer."""

    _assignment: object = None
    _checked: dict[Source, int]
    """Positions that nothing can have moved since they were looked at."""
    _looked = 0.0
    _assigned: tuple[object, set[TP]] = None, set()
    """What aiokafka says is assigned, and the same as Faust has it."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        private.configure(consumer, transport.engine.wait_ms)
        return consumer

    async def on_start(self) -> None:
        """Start the consumer; stop the worker when another one has its instance id."""
        await super().on_start()
        app, loop = self.app, self.parent_loop
        error = TakenInstanceError(
            f"another worker joined {app.conf.id} as {app.conf.consumer_group_instance_id}: "
            "give each worker a VITRINE_INSTANCE_ID of its own"
        )
        private.when_fenced(private.consumer(self), lambda: _crash(app, loop, error))

    def assignment(self) -> set[TP]:
        """Return the current assignment, which Faust asks for once for each offset that it commits."""
        assigned = private.consumer(self).assignment()
        if self._assigned[0] is not assigned:
            self._assigned = assigned, {TP(*place) for place in assigned}
        return self._assigned[1]

    async def committed(self, sources: Sequence[Source]) -> dict[Source, int | None]:
        """Return the committed offset of each of *sources*, None if there is none."""
        consumer = private.consumer(self)
        found = await asyncio.gather(*(consumer.committed(_place(source)) for source in sources))
        return dict(zip(sources, found, strict=True))

    async def fetch(self, assignment: object, offsets: Mapping[Source, int], limit: int, wait_ms: int) -> Round:
        """Return records from exactly *offsets* on, where the log goes on without records, and how far it reaches.

        Positions are looked at first, so whatever an error, a cancelled call or a rebalance swallowed is read again.
        """
        consumer = private.consumer(self)
        now = time.monotonic()
        if assignment is not self._assignment or now - self._looked > _RECHECK_SECONDS:
            self._assignment, self._checked, self._looked = assignment, {}, now
        checked, self._checked = self._checked, {}  # an error on the way leaves nothing believed
        try:
            states = private.states(consumer)
            if not offsets.keys() <= states.keys():
                return _NOTHING
            for source, offset in offsets.items():
                if checked.get(source) != offset:
                    state = states[source]
                    if not state.has_valid_position or state.position != offset:
                        consumer.seek(_place(source), offset)
            fetched = await consumer.getmany(*map(_place, offsets), timeout_ms=wait_ms, max_records=limit)
            records: dict[Source, list[Any]] = {tuple(place): its for place, its in fetched.items()}
            states = private.states(consumer)
            if not offsets.keys() <= states.keys():
                return _NOTHING
            ends = {source: states[source].highwater or 0 for source in offsets}
            idle = {
                source: states[source].position
                for source, offset in offsets.items()
                if ends[source] > offset and source not in records
            }
        except OffsetOutOfRangeError as error:
            message = f"offsets {error.args[0]} are not in the log any more: records were deleted before they were read"
            raise LostRecordsError(message) from error
        except (IllegalStateError, NoOffsetForPartitionError, AssertionError):
            return _NOTHING  # not assigned any more, or a position is being set; what was fetched is read again
        read = {source: its[-1].offset + 1 for source, its in records.items()}  # where the next fetch begins
        self._checked = {**offsets, **idle, **read}
        return records, idle, ends


@cache
def _place(source: Source) -> TopicPartition:
    return TopicPartition(*source)


class Consumer(driver.Consumer):
    """Delivers batches to the agents and commits what they finished."""

    _thread: Thread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.engine = cast("Transport", self.transport).engine
        self.engine.consumer = self
        self._stopping = False

    def _new_consumer_thread(self) -> Thread:
        return Thread(self, loop=self.loop, beacon=self.beacon)

    # -- rebalance

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Hand the new assignment to the engine when Faust has dealt with it."""
        partitions = self.engine.begin_assignment((tp.topic, tp.partition) for tp in assigned)
        await super().on_partitions_assigned(assigned, generation_id)
        if not self.app.should_stop:
            self.engine.restore(partitions)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish what runs, commit it, and forget the assignment."""
        await self.engine.openings.cancel()
        await super().on_partitions_revoked(revoked)  # calls wait_empty()
        await self.engine.end_assignment()

    async def wait_empty(self) -> None:
        """Let running batches end, within bounds, and commit; Faust calls this on a revoke and at shutdown."""
        stopping = self._stopping or self.app.should_stop
        await self.engine.drain(lists=stopping)
        try:
            async with asyncio.timeout(_LAST_COMMIT_SECONDS if stopping else None):
                await self.commit()
        except TimeoutError:
            log.warning("the last commit took too long, what it covers will be repeated")

    async def committed(self, sources: Sequence[Source]) -> Mapping[Source, int | None]:
        """Return the group's offset of each partition, None where it never committed one."""
        found: Mapping[Source, int | None] = await self._thread.call_thread(self._thread.committed, sources)
        return found

    # -- fetch and deliver

    @Service.task
    async def _deliver_forever(self) -> None:
        engine, delivery = self.engine, self.engine.delivery
        while not self.should_stop:
            offsets, assignment = engine.fetchable(), engine.assignment
            if not offsets:
                engine.metrics.beat("fetch")
                await engine.wait_for_change(0.5)
                continue
            wait_ms = _WITHHELD_MS if delivery.withheld() else _WAIT_MS
            try:
                records, idle, ends = await self._thread.call_thread(
                    self._thread.fetch, assignment, offsets, engine.fetch_records, wait_ms
                )
            except (FetcherError, LostRecordsError) as error:
                await self.app.crash(error)
                return
            except (KafkaError, RuntimeError, OSError) as error:  # the next fetch begins where this one did
                log.warning("fetch failed, trying again", error=repr(error))
                await self.sleep(0.2)
                continue
            engine.metrics.beat("fetch")
            if assignment is not engine.assignment:
                continue
            for source, batch in records.items():
                engine.deliver(source, offsets[source], batch)
            for source, offset in idle.items():
                delivery.skip(source, offsets[source], offset)
            engine.note_ends(ends)
            await asyncio.sleep(0)

    # -- commit

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: FBT001, FBT002  Faust's signature
        """Make state and facts durable, then the offsets; a failure stops the worker."""
        del topics, start_new_transaction
        return await self._or_crash(self.engine.commits.commit)

    @Service.task
    async def _commit_handler(self) -> None:
        """Let each partition have its turn once in the interval; Faust would commit all at its end."""
        await self.sleep(self.commit_interval)  # who begins works off what waits for it
        while not self.should_stop:
            await self.sleep(self.commit_interval / TURNS)
            await self.commit_in_turn()

    async def commit_in_turn(self) -> bool:
        """Do what `commit` does for the partitions that have their turn."""
        return await self._or_crash(self.engine.commits.step)

    async def _or_crash(self, commit: Callable[[], Awaitable[bool]]) -> bool:
        try:
            return await commit()
        except EngineError as error:  # its line says all
            await self.app.crash(error)
            return False
        except Exception as error:
            log.exception("nothing is committed")
            await self.app.crash(error)
            return False

    async def commit_offsets(self, offsets: Mapping[Source, int]) -> bool:
        """Tell the group how far this worker is; False if the group does not take it from us."""
        return bool(await self._commit({TP(*source): offset for source, offset in offsets.items()}))

    @Service.task
    async def _commit_early(self) -> None:
        """Commit before the interval is over when much waits for it."""
        while not self.should_stop:
            await self.engine.commits.due.wait()
            self.engine.commits.due.clear()
            await self.commit()

    # -- what Faust would do beside this

    async def _drain_messages(self, fetcher: Any) -> None:
        """Faust's fetch loop: idle, and quiet when it is cancelled."""
        with suppress(asyncio.CancelledError):
            await fetcher.wait_until_stopped()

    async def perform_seek(self) -> None:
        """Only `Thread.fetch` seeks."""

    async def verify_all_partitions_active(self) -> None:
        """Do not look for livelocks: Faust's detector reads positions while they are set, and dies."""

    async def on_stop(self) -> None:
        """Commit what is finished."""
        self._stopping = True
        await self.engine.openings.cancel()
        await super().on_stop()


class Transport(driver.Transport):
    """Faust's aiokafka transport with this consumer."""

    Consumer = Consumer
    engine: "Engine"


def _crash(app: Any, loop: asyncio.AbstractEventLoop, error: Exception) -> None:
    """Stop *app*, whose *loop* runs in another thread."""
    if not app.crashed:
        asyncio.run_coroutine_threadsafe(app.crash(error), loop)
