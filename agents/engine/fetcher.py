"""aiokafka's fetcher, which asks for less: in fetch sessions, without what can wait, and in little time.

A worker has some 200 partitions, and few of them get a record between two requests.  What is done for each partition and
each request holds the interpreter, which whatever else the worker does waits for.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import KafkaError
from aiokafka.protocol.fetch import FetchRequest

from agents.engine.errors import FetcherError
from agents.engine.patience import Pace, Partitions, Patience
from agents.engine.sessions import Session

_SINCE = 7
"""The version of requests and answers that knows sessions."""
_Led = dict[str, list[tuple[int, Any]]]
"""Topic to partitions and their states."""


class SessionFetcher(Fetcher):  # type: ignore[misc]  # aiokafka has no types
    """aiokafka's fetcher, with one session for each broker."""

    patient: Collection[str] = ()
    """Topics that can wait."""

    def __init__(self, client: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(_Client(client, self.patient), *args, **kwargs)
        self._led: Mapping[int | None, _Led] = {}
        """Leader to its partitions, -1 or None if there is none."""
        self._led_by: tuple[object, object] = None, None
        """Assignment and metadata that this comes from; each is replaced when it changes."""

    async def fetched_records(self, *args: Any, **kwargs: Any) -> Any:
        """Return what was fetched; a FetcherError, not silence for ever, if nothing fetches any more."""
        if self.error_future.done() and not self._closed:
            raise FetcherError from self.error_future.exception()
        return await super().fetched_records(*args, **kwargs)

    async def close(self) -> None:
        """End; what nothing fetches for any more can be closed, too."""
        try:
            await super().close()
        except KafkaError:  # of the task, and told by then
            for task in self._pending_tasks:
                task.cancel()

    def _get_actions_per_node(self, assignment: Any) -> Any:
        """Return whom to ask for what, and when to look again; aiokafka's own way where there is more to do than to ask."""
        led = self._leaders(assignment)
        if None in led or -1 in led or self._preferred_read_replica:
            return super()._get_actions_per_node(assignment)
        waits: dict[int | None, float] = defaultdict(float)
        for place, fetched in self._records.items():
            node = self._client.cluster.leader_for_partition(place)
            waits[node] = max(waits[node], fetched.calculate_backoff())
        requests = []
        for node, topics in led.items():
            if not waits[node] and node not in self._in_flight:
                wanted = self._wanted(topics)
                if wanted is None:
                    return super()._get_actions_per_node(assignment)
                if wanted:
                    requests.append((node, self._request(wanted)))
        look_again = min((it for it in waits.values() if it), default=self._fetcher_timeout)
        return requests, {}, look_again, False, []

    def _leaders(self, assignment: Any) -> Mapping[int | None, _Led]:
        metadata = self._client.cluster._partitions  # noqa: SLF001  see private.py
        if self._led_by[0] is not assignment or self._led_by[1] is not metadata:
            led: dict[int | None, _Led] = defaultdict(lambda: defaultdict(list))
            for place in sorted(assignment.tps):
                leader = self._client.cluster.leader_for_partition(place)
                led[leader][place.topic].append((place.partition, assignment.state_value(place)))
            self._led, self._led_by = dict(led), (assignment, metadata)
        return self._led

    def _wanted(self, topics: _Led) -> Partitions | None:
        """Return where to read on, without what is not taken yet; None if a partition is paused or has no position."""
        most, wanted = self._max_partition_fetch_bytes, []
        for topic, partitions in topics.items():
            places = []
            for number, state in partitions:
                if state.paused or not state.has_valid_position:
                    return None
                places.append((number, state.position, most))
            if self._records:
                places = [it for it in places if (topic, it[0]) not in self._records]
            if places:
                wanted.append((topic, places))
        return wanted

    def _request(self, wanted: Partitions) -> FetchRequest:
        return FetchRequest(
            self._fetch_max_wait_ms, self._fetch_min_bytes, self._fetch_max_bytes, self._isolation_level, wanted
        )


class _Client:
    """aiokafka's client as its fetcher uses it."""

    def __init__(self, client: Any, patient: Collection[str]) -> None:
        self._client = client
        self._sessions: dict[int, Session] = defaultdict(Session)
        self._patience: dict[int, Patience] = defaultdict(lambda: Patience(patient))
        self._pace: dict[int, Pace] = defaultdict(Pace)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node: int, request: Any) -> Any:
        """Send *request*, of which one at a time is on its way to a node if it is one to fetch."""
        if not isinstance(request, FetchRequest):
            return await self._client.send(node, request)
        session, patience, pace = self._sessions[node], self._patience[node], self._pace[node]
        if wait := pace.wait(time.monotonic()):
            await asyncio.sleep(wait)
        try:
            response = await self._client.send(node, _Request(request, session, patience))
        except BaseException:
            session.lose()
            raise
        patience.answered(response.topics, time.monotonic())
        pace.answered(response.topics)
        if response.API_VERSION >= _SINCE:
            session.answered(response.error_code, response.session_id)
        _narrow(request, response)
        return response


def _narrow(request: Any, response: Any) -> None:
    """Leave in *request* what *response* answers, all that aiokafka looks for."""
    answered: dict[str, set[int]] = defaultdict(set)
    for topic, places in response.topics:  # a topic may come more than once
        answered[topic].update(it[0] for it in places)
    request._topics = [  # noqa: SLF001  see private.py
        (topic, [it for it in places if it[0] in answered[topic]])
        for topic, places in request.topics
        if topic in answered
    ]


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
