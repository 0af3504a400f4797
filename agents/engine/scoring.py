"""Makes what is owed: takes due work in micro-batches, runs models in threads, sends what comes of it.

There is no timer: an idle caller takes what is there, and a batch forms by itself while the one before is scored.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any

import structlog

from agents.engine.aside import Aside
from agents.engine.owed import Item
from agents.engine.runner import Runner
from agents.processor import Output, Scored

log = structlog.get_logger(__name__)

BATCH = 32
"""Jobs scored in one call, at most."""


class Scorer:
    """Works off the queue of one runner."""

    def __init__(self, runner: Runner, executor: Executor, callers: int, aside: Aside | None = None) -> None:
        """*callers*: how many batches may be scored at the same time; by the *executor*, or *aside* if there is one."""
        self._runner = runner
        self._aside = aside
        self._executor = executor
        self._callers = callers
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._shed = self._superseded = 0
        runner.context.metrics.batch_limit.labels(runner.stage.name).set(BATCH)

    def start(self, fail: Callable[[BaseException], Any]) -> None:
        """Begin to work; *fail* is told of an error that is nobody's data."""
        self._tasks = [asyncio.create_task(self._run(fail)) for _ in range(self._callers)]

    def wake(self) -> None:
        """Look at the queue: something was put or settled."""
        self._wake.set()

    async def stop(self) -> None:
        """Stop working; what is owed stays owed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, fail: Callable[[BaseException], Any]) -> None:
        queue = self._runner.queue
        try:
            while True:
                await self._runner.context.outbox.room.wait()
                now = time.monotonic()
                items = queue.take(BATCH, now)
                self._count_replaced()
                if items:
                    await self._make(items)
                    continue
                self._wake.clear()
                wait = queue.wait(now)
                try:
                    async with asyncio.timeout(wait or None):  # at 0 the first one waits for a settlement
                        await self._wake.wait()
                except TimeoutError:
                    continue
        except Exception as error:  # noqa: BLE001  whatever it is, the worker must not go on without this task
            await fail(error)

    async def _make(self, items: Sequence[Item]) -> None:
        runner, metrics, name = self._runner, self._runner.context.metrics, self._runner.stage.name
        metrics.batch_size.labels(name).observe(len(items))
        oldest = min(item.since for item in items) / 1000
        metrics.batch_wait.labels(name).observe(max(0.0, time.time() - oldest))
        planned = [(item, runner.plan(item)) for item in items]
        work = []
        for item, job in planned:
            if job is None:
                runner.in_turn(item, partial(self._settle, item))
            else:
                work.append((item, job))
        if not work:
            return
        begun = time.perf_counter()
        scored = await self._score([job for _, job in work])
        metrics.batch_run.labels(name).observe(time.perf_counter() - begun)
        for (item, job), result in zip(work, scored, strict=True):
            if not item.entries:
                continue  # its partition is another worker's by now
            if isinstance(result, Exception):
                runner.in_turn(item, partial(self._give_up, item, result))
            else:
                outputs, tallies = result if isinstance(result, Scored) else self._finish(job, result)
                metrics.tally(name, tallies)
                runner.in_turn(item, partial(self._send, item, outputs))
        runner.count()

    def _finish(self, job: Any, result: Any) -> Scored:
        outputs = self._runner.stage.finish(job, result)
        return Scored(outputs, self._runner.stage.tally(job, outputs))

    async def _score(self, jobs: Sequence[Any]) -> Sequence[Any]:
        """Score *jobs*; where that fails, one by one, so that one bad job costs itself only."""
        if self._aside is not None:
            return await self._aside.score(jobs)
        loop, score = asyncio.get_running_loop(), self._runner.stage.score
        try:
            return await loop.run_in_executor(self._executor, score, jobs)
        except Exception as error:  # noqa: BLE001  a model may fail in any way
            log.warning("a batch could not be scored", agent=self._runner.stage.name, error=repr(error))
        results: list[Any] = []
        for job in jobs:
            try:
                results += await loop.run_in_executor(self._executor, score, [job])
            except Exception as error:
                log.exception("a job could not be scored", agent=self._runner.stage.name)
                results.append(error)
        return results

    def _send(self, item: Item, outputs: Sequence[Output]) -> None:
        """Send *outputs*; *item* is settled when the last of them is acknowledged."""
        if not outputs:
            self._made(item)
            return
        missing, runner = [len(outputs)], self._runner
        settled = partial(self._acked, item, missing)
        for number, output in enumerate(outputs):
            runner.context.emit(output, runner.source, settled, runner.place(item, number))

    def _give_up(self, item: Item, error: Exception) -> None:
        self._runner.give_up(item, error)
        self.wake()

    def _acked(self, item: Item, missing: list[int]) -> None:
        missing[0] -= 1
        if not missing[0]:
            self._made(item)

    def _made(self, item: Item) -> None:
        latency = self._runner.context.metrics.output_latency.labels(self._runner.stage.name)
        latency.observe(max(0.0, time.time() - item.since / 1000))
        self._runner.made(item)
        self._settle(item)

    def _settle(self, item: Item) -> None:
        self._runner.queue.settle(item)
        self.wake()

    def _count_replaced(self) -> None:
        queue, metrics, name = self._runner.queue, self._runner.context.metrics, self._runner.stage.name
        if queue.shed != self._shed:
            metrics.shed.labels(name).inc(queue.shed - self._shed)
            self._shed = queue.shed
        if queue.superseded != self._superseded:
            metrics.superseded.labels(name).inc(queue.superseded - self._superseded)
            self._superseded = queue.superseded
