"""Fetch sessions (KIP-227): a request names the partitions that have changed since the last one, and so does its answer.

aiokafka names every partition in every request and is answered for every one, whenever a record comes to any of them;
with a worker's 200 partitions that costs more than a millisecond of the interpreter each time.
"""

import time
from collections import defaultdict
from collections.abc import Collection
from typing import Any, NamedTuple

from aiokafka.consumer.fetcher import Fetcher
from aiokafka.protocol.fetch import FetchRequest

from agents.engine.patience import Partitions, Patience

_SINCE = 7
"""The version of requests and answers that knows sessions."""
_NONE, _FIRST, _LAST = 0, 0, 2**31 - 1
"""No session's id; the epoch of a request for a new one; the epoch that is followed by 1."""


class Ask(NamedTuple):
    """What a request says."""

    session: int
    epoch: int
    topics: Partitions
    """All partitions in a first request; later those that are new or wanted from another offset."""
    forgotten: list[tuple[str, list[int]]]


class Session:
    """What one broker knows of a consumer's partitions.  Pure; after anything unexpected it begins anew."""

    def __init__(self) -> None:
        self._id, self._epoch = _NONE, _FIRST
        self._told: dict[tuple[str, int], tuple[int, int]] = {}

    def ask(self, topics: Partitions) -> Ask:
        """Return how to ask for all of *topics*, and for nothing else."""
        told = self._told
        wanted = {(topic, partition): (offset, most) for topic, places in topics for partition, offset, most in places}
        self._told = wanted
        if self._id == _NONE:
            return Ask(_NONE, _FIRST, topics, [])
        changed = [(topic, [it for it in places if told.get((topic, it[0])) != it[1:]]) for topic, places in topics]
        forgotten: dict[str, list[int]] = defaultdict(list)
        for topic, partition in told.keys() - wanted.keys():
            forgotten[topic].append(partition)
        self._epoch = self._epoch + 1 if self._epoch < _LAST else 1
        return Ask(self._id, self._epoch, [it for it in changed if it[1]], list(forgotten.items()))

    def answered(self, error: int, session: int) -> None:
        """Take the answer: an error, or the id of the session; a broker without room for one gives none."""
        if error or session == _NONE or self._id not in {_NONE, session}:
            self.lose()
        else:
            self._id = session

    def lose(self) -> None:
        """Begin anew: nobody knows what the broker heard, or what it said."""
        self._id, self._epoch, self._told = _NONE, _FIRST, {}


class SessionFetcher(Fetcher):  # type: ignore[misc]  # aiokafka has no types
    """aiokafka's fetcher, with one session for each broker."""

    patient: Collection[str] = ()
    """Topics that can wait."""

    def __init__(self, client: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(_Client(client, self.patient), *args, **kwargs)


class _Client:
    """aiokafka's client as its fetcher uses it."""

    def __init__(self, client: Any, patient: Collection[str]) -> None:
        self._client = client
        self._sessions: dict[int, Session] = defaultdict(Session)
        self._patience: dict[int, Patience] = defaultdict(lambda: Patience(patient))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node: int, request: Any) -> Any:
        """Send *request*, of which one at a time is on its way to a node if it is one to fetch."""
        if not isinstance(request, FetchRequest):
            return await self._client.send(node, request)
        session, patience = self._sessions[node], self._patience[node]
        try:
            response = await self._client.send(node, _Request(request, session, patience))
        except BaseException:
            session.lose()
            raise
        patience.answered(response.topics, time.monotonic())
        if response.API_VERSION >= _SINCE:
            session.answered(response.error_code, response.session_id)
        return response


class _Request(FetchRequest):  # type: ignore[misc]  # aiokafka has no types
    """A request within a session, if the broker's version has them, and without what can wait."""

    def __init__(self, whole: Any, session: Session, patience: Patience) -> None:
        self.__dict__.update(whole.__dict__)
        self._topics: Partitions
        self._max_wait_ms: int
        self._topics, self._max_wait_ms = patience.ask(whole.topics, self._max_wait_ms, time.monotonic())
        self._session = session

    def build(self, request_struct_class: Any) -> Any:
        if request_struct_class.API_VERSION < _SINCE:
            return super().build(request_struct_class)
        ask = self._session.ask(self._topics)
        self._topics = ask.topics
        struct = super().build(request_struct_class)
        struct.session_id, struct.session_epoch = ask.session, ask.epoch
        struct.forgotten_topics_data = ask.forgotten
        return struct
