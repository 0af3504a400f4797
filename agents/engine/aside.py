"""The worker's side of a process that scores the jobs of one processor: see `maker`."""

import asyncio
import itertools
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import structlog

from agents.engine.errors import MakerError
from agents.engine.frames import LENGTH, Applied, Apply, Done, Make, Ready, Told, frame, told
from agents.metrics import Metrics
from agents.processor import Output, Portable, Scored
from agents.topics import BY_NAME

log = structlog.get_logger(__name__)

_START_SECONDS = 120.0
_STOP_SECONDS = 2.0
_LIMIT_BYTES = 1 << 20
"""On their way to the process, above which views wait to be read on."""


class ScoringError(Exception):
    """A job could not be scored; its text is the error's own, type and all."""

    def __repr__(self) -> str:
        return str(self)


class Aside:
    """Hands jobs and views of *stage* to a process of its own; it starts and stops with the worker."""

    def __init__(self, stage: Portable, source: str, metrics: Metrics) -> None:
        """*source*: `module:function` that makes the same processor there."""
        self.topics = frozenset(view.topic.name for view in stage.views)
        """Of the views, without the prefix."""
        self._stage, self._source, self._metrics = stage, source, metrics
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Done]] = {}
        self._ready: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter
        self._process: asyncio.subprocess.Process
        self._stopping = False
        self._cpu = 0.0

    async def start(self, fail: Callable[[BaseException], Any]) -> None:
        """Return when the process has its models; *fail* is told if it ends later."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "agents.engine.maker",
                self._source,
                str(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
            )
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._writer.transport.set_write_buffer_limits(high=_LIMIT_BYTES)
        self._ready = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._listen(reader, fail))
        async with asyncio.timeout(_START_SECONDS):
            await self._ready

    async def apply(self, topic: str, records: Sequence[Any]) -> None:
        """Hand on *records* of a view; wait while much is on its way."""
        self._writer.write(frame(Apply(topic, [(record.key, record.value) for record in records])))
        await self._writer.drain()

    async def caught_up(self) -> None:
        """Return when all that was handed on is applied."""
        await self.score([])

    async def score(self, jobs: Sequence[Any]) -> list[Scored | Exception]:
        """Return what came of each job."""
        if self._stopping:
            raise MakerError(self._said())
        number = next(self._numbers)
        done = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(frame(Make(number, [self._stage.pack(job) for job in jobs])))
        try:
            made = (await done).made
        finally:
            del self._waiting[number]
        return [
            ScoringError(one.error)
            if one.error is not None
            else Scored(
                [
                    Output(BY_NAME[it.topic], it.key, None if it.value is None else msgspec.Raw(it.value), it.id, it.at)
                    for it in one.outputs
                ],
                one.tallies,
            )
            for one in made
        ]

    async def stop(self) -> None:
        """Let the process end."""
        self._stopping = True
        if self._task is None:
            return
        self._task.cancel()
        self._writer.close()
        await asyncio.gather(self._task, self._writer.wait_closed(), return_exceptions=True)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _listen(self, reader: asyncio.StreamReader, fail: Callable[[BaseException], Any]) -> None:
        try:
            while True:
                head = await reader.readexactly(LENGTH.size)
                self._hear(told(await reader.readexactly(LENGTH.unpack(head)[0])))
        except (asyncio.IncompleteReadError, ConnectionError):
            self._stopping = True
            await self._process.wait()
            error: Exception = MakerError(self._said())
        except Exception as unexpected:  # noqa: BLE001  whatever it is, no list would come any more
            self._stopping = True
            error = unexpected
        for future in (self._ready, *self._waiting.values()):
            if future is not None and not future.done():
                future.set_exception(error)
        await fail(error)

    def _hear(self, message: Told) -> None:
        if isinstance(message, Done):
            self._metrics.maker_cpu.labels(self._stage.name).inc(max(0.0, message.cpu - self._cpu))
            self._cpu = message.cpu
            self._metrics.maker_memory.labels(self._stage.name).set(message.resident)
            future = self._waiting.get(message.number)
            if future is not None and not future.done():
                future.set_result(message)
        elif isinstance(message, Applied):
            self._metrics.views.labels(message.topic, "applied").inc(message.applied)
            for key, error in message.undecodable:
                self._metrics.views.labels(message.topic, "undecodable").inc()
                log.warning("view record ignored", topic=message.topic, key=key, error=error)
        elif isinstance(message, Ready) and self._ready is not None and not self._ready.done():
            self._ready.set_result(None)

    def _said(self) -> str:
        return f"the process that scores for {self._stage.name} ended with {self._process.returncode}: start the worker again"
