"""Where a record lies: the partition of its key, and the next offset there."""

from agents.intake import partition_of


class Places:
    """Gives each record the partition of its key and the next offset of that partition."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self._next: dict[tuple[str, int], int] = {}

    def take(self, topic: str, key: bytes) -> tuple[int, int]:
        """Return partition and offset of the next record of *key* on *topic*."""
        partition = partition_of(key, self.partitions)
        return partition, self.append(topic, partition)

    def append(self, topic: str, partition: int) -> int:
        """Return the next offset of a partition."""
        offset = self._next.get((topic, partition), 0)
        self._next[topic, partition] = offset + 1
        return offset
