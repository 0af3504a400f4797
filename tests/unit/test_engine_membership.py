"""What a worker with an instance id sends to its group, and what it hears."""

from io import BytesIO
from typing import Any

import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import CommitFailedError
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetCommitResponse_v3
from aiokafka.protocol.group import HeartbeatRequest, HeartbeatResponse_v1
from aiokafka.protocol.types import Array, Int32, Int64, String

from agents.engine.membership import Coordinator, FencedInstanceIdError

VERSIONS = {8: (2, 9), 12: (0, 4)}
TEXT = String("utf-8")


class Sent:
    """The broker's side: keeps what was sent, and answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Any, instance: str | None = "i") -> None:
        self.requests: list[Any] = []
        self.fenced = 0

        async def send(coordinator: Any, request: Any) -> Any:
            del coordinator
            self.requests.append(request.prepare(VERSIONS))
            return answer

        monkeypatch.setattr(GroupCoordinator, "_send_req", send)
        self.coordinator: Any = object.__new__(Coordinator)
        self.coordinator.__dict__.update(group_id="g", generation=3, member_id="m", _group_instance_id=instance)
        self.coordinator.fenced = self._note

    def _note(self) -> None:
        self.fenced += 1


def heartbeat() -> HeartbeatRequest:
    return HeartbeatRequest("g", 3, "m")


def commit() -> OffsetCommitRequest:
    return OffsetCommitRequest("g", 3, "m", -1, [("t", [(1, 7, "")])])


async def test_a_heartbeat_names_the_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Sent(monkeypatch, HeartbeatResponse_v1(0, 0))

    await broker.coordinator._send_req(heartbeat())

    (request,) = broker.requests
    wire = BytesIO(request.encode())
    assert (request.API_KEY, request.API_VERSION) == (12, 3)
    assert [kind.decode(wire) for kind in (TEXT, Int32, TEXT, TEXT)] == ["g", 3, "m", "i"]
    assert not wire.read()
    assert not broker.fenced


async def test_a_commit_names_the_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Sent(monkeypatch, OffsetCommitResponse_v3(0, [("t", [(1, 0)])]))

    await broker.coordinator._send_req(commit())

    (request,) = broker.requests
    wire = BytesIO(request.encode())
    parts = Array(("partition", Int32), ("offset", Int64), ("leader_epoch", Int32), ("metadata", TEXT))
    assert (request.API_KEY, request.API_VERSION) == (8, 7)
    assert [kind.decode(wire) for kind in (TEXT, Int32, TEXT, TEXT)] == ["g", 3, "m", "i"]
    assert Array(("topic", TEXT), ("partitions", parts)).decode(wire) == [("t", [(1, 7, -1, "")])]
    assert not wire.read()
    assert not broker.fenced


@pytest.mark.parametrize("request_of", [heartbeat, commit])
async def test_a_worker_without_an_instance_sends_what_aiokafka_sends(
    monkeypatch: pytest.MonkeyPatch, request_of: Any
) -> None:
    broker = Sent(monkeypatch, HeartbeatResponse_v1(0, 0), instance=None)

    await broker.coordinator._send_req(request_of())

    assert broker.requests[0].API_VERSION < 4
    assert "group_instance_id" not in broker.requests[0].SCHEMA.names


@pytest.mark.parametrize(
    ("request_of", "answer"),
    [
        (heartbeat, HeartbeatResponse_v1(0, FencedInstanceIdError.errno)),
        (commit, OffsetCommitResponse_v3(0, [("t", [(0, 0), (1, FencedInstanceIdError.errno)])])),
    ],
)
async def test_it_is_told_when_another_has_its_instance(
    monkeypatch: pytest.MonkeyPatch, request_of: Any, answer: Any
) -> None:
    broker = Sent(monkeypatch, answer)

    await broker.coordinator._send_req(request_of())

    assert broker.fenced == 1


async def test_a_fenced_commit_is_refused_as_of_a_former_member(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(coordinator: Any, assignment: Any, offsets: Any) -> None:
        del coordinator, assignment, offsets
        raise FencedInstanceIdError

    monkeypatch.setattr(GroupCoordinator, "commit_offsets", refuse)

    with pytest.raises(CommitFailedError, match="already rebalanced"):
        await object.__new__(Coordinator).commit_offsets(None, {})
