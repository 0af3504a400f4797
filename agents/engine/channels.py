"""Faust agents that receive batches."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import faust
from faust.topics import Topic as FaustTopic
from mode.utils.queues import FlowControlEvent, ThrowableQueue


class BatchTopic(FaustTopic):
    """A topic whose agent receives batches; its queue is not one of Faust's, which a late resume clears."""

    @property
    def queue(self) -> ThrowableQueue[Any]:
        """The queue of the agent."""
        if self._queue is None:
            self._queue = ThrowableQueue(flow_control=FlowControlEvent(initially_suspended=False))
        return self._queue


def attach(app: faust.App, name: str, topics: Sequence[str], handle: Callable[[Any], Awaitable[None]]) -> None:
    """Make an agent of *handle*, which takes the batches of *topics*."""

    async def run(stream: Any) -> None:
        async for batch in stream:
            await handle(batch)

    run.__name__ = name
    app.agent(BatchTopic(app, topics=list(topics)), name=name)(run)


def queue(app: faust.App, topic: str) -> ThrowableQueue[Any] | None:
    """Return the queue of the agent that reads *topic*; None while it does not run."""
    found = (channel for channel in app.topics if isinstance(channel, BatchTopic) and topic in channel.topics)
    channel = next(found, None)
    return None if channel is None else channel.queue
