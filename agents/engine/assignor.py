"""The group's assignor: partitions that share a state go to one worker, and stay where the state is.

Faust's own takes partition counts from metadata, and gives nobody anything while the leader's know no topic.  Here the
counts are the ones that each worker checked at its start; they are fixed for life.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from faust.types import TP

from agents.engine.shares import share_out

Unit = tuple[str, int]
"""Group of co-partitioned topics, and partition."""


class Layout(NamedTuple):
    """What there is to share out."""

    groups: Mapping[str, tuple[str, ...]]
    """Group to its topics, all with the same partition count."""
    partitions: Mapping[str, int]
    """Group to partition count."""

    def units(self) -> list[Unit]:
        """Return everything that has to be given to somebody, groups in turn so that each worker gets some of each."""
        most = max(self.partitions.values(), default=0)
        return [(group, n) for n in range(most) for group in sorted(self.groups) if n < self.partitions[group]]


class _Held(msgspec.Struct, array_like=True):
    """What a member tells the leader: units in use first, then those that lie on its disk."""

    units: list[Unit]


class CoPartitionAssignor(AbstractPartitionAssignor):  # type: ignore[misc]  # aiokafka has no types
    """The only protocol of the group; one object for each worker."""

    name = "vitrine"
    version = 1

    def __init__(self, layout: Layout, on_disk: Callable[[], Iterable[Unit]]) -> None:
        self._layout = layout
        self._on_disk = on_disk
        self._units: list[Unit] = []

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """Say what this worker subscribes to and which states it has."""
        held = list(dict.fromkeys([*self._units, *sorted(self._on_disk())]))
        return ConsumerProtocolMemberMetadata(self.version, sorted(topics), msgspec.msgpack.encode(_Held(held)))

    def assign(
        self, cluster: Any, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Share out; only the group's leader is asked.

        A member of another version gets no topic that it does not know: its part of that topic waits until it is gone.
        """
        del cluster
        shares = share_out(self._layout.units(), {member: _units(data.user_data) for member, data in members.items()})
        return {member: self._assignment(units, set(members[member].subscription)) for member, units in shares.items()}

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Remember what this worker got."""
        self._units = _units(assignment.user_data)

    def _assignment(self, units: Iterable[Unit], known: set[str]) -> ConsumerProtocolMemberAssignment:
        units = list(units)
        topics: dict[str, list[int]] = {}
        for group, partition in units:
            for topic in known.intersection(self._layout.groups[group]):
                topics.setdefault(topic, []).append(partition)
        return ConsumerProtocolMemberAssignment(
            self.version,
            sorted((topic, sorted(partitions)) for topic, partitions in topics.items()),
            msgspec.msgpack.encode(_Held(units)),
        )

    # -- what Faust asks of an assignor; there are no tables here

    def assigned_actives(self) -> set[TP]:
        """Return no changelog: Faust restores nothing."""
        return set()

    def assigned_standbys(self) -> set[TP]:
        """Return no changelog: Faust restores nothing."""
        return set()


def _units(user_data: bytes) -> list[Unit]:
    try:
        return msgspec.msgpack.decode(user_data, type=_Held).units if user_data else []
    except msgspec.DecodeError:
        return []
