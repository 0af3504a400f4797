"""The process beside a worker: it holds the views of one processor and scores its jobs, on a core and with an interpreter of its own.

Run as `python -m agents.engine.maker MODULE:FUNCTION DESCRIPTOR`: the function makes the processor, the descriptor is the
socket to the worker.  It ends when the socket does, so no worker leaves one behind, however it dies.
"""

import importlib
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import structlog

from agents.engine.frames import LENGTH, Applied, Apply, Done, Made, Make, Ready, Sent, asked, frame
from agents.engine.shelves import Shelves, told
from agents.engine.tuning import tune
from agents.processor import Output, Portable

log = structlog.get_logger(__name__)

_STATM = Path("/proc/self/statm")
"""Of Linux; elsewhere nothing is told of memory."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_value = msgspec.json.Encoder().encode


class Maker:
    """Applies views and scores jobs, in the order in which they come."""

    def __init__(self, stage: Portable) -> None:
        self._stage = stage
        self._shelves = Shelves(stage.views)

    def answer(self, message: Apply | Make) -> Applied | Done:
        """Do what *message* wants."""
        if isinstance(message, Apply):
            return self._apply(message)
        made = self._make(message.jobs)
        return Done(message.number, made, time.process_time(), _resident())

    def _apply(self, message: Apply) -> Applied:
        errors = [(key, self._shelves.apply(message.topic, key, value)) for key, value in message.records]
        undecodable = [(told(key), repr(error)) for key, error in errors if error is not None]
        return Applied(message.topic, len(message.records) - len(undecodable), undecodable)

    def _make(self, packed: Sequence[bytes]) -> list[Made]:
        """Score all at once; where that fails, one by one, so that one bad job costs itself only."""
        jobs = [self._stage.unpack(raw) for raw in packed]
        try:
            return [self._made(job, scored) for job, scored in zip(jobs, self._stage.score(jobs), strict=True)]
        except Exception as error:  # noqa: BLE001  a model may fail in any way
            log.warning("a batch could not be scored", agent=self._stage.name, error=repr(error))
            return [self._alone(job) for job in jobs]

    def _alone(self, job: Any) -> Made:
        try:
            return self._made(job, self._stage.score([job])[0])
        except Exception as error:
            log.exception("a job could not be scored", agent=self._stage.name)
            return Made(error=repr(error))

    def _made(self, job: Any, scored: Any) -> Made:
        outputs = self._stage.finish(job, scored)
        return Made([_sent(output) for output in outputs], list(self._stage.tally(job, outputs)))


def _resident() -> int:
    return int(_STATM.read_text().split()[1]) * _PAGE if _STATM.exists() else 0


def _sent(output: Output) -> Sent:
    value = None if output.value is None else _value(output.value)
    return Sent(output.topic.name, output.key, value, output.id, output.at)


def serve(stage: Portable, connection: socket.socket) -> None:
    """Answer until the worker closes the connection."""
    maker = Maker(stage)
    with connection, connection.makefile("rwb") as stream:
        stream.write(frame(Ready()))
        stream.flush()
        while len(head := stream.read(LENGTH.size)) == LENGTH.size:
            body = stream.read(LENGTH.unpack(head)[0])
            stream.write(frame(maker.answer(asked(body))))
            stream.flush()


def main(source: str, descriptor: str) -> None:
    """Make the processor and serve; only the end of the socket ends it, a signal is the worker's to heed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    module, _, function = source.partition(":")
    stage = cast("Portable", getattr(importlib.import_module(module), function)())
    tune()
    try:
        serve(stage, socket.socket(fileno=int(descriptor)))
    except (BrokenPipeError, ConnectionResetError):
        return  # the worker was killed


if __name__ == "__main__":
    main(*sys.argv[1:])
