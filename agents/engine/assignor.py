"""The group's assignor: partitions that share a state go to one worker, and stay where the state is.

Faust's own takes partition counts from metadata, and gives nobody anything while the leader's know no topic.  Here the
counts are the ones that each worker checked at its start; they are fixed for life.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from faust.types import TP

from agents.engine.shares import keep_warm, share_out

Unit = tuple[str, int]
"""Group of co-partitioned topics, and partition."""


class Layout(NamedTuple):
    """What there is to share out."""

    groups: Mapping[str, tuple[str, ...]]
    """Group to its topics, all with the same partition count."""
    partitions: Mapping[str, int]
    """Group to partition count."""
    stateful: frozenset[str] = frozenset()
    """Groups that states are kept of."""

    def units(self) -> dict[str, list[Unit]]:
        """Return everything that has to be given to somebody, by group."""
        return {group: [(group, n) for n in range(self.partitions[group])] for group in sorted(self.groups)}


class _Said(msgspec.Struct, array_like=True):
    """What a member tells the leader.  Versions before warm copies say, and read, the first field only."""

    held: list[Unit]
    """Units in use, then warm copies, then what else lies on its disk."""
    used: int | None = None
    """How many of them are in use; None if it does not say."""
    warm: int | None = None
    """How many behind those are warm; None if it keeps no warm copies."""
    asked: int = 0
    """Changes when the member wants everything to be shared out anew."""

    def tiers(self) -> list[list[Unit]]:
        """Return what is held, nearest to being usable first."""
        used = len(self.held) if self.used is None else self.used
        ready = used + (self.warm or 0)
        return [self.held[:used], self.held[used:ready], self.held[ready:]]


class _Given(msgspec.Struct, array_like=True):
    """What the leader tells a member."""

    units: list[Unit]
    warm: list[Unit] = []
    plan: int = 0
    """By which rules it was shared out."""


S = TypeVar("S", _Said, _Given)

_RULES = 2
"""Of sharing out: to be changed with `shares`."""


class CoPartitionAssignor(AbstractPartitionAssignor):  # type: ignore[misc]  # aiokafka has no types
    """The only protocol of the group; one object for each worker."""

    name = "vitrine"
    version = 1

    def __init__(
        self,
        layout: Layout,
        on_disk: Callable[[], Iterable[Unit]],
        *,
        copies: int = 0,
        caught_up: Callable[[], Iterable[Unit]] = tuple,
    ) -> None:
        """Prepare; *copies*: warm ones of each state, *caught_up*: those here that lack next to nothing."""
        self._layout = layout
        self._on_disk = on_disk
        self._caught_up = caught_up
        self._copies = copies
        self._plan = zlib.crc32(
            repr((_RULES, sorted(layout.groups.items()), sorted(layout.partitions.items()), copies)).encode()
        )
        self._given = _Given([])
        self._asked = 0

    @property
    def warm(self) -> list[Unit]:
        """Return what this worker is to keep a warm copy of."""
        return self._given.warm

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """Say what this worker subscribes to and which states it has."""
        used = self._given.units
        warm = sorted(set(self._caught_up()).difference(used))
        held = list(dict.fromkeys([*used, *warm, *sorted(self._on_disk())]))
        said = _Said(held, len(used), len(warm), self._asked)
        return ConsumerProtocolMemberMetadata(self.version, sorted(topics), msgspec.msgpack.encode(said))

    def assign(
        self, cluster: Any, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Share out; only the group's leader is asked.

        A member of another version gets no topic that it does not know: its part of that topic waits until it is gone.
        """
        del cluster
        units = self._layout.units()
        said = {member: _decoded(data.user_data, _Said) for member, data in members.items()}
        held = {member: its.tiers() for member, its in said.items()}
        shares = share_out(units.values(), held)
        keepers = {member: tiers for member, tiers in held.items() if said[member].warm is not None}
        stateful = [its for group, its in units.items() if group in self._layout.stateful]
        warm = keep_warm(shares, keepers, self._copies, stateful)
        return {
            member: self._assignment(share, warm[member], set(members[member].subscription))
            for member, share in shares.items()
        }

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Remember what this worker got."""
        self._given = _decoded(assignment.user_data, _Given)

    def ask(self) -> bool:
        """Tell, once, whether the group should share out anew: what stands was shared out by other rules than ours.

        The broker gives back to a worker with an instance id what it had, whatever its version and its settings are.
        """
        if self._asked or self._given.plan == self._plan:
            return False
        self._asked = 1
        return True

    def _assignment(
        self, units: Iterable[Unit], warm: Iterable[Unit], known: set[str]
    ) -> ConsumerProtocolMemberAssignment:
        units = list(units)
        topics: dict[str, list[int]] = {}
        for group, partition in units:
            for topic in known.intersection(self._layout.groups[group]):
                topics.setdefault(topic, []).append(partition)
        return ConsumerProtocolMemberAssignment(
            self.version,
            sorted((topic, sorted(partitions)) for topic, partitions in topics.items()),
            msgspec.msgpack.encode(_Given(units, sorted(warm), self._plan)),
        )

    # -- what Faust asks of an assignor; there are no tables here

    def assigned_actives(self) -> set[TP]:
        """Return no changelog: Faust restores nothing."""
        return set()

    def assigned_standbys(self) -> set[TP]:
        """Return no changelog: Faust restores nothing."""
        return set()


def _decoded(user_data: bytes, kind: type[S]) -> S:
    try:
        return msgspec.msgpack.decode(user_data, type=kind) if user_data else kind([])
    except msgspec.DecodeError:
        return kind([])
