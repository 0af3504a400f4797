"""Which records may be delivered, and how far each partition may be committed.

Pure: it knows no Kafka client, no clock and no event loop.  A partition is closed until its state is restored; then it
is read in log order from one offset on.  Whoever works on a partition holds the `Partition` or an `Entry` of it; when the
partition is taken away or restored again, a new object takes its place, so late answers need no special care.
"""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

Source = tuple[str, int]
"""Topic and partition."""


@dataclass(eq=False, slots=True)
class Entry:
    """A delivered stretch of one partition: offsets up to, not including, *next*."""

    partition: "Partition"
    next: int
    records: int
    waits: int
    """Readers that have not finished it, and owed work that it waits for."""
    readers: int
    """Readers that have not finished it."""
    running: int = 0
    """Readers that are at it."""
    since: int = 0
    """The broker's time of its first record, in milliseconds since 1970."""
    size: int = 0
    """Bytes of its records."""


@dataclass(eq=False, slots=True)
class Partition:
    """One partition of one assignment."""

    source: Source
    read: int | None = None
    """Offset to read next; None while the partition is closed."""
    entries: deque[Entry] = field(default_factory=deque)
    """What was delivered and is not committed, in log order."""
    committed: int | None = None


class Load(NamedTuple):
    """Work that waits in memory."""

    records: int
    size: int
    """Bytes."""


NOTHING = Load(0, 0)


class Delivery:
    """What is open, what is in flight, what may be committed."""

    def __init__(self, uncommitted: int, waiting: Load) -> None:
        self.uncommitted_limit = uncommitted
        """Records of a topic delivered and not committed, above which nothing more of it is fetched: so much is repeated
        after a crash.  They are not in memory any more when they are folded."""
        self.waiting_limit = waiting
        """Of a topic's records delivered and not folded, and what its reader owes and never sheds: in memory.  Above it
        nothing more of the topic is fetched."""
        self.uncommitted: Counter[str] = Counter()
        """By topic."""
        self.queued: Counter[str] = Counter()
        """Records by topic."""
        self.queued_bytes: Counter[str] = Counter()
        """By topic."""
        self.owed: dict[str, Load] = {}
        """By topic: work of its reader that is never shed, as it told last."""
        self.running = 0
        """Entries that a reader has started and not finished."""
        self.draining = False
        self._partitions: dict[Source, Partition] = {}

    # -- assignments

    def assign(self, sources: Iterable[Source]) -> dict[Source, Partition]:
        """Begin an assignment in which every partition is closed."""
        self.revoke()
        self._partitions = {source: Partition(source) for source in sources}
        return dict(self._partitions)

    def open(self, partition: Partition, offset: int) -> bool:
        """Let a restored partition be read from *offset*, its committed offset, on."""
        if not self.owns(partition) or partition.read is not None:
            return False
        partition.read = partition.committed = offset
        return True

    def close(self, source: Source) -> Partition | None:
        """Forget what was delivered of *source* and not committed; it stays closed until it is opened again."""
        old = self._partitions.get(source)
        if old is None:
            return None
        for entry in old.entries:
            self.uncommitted[source[0]] -= entry.records
            if entry.readers:
                self._unqueue(entry)
            self.running -= entry.running
        partition = self._partitions[source] = Partition(source)
        return partition

    def drain(self) -> None:
        """Deliver and start nothing more: the assignment is about to end."""
        self.draining = True

    def revoke(self) -> None:
        """End the assignment; acks that are still to come change nothing."""
        self.uncommitted.clear()
        self.queued.clear()
        self.queued_bytes.clear()
        self.owed.clear()
        self.running = 0
        self.draining = False
        self._partitions = {}

    def find(self, source: Source) -> Partition | None:
        """Return the partition of the assignment in force, None if it is another worker's."""
        return self._partitions.get(source)

    def owns(self, partition: Partition) -> bool:
        """Tell whether *partition* belongs to the assignment in force."""
        return self._partitions.get(partition.source) is partition

    # -- the way of a batch

    def fetchable(self) -> dict[Source, int]:
        """Return the offset to read next of each partition that may be read now."""
        if self.draining:
            return {}
        withheld = self.withheld()
        return {s: p.read for s, p in self._partitions.items() if p.read is not None and s[0] not in withheld}

    def withheld(self) -> set[str]:
        """Return the topics of which nothing more is fetched for now."""
        return self.full() | {topic for topic in self.queued.keys() | self.owed.keys() if self._crowded(topic)}

    def _crowded(self, topic: str) -> bool:
        owed, limit = self.owed.get(topic, NOTHING), self.waiting_limit
        return self.queued[topic] + owed.records >= limit.records or self.queued_bytes[topic] + owed.size >= limit.size

    def owe(self, topic: str, load: Load) -> None:
        """Tell what the reader of *topic* owes now and never sheds."""
        self.owed[topic] = load

    def full(self) -> set[str]:
        """Return the topics of which nothing more is fetched before a commit."""
        return {topic for topic, records in self.uncommitted.items() if records >= self.uncommitted_limit}

    def due(self) -> bool:
        """Tell whether a commit should not wait for its interval: half of what may be uncommitted is."""
        return any(2 * records >= self.uncommitted_limit for records in self.uncommitted.values())

    def deliver(  # noqa: PLR0917  a batch, field by field
        self,
        source: Source,
        at: int,
        next_offset: int,
        records: int,
        readers: int,
        since: int = 0,
        size: int = 0,
    ) -> Entry | None:
        """Record a batch that was read from *at* on as delivered; None means that it must not be."""
        partition = self._partitions.get(source)
        if partition is None or partition.read != at or self.draining or next_offset <= at:
            return None
        entry = Entry(partition, next_offset, records, readers, readers, since=since, size=size)
        partition.entries.append(entry)
        partition.read = next_offset
        self.uncommitted[source[0]] += records
        self.queued[source[0]] += records
        self.queued_bytes[source[0]] += size
        return entry

    def skip(self, source: Source, at: int, next_offset: int) -> None:
        """Pass over a stretch of the log that holds no records: control records, aborted ones."""
        partition = self._partitions.get(source)
        if partition is not None and partition.read == at and next_offset > at:
            partition.entries.append(Entry(partition, next_offset, 0, 0, 0))
            partition.read = next_offset

    def start(self, entry: Entry) -> bool:
        """Tell whether a reader may begin with *entry*; if not, it must drop it."""
        if self.draining or not self.owns(entry.partition):
            return False
        self.running += 1
        entry.running += 1
        return True

    def current(self, entry: Entry) -> bool:
        """Tell whether the partition of *entry* is still ours, and was not restored since."""
        return self.owns(entry.partition)

    def stop(self, entry: Entry) -> None:
        """Count one started reader of *entry* as finished; what it owes is held before."""
        if not self.owns(entry.partition):
            return
        self.running -= 1
        entry.running -= 1
        entry.readers -= 1
        entry.waits -= 1
        if not entry.readers:
            self._unqueue(entry)

    def _unqueue(self, entry: Entry) -> None:
        self.queued[entry.partition.source[0]] -= entry.records
        self.queued_bytes[entry.partition.source[0]] -= entry.size

    # -- commits

    def committable(self) -> dict[Partition, int]:
        """Return each partition whose finished prefix ends behind what is committed."""
        offsets = {}
        for partition in self._partitions.values():
            end = partition.committed
            for entry in partition.entries:
                if entry.waits:
                    break
                end = entry.next
            if end is not None and end != partition.committed:
                offsets[partition] = end
        return offsets

    def committed(self, partition: Partition, offset: int) -> None:
        """Record that the broker holds *offset*."""
        if not self.owns(partition):
            return
        partition.committed = offset
        while partition.entries and partition.entries[0].next <= offset:
            self.uncommitted[partition.source[0]] -= partition.entries.popleft().records

    def positions(self) -> dict[Source, int | None]:
        """Return the committed offset of each assigned partition, None while it is closed."""
        return {source: partition.committed for source, partition in self._partitions.items()}

    def oldest(self) -> dict[Source, int]:
        """Return the broker's time of the first record delivered and not committed, of each partition that has one."""
        firsts = ((s, next((it for it in p.entries if it.records), None)) for s, p in self._partitions.items())
        return {source: entry.since for source, entry in firsts if entry is not None}

    def closed(self) -> int:
        """Return how many assigned partitions cannot be read yet."""
        return sum(partition.read is None for partition in self._partitions.values())
