"""Single parts of the shell at the moments that a whole life seldom meets."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest
from aiokafka.errors import KafkaTimeoutError
from prometheus_client import CollectorRegistry

from agents.engine import channels
from agents.engine.changelog import Changelog
from agents.engine.errors import FencedError, UndeliverableError
from agents.engine.keyspace import Keyspace
from agents.engine.outbox import Outbox
from agents.engine.scoring import Scorer
from agents.metrics import Metrics
from tests.shell.kafka import Broker, Fault, Producer, from_call, no_faults
from tests.shell.lives import LONG, afterlife
from tests.shell.loop import cancelled, run, turn
from tests.shell.world import CARDS, App, World

ITEMS = [(str(n).encode(), b"\0\0\0\1state") for n in range(8)]
"""Three batches."""


def until(test: Callable[[int], Coroutine[Any, Any, bool]], patch: pytest.MonkeyPatch) -> int:
    """Disturb the first moment, then the second … until one is too late; return its number."""
    number = 1
    while not run(partial(test, number), patch):
        number += 1
    return number


async def log_of(broker: Broker) -> Changelog:
    producer = Producer(broker)
    await producer.start()
    changelog = Changelog("log")
    changelog.start(cast("Any", producer))
    return changelog


def test_a_flush_that_is_cancelled_ends_as_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """At each turn, the one in which the last answer comes, too."""

    async def test(number: int) -> bool:
        broker = Broker()
        changelog = await log_of(broker)
        task = asyncio.ensure_future(changelog.append(0, ITEMS))
        await turn(number)
        early = task.done()
        asked = task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() == asked
        await asyncio.sleep(1)  # what was sent arrives
        return early

    assert until(test, monkeypatch) > 10


def test_a_record_of_somebody_else_between_two_batches_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    noticed = []

    async def test(number: int) -> bool:
        broker = Broker()
        changelog = await log_of(broker)
        task = asyncio.ensure_future(changelog.append(0, ITEMS))
        await turn(number)
        late = task.done()
        between = 0 < broker.log("log", 0).end < len(ITEMS)
        broker.write("log", 0, [(b"k", b"\0\0\0\0zombie", ())])
        await asyncio.wait([task])
        assert isinstance(task.exception(), FencedError) == between
        noticed.append(between)
        return late

    until(test, monkeypatch)
    assert True in noticed


@pytest.mark.parametrize(("count", "sends"), [(0, 1), (1, 1), (2, 1), (3, 2), (8, 4)])
def test_what_must_not_be_ahead_of_the_items_goes_with_them_or_behind_them(
    monkeypatch: pytest.MonkeyPatch, count: int, sends: int
) -> None:
    """In whatever call the broker fails, and with it all calls from there on, or one alone."""
    ledger = (b"ledger", b"\0\0\0\1marks")

    async def test(number: int, times: int | None, when: Literal["before", "after"]) -> bool:
        broker = Broker()
        changelog = await log_of(broker)
        before = len(broker.calls)
        broker.faults = from_call(before + number, times, Fault(KafkaTimeoutError(), when))
        failed = False
        try:
            at = await changelog.append(0, ITEMS[:count], ledger)
        except UndeliverableError:
            failed = True
        else:
            assert at == (0, count + 1)
        await asyncio.sleep(1)
        keys = [record.key for record in broker.log("log", 0).records]
        if b"ledger" in keys:
            assert keys == [key for key, _ in (*ITEMS[:count], ledger)]
        assert failed or b"ledger" in keys
        if not failed:
            assert sum(name == "Producer.send_batch" for name in broker.calls[before:]) == sends
        return not failed

    for times in (1, None):
        for when in ("before", "after"):
            assert until(partial(test, times=times, when=when), monkeypatch) > sends


class Lanes:
    """An outbox, and what it told."""

    def __init__(self, broker: Broker) -> None:
        self.failures: list[BaseException] = []
        self.producer = Producer(broker)
        self.outbox = Outbox(count=lambda *_: None, fail=self._fail)
        self.outbox.start(cast("Any", self.producer))

    async def _fail(self, error: BaseException) -> None:
        self.failures.append(error)

    def put(self, partition: int) -> None:
        self.outbox.put("t", partition, b"k", b"v", ())


def test_an_acknowledgement_that_is_cancelled_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        lanes = Lanes(Broker())
        await lanes.producer.start()
        lanes.put(0)
        waiting = asyncio.ensure_future(lanes.outbox.drained())
        await turn(1)
        for lane in lanes.outbox._lanes.values():
            assert lane.task is not None
            lane.task.cancel()
        async with asyncio.timeout(LONG):
            with pytest.raises(UndeliverableError):
                await waiting
        assert len(lanes.failures) == 1
        with pytest.raises(UndeliverableError):
            await lanes.outbox.drained()

    run(test, monkeypatch)


@pytest.mark.parametrize("times", [1, None])
def test_the_first_failure_is_the_one_that_is_told(monkeypatch: pytest.MonkeyPatch, times: int | None) -> None:
    """While other lanes are acknowledged, or fail as well."""

    async def test(number: int) -> bool:
        broker = Broker()
        lanes = Lanes(broker)
        await lanes.producer.start()
        broker.faults = from_call(len(broker.calls) + number, times, Fault(OSError("first"), "before"))
        for partition in range(3):
            lanes.put(partition)
            lanes.put(partition)
        await asyncio.sleep(1)
        reached = len(broker.calls) > number
        if reached:
            with pytest.raises(UndeliverableError, match="first"):
                await lanes.outbox.drained()
            assert len(lanes.failures) == 1
        await lanes.outbox.stop()
        broker.faults = no_faults
        return not reached

    assert until(test, monkeypatch) > 4


def test_drained_does_not_return_behind_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever it is called: while the record is on its way, and when nothing is left to wait for."""

    async def test(number: int) -> bool:
        broker = Broker()
        broker.faults = lambda _number, name: Fault(OSError(), "after") if name.startswith("ack") else None
        lanes = Lanes(broker)
        await lanes.producer.start()
        lanes.put(0)
        await turn(number)
        late = bool(lanes.failures)
        with pytest.raises(UndeliverableError):
            await lanes.outbox.drained()
        await lanes.outbox.stop()
        return late

    assert until(test, monkeypatch) > 2


@pytest.mark.parametrize("wakes", range(6))
def test_a_scorer_that_is_woken_when_it_is_told_to_stop_stops(monkeypatch: pytest.MonkeyPatch, wakes: int) -> None:
    async def test() -> None:
        queue = SimpleNamespace(take=lambda *_: [], wait=lambda _: 50.0, shed=0, superseded=0)
        room = asyncio.Event()
        room.set()
        context = SimpleNamespace(metrics=Metrics(CollectorRegistry()), outbox=SimpleNamespace(room=room))
        stage = SimpleNamespace(name="stage")
        runner = SimpleNamespace(queue=queue, context=context, stage=stage)
        scorer = Scorer(cast("Any", runner), cast("Any", None), 1)

        async def fail(error: BaseException) -> None:
            raise error

        scorer.start(fail)
        await asyncio.sleep(1)
        scorer.wake()
        if wakes:
            await turn(wakes)
        async with asyncio.timeout(LONG):
            await scorer.stop()

    run(test, monkeypatch)


def test_partitions_whose_opening_fails_do_not_stay_closed_in_silence(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world()

    async def test() -> None:
        worker = world.worker()
        await worker.start()

        async def broken(*_: Any) -> Any:
            message = "nobody expects this"
            raise LookupError(message)

        with monkeypatch.context() as patch:
            patch.setattr(Keyspace, "assign", broken)
            await worker.assign()
            await worker.work(5)
        assert [type(it) for it in worker.app.reasons] == [LookupError]
        await worker.stop()
        await afterlife(world)

    run(test, monkeypatch)


def test_no_flush_is_under_way_behind_a_commit_that_failed(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world()

    async def test() -> None:
        worker = world.worker()
        await worker.start()
        await worker.assign()
        await asyncio.sleep(0.3)
        running = []

        async def write(_runner: Any, flush: Any) -> None:
            if flush is None:
                raise UndeliverableError
            running.append(1)
            await asyncio.sleep(1)
            running.pop()

        engine, folder = worker.engine, worker.engine.folders[0]

        async def encode(_partitions: Any) -> Any:
            return [None, 1]

        with monkeypatch.context() as patch:
            patch.setattr(engine.commits, "_write", write)
            patch.setattr(folder.keyspace, "encode", encode)
            await worker.commit()
        assert [type(it) for it in worker.app.reasons] == [UndeliverableError]
        assert not running
        await worker.stop()
        await afterlife(world)

    run(test, monkeypatch)


@pytest.mark.parametrize("error", [RuntimeError("closed"), OSError("reset"), TimeoutError()])
def test_a_view_is_read_on_when_reading_failed(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    world = new_world()

    async def test() -> None:
        worker = world.worker()
        await worker.start()
        world.broker.faults = lambda _number, name: Fault(error, "before") if name == "Consumer.getmany" else None
        await asyncio.sleep(3)
        world.broker.faults = no_faults
        world.produce(1)
        await asyncio.sleep(3)
        assert not worker.app.reasons
        assert len(worker.stage.cards) == world.broker.log(CARDS.name, 0).end
        await worker.end()
        await afterlife(world)

    run(test, monkeypatch)


def test_a_view_that_cannot_be_applied_stops_the_worker(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world()

    async def test() -> None:
        worker = world.worker()
        await worker.start()

        class Broken(dict[str, Any]):
            def __setitem__(self, key: str, value: Any) -> None:
                raise ArithmeticError

        for applies in worker.engine.views._shelves._views.values():
            applies[:] = [Broken().__setitem__ for _ in applies]
        world.produce(1)
        await asyncio.sleep(3)
        assert [type(it) for it in worker.app.reasons] == [ArithmeticError]
        await worker.end()
        await afterlife(world)

    run(test, monkeypatch)


def test_a_cancelled_drain_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        lanes = Lanes(Broker())
        await lanes.producer.start()
        lanes.put(0)
        await cancelled(lanes.outbox.drained(), 1)
        lanes.put(0)
        async with asyncio.timeout(LONG):
            await lanes.outbox.drained()
        assert not lanes.failures

    run(test, monkeypatch)


def test_what_waits_is_handled_together_whatever_else_the_loop_has_to_do() -> None:
    """Faust would take a round of the event loop for each batch."""
    app, count = App(), 100
    handled: list[int] = []
    rounds: list[int] = []

    async def handle(batch: int) -> None:
        handled.append(batch)

    channels.attach(cast("Any", app), "agent", ["t"], handle)
    [(channel, agent)] = app.agents

    async def stream() -> Any:
        while len(handled) < count:
            await asyncio.sleep(0)
            rounds.append(len(handled))
            yield channel.queue.get_nowait()

    async def test() -> None:
        for number in range(count):
            channel.queue.put_nowait(number)
        await agent(stream())

    asyncio.run(test())

    assert handled == list(range(count))
    assert len(rounds) < count / 2
