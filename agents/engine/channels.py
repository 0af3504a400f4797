"""Faust agents that receive batches."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import faust
from faust.topics import Topic as FaustTopic
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from agents.engine.runner import TURN_SECONDS

_LONGEST_TURN_SECONDS = 0.03
"""However much waits: heartbeats and lists have to go on, too."""
_CROWD = 10
"""Waiting batches for each of which a turn is as long again."""


class BatchTopic(FaustTopic):
    """A topic whose agent receives batches; its queue is not one of Faust's, which a late resume clears."""

    @property
    def queue(self) -> ThrowableQueue[Any]:
        """The queue of the agent."""
        if self._queue is None:
            self._queue = ThrowableQueue(flow_control=FlowControlEvent(initially_suspended=False))
        return self._queue


def attach(app: faust.App, name: str, topics: Sequence[str], handle: Callable[[Any], Awaitable[None]]) -> None:
    """Make an agent of *handle*, which takes the batches of *topics*.

    A stream of Faust lets all other tasks run before each of its values.  Where these have much to do, records would be
    folded at a few batches in each round of the event loop: so what waits is handled at once, for a turn, and the more of
    it there is, the longer.
    """

    async def run(stream: Any) -> None:
        async for batch in stream:
            begun = time.perf_counter()
            await handle(batch)
            waiting = queue(app, topics[0])
            while waiting is not None and (crowd := waiting.qsize()):
                if time.perf_counter() - begun > min(_LONGEST_TURN_SECONDS, TURN_SECONDS * (1 + crowd / _CROWD)):
                    break
                await handle(waiting.get_nowait())

    run.__name__ = name
    app.agent(BatchTopic(app, topics=list(topics)), name=name)(run)


def queue(app: faust.App, topic: str) -> ThrowableQueue[Any] | None:
    """Return the queue of the agent that reads *topic*; None while it does not run."""
    found = (channel for channel in app.topics if isinstance(channel, BatchTopic) and topic in channel.topics)
    channel = next(found, None)
    return None if channel is None else channel.queue
