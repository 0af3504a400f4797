"""What has to be done so that the broker's topics are as they have to be.  Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from agents.engine.topics.declared import Needed
from agents.engine.topics.judging import copies, policies, risk, will_do


class Found(NamedTuple):
    """One topic as it is."""

    partitions: int
    replication: int
    """Copies of the partition that has the fewest."""
    in_sync: int
    """Copies in sync of the partition that has the fewest."""
    empty: bool
    """Whether it holds no record."""
    config: Mapping[str, str]
    """Every setting that is in force, whoever gave it."""


class Cluster(NamedTuple):
    """What a broker tells."""

    brokers: int
    topics: Mapping[str, Found]
    """Those that are needed and are there."""
    others: tuple[str, ...] = ()
    """The names of all other topics."""


class Make(msgspec.Struct, frozen=True):
    """A topic to be made."""

    topic: str
    partitions: int
    replication: int
    config: dict[str, str]


class Change(msgspec.Struct, frozen=True):
    """A setting to be changed."""

    topic: str
    setting: str
    found: str | None
    """None: this broker knows no such setting."""
    wanted: str
    risk: str = ""
    """What could be lost by it; empty if nothing."""


class Refusal(msgspec.Struct, frozen=True):
    """Something that is not done here, and the reason why nothing else is done either."""

    topic: str
    why: str
    """With the cure."""


class Plan(msgspec.Struct, frozen=True):
    """What there is to do."""

    make: tuple[Make, ...] = ()
    change: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()
    unknown: tuple[str, ...] = ()
    """Topics that look like ours and that nobody needs: mentioned, never touched."""
    unchanged: int = 0
    """Topics that are there and as they have to be."""

    @property
    def pending(self) -> bool:
        """Whether the broker's topics differ from what they have to be."""
        return bool(self.make or self.change or self.refused)

    @property
    def risky(self) -> tuple[Change, ...]:
        """The changes by which something could be lost."""
        return tuple(change for change in self.change if change.risk)


def plan(wanted: Mapping[str, Needed], cluster: Cluster, *, prefix: str, app_id: str) -> Plan:
    """Return what it takes to bring the topics of *cluster* to *wanted*.

    Settings that *wanted* does not name are left alone, and more copies than wanted too.  Never done, and a reason to
    do nothing at all: another partition count (keys would move, and states with them), more copies than there are
    brokers, more copies of a topic that exists, and an end of compaction while there are records (states would expire).
    A change by which records could be lost, or writers be refused, carries its risk; the operator has to confirm it.
    """
    make: list[Make] = []
    change: list[Change] = []
    refused: list[Refusal] = []
    for name, it in sorted(wanted.items()):
        found = cluster.topics.get(name)
        if found is None:
            why = _cannot_make(it, cluster.brokers)
            make.append(Make(name, it.partitions, it.replication, it.config))
        else:
            why = _cannot_fit(it, found)
            change += _changes(name, it, found)
        refused += [Refusal(name, line) for line in why]
    touched = {it.topic for it in change} | {it.topic for it in refused}
    unknown = sorted(name for name in cluster.others if _looks_like_ours(name, prefix, app_id))
    unchanged = len(cluster.topics.keys() - touched)
    return Plan(tuple(make), tuple(change), tuple(refused), tuple(unknown), unchanged)


def _cannot_make(wanted: Needed, brokers: int) -> Iterable[str]:
    if wanted.replication > brokers:
        yield (
            f"{wanted.replication} copies need as many brokers, and there are {brokers}: "
            f"start more, or say --replication {brokers}, or --environment development"
        )


def _cannot_fit(wanted: Needed, found: Found) -> Iterable[str]:
    if found.partitions != wanted.partitions:
        yield (
            f"{found.partitions} partitions are there, VITRINE_PARTITIONS asks for {wanted.partitions}: another count would "
            f"move keys away from their states; set VITRINE_PARTITIONS={found.partitions}, or begin anew with another "
            "VITRINE_TOPIC_PREFIX and VITRINE_APP_ID"
        )
    if found.replication < wanted.replication:
        yield (
            f"{copies(found.replication)} of each partition, wanted are {wanted.replication}: kafka-reassign-partitions.sh adds "
            f"them, then plan again; or say --replication {found.replication}"
        )
    if policies(found.config.get("cleanup.policy", "")) == {"compact"} and not found.empty:
        wanted_policy = wanted.config.get("cleanup.policy")
        if wanted_policy == "delete":
            yield (
                "compacted, holding records, and meant to expire instead: the last record of each key would go; "
                "kafka-configs.sh sets cleanup.policy=delete if that is meant"
            )


def _changes(name: str, wanted: Needed, found: Found) -> Iterable[Change]:
    for setting, value in sorted(wanted.config.items()):
        present = found.config.get(setting)
        if not will_do(setting, present, value):
            yield Change(
                name,
                setting,
                present,
                value,
                risk(setting, present or "", value, in_sync=found.in_sync, count=found.replication, empty=found.empty),
            )


def _looks_like_ours(name: str, prefix: str, app_id: str) -> bool:
    """Without a prefix the cluster's topics may be anybody's."""
    if name.startswith(f"{app_id}-") and name.endswith("-changelog"):
        return True
    return name.startswith(prefix) if prefix else name.startswith(("dlq.", "rekey."))
