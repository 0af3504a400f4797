"""How a worker is a member of its group: aiokafka's coordinator, with what it lacks for members that have an instance id.

aiokafka names the instance id when it joins, and nowhere else.  Without it a broker can't tell a worker that it took for
dead from one whose id another worker uses as well; both would be told to join again, and would drive each other out for
ever.  Requests that name it are answered by two different errors.
"""

from collections.abc import Callable
from typing import Any

from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import BrokerResponseError, CommitFailedError, kafka_errors
from aiokafka.protocol.api import Request, RequestStruct
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetCommitResponse_v3
from aiokafka.protocol.group import HeartbeatRequest, HeartbeatResponse_v1
from aiokafka.protocol.types import Array, Int32, Int64, Schema, String

_NO_LEADER_EPOCH = -1
_STRING = String("utf-8")


class FencedInstanceIdError(BrokerResponseError):  # type: ignore[misc]  # aiokafka has no types
    """Another member joined under our instance id."""

    errno = 82
    message = "FENCED_INSTANCE_ID"
    description = "Another member uses the same group instance id."


kafka_errors[FencedInstanceIdError.errno] = FencedInstanceIdError


class _HeartbeatResponse(HeartbeatResponse_v1):  # type: ignore[misc]  # aiokafka has no types
    API_VERSION = 3


class _HeartbeatStruct(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = HeartbeatRequest.API_KEY
    API_VERSION = 3
    RESPONSE_TYPE = _HeartbeatResponse
    SCHEMA = Schema(
        ("group", _STRING), ("generation_id", Int32), ("member_id", _STRING), ("group_instance_id", _STRING)
    )


class _CommitResponse(OffsetCommitResponse_v3):  # type: ignore[misc]  # aiokafka has no types
    API_VERSION = 7


class _CommitStruct(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = OffsetCommitRequest.API_KEY
    API_VERSION = 7
    RESPONSE_TYPE = _CommitResponse
    SCHEMA = Schema(
        ("consumer_group", _STRING),
        ("generation_id", Int32),
        ("member_id", _STRING),
        ("group_instance_id", _STRING),
        (
            "topics",
            Array(
                ("topic", _STRING),
                (
                    "partitions",
                    Array(("partition", Int32), ("offset", Int64), ("leader_epoch", Int32), ("metadata", _STRING)),
                ),
            ),
        ),
    )


class _Heartbeat(Request[_HeartbeatStruct]):  # type: ignore[misc]  # aiokafka has no types
    """A heartbeat that names the instance id."""

    API_KEY = HeartbeatRequest.API_KEY

    def __init__(self, group: str, generation: int, member: str, instance: str) -> None:
        self._fields = group, generation, member, instance

    def build(self, request_struct_class: type[_HeartbeatStruct]) -> _HeartbeatStruct:
        return request_struct_class(*self._fields)


class _Commit(Request[_CommitStruct]):  # type: ignore[misc]  # aiokafka has no types
    """A commit of offsets that names the instance id."""

    API_KEY = OffsetCommitRequest.API_KEY

    def __init__(self, plain: Any, instance: str) -> None:
        group, generation, member, _, topics = plain
        parts = [
            (topic, [(partition, offset, _NO_LEADER_EPOCH, metadata) for partition, offset, metadata in partitions])
            for topic, partitions in topics
        ]
        self._fields = group, generation, member, instance, parts

    def build(self, request_struct_class: type[_CommitStruct]) -> _CommitStruct:
        return request_struct_class(*self._fields)


class Coordinator(GroupCoordinator):  # type: ignore[misc]  # aiokafka has no types
    """The membership of one worker, with or without an instance id."""

    fenced: Callable[[], None] | None = None
    """Called in the consumer's thread when another worker took our instance id."""

    async def commit_offsets(self, assignment: Any, offsets: Any) -> None:
        """Commit; what is refused because of our instance id is refused as of any former member."""
        try:
            await super().commit_offsets(assignment, offsets)
        except FencedInstanceIdError as error:
            message = "already rebalanced: another member has our instance id"  # Faust looks for the first two words
            raise CommitFailedError(message) from error

    async def _send_req(self, request: Any) -> Any:
        """Send *request* in a version that names the instance id, and hear whether it is still ours."""
        instance = self._group_instance_id
        if instance is not None and isinstance(request, HeartbeatRequest):
            request = _Heartbeat(self.group_id, self.generation, self.member_id, instance)
        elif instance is not None and isinstance(request, OffsetCommitRequest):
            request = _Commit(request.build(_tuple_of), instance)
        response = await super()._send_req(request)
        if FencedInstanceIdError.errno in _codes(response) and self.fenced is not None:
            self.fenced()
        return response

    async def _on_join_complete(self, generation: int, member_id: str, protocol: str, assignment: bytes) -> None:
        """Take an assignment; have it made anew if it was made by other rules than ours."""
        await super()._on_join_complete(generation, member_id, protocol, assignment)
        if self._group_instance_id is not None and self._lookup_assignor(protocol).ask():
            self.request_rejoin()


def _tuple_of(*fields: Any) -> tuple[Any, ...]:
    return fields


def _codes(response: Any) -> set[int]:
    """Return the error codes of a response about the group, and of each partition in it."""
    found = {getattr(response, "error_code", 0)}
    if isinstance(response, OffsetCommitResponse_v3):
        found.update(code for _, partitions in response.topics for _, code in partitions)
    return found
