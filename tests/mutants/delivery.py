"""Mistakes in what may be delivered and committed."""

from tests.mutants.mutant import DELIVERY, Mutant

_FILE = "agents/engine/delivery.py"


def _mutant(old: str, new: str, why: str) -> Mutant:
    return Mutant(_FILE, old, new, why, DELIVERY)


MUTANTS = [
    # -- assignments
    _mutant(
        "        self.revoke()\n        self._partitions = {source:",
        "        self._partitions = {source:",
        "an assignment inherits the counts of the one before",
    ),
    _mutant(
        "if not self.owns(partition) or partition.read",
        "if partition.read",
        "a partition that was taken away is opened",
    ),
    _mutant(
        "if not self.owns(partition) or partition.read is not None:",
        "if not self.owns(partition):",
        "a partition is opened twice, and delivered again",
    ),
    _mutant(
        "partition.read = partition.committed = offset",
        "partition.read = offset",
        "an open partition does not know what is committed",
    ),
    _mutant(
        "            self.uncommitted[source[0]] -= entry.records\n            if entry.readers",
        "            if entry.readers",
        "records of a closed partition count as uncommitted for ever",
    ),
    _mutant(
        "            if entry.readers:\n",
        "            if True:\n",
        "a closed partition takes away from the queued records of others",
    ),
    _mutant("            self.running -= entry.running\n", "", "readers of a closed partition run for ever"),
    _mutant(
        "        partition = self._partitions[source] = Partition(source)\n        return",
        "        partition = old\n        old.read = None\n        old.entries.clear()\n        return",
        "late acks reach a partition that is restored again",
    ),
    _mutant("        self.uncommitted.clear()\n", "", "lost records count as uncommitted for ever"),
    _mutant("        self.queued.clear()\n", "", "lost records count as queued for ever"),
    _mutant(
        "        self.running = 0\n        self.draining = False\n",
        "        self.draining = False\n",
        "lost readers run for ever",
    ),
    _mutant(
        "        self.running = 0\n        self.draining = False\n",
        "        self.running = 0\n",
        "a worker that drained once delivers nothing any more",
    ),
    _mutant(
        "return self._partitions.get(partition.source) is partition",
        "return partition.source in self._partitions",
        "a partition that comes again is taken for its former self",
    ),
    # -- the way of a batch
    _mutant("        if self.draining:\n            return {}\n", "", "a worker that drains fetches on"),
    _mutant(" and s[0] not in withheld}", "}", "nothing bounds what is fetched"),
    _mutant(
        "self.queued[topic] + owed.records >= limit.records",
        "self.queued[topic] + owed.records > limit.records",
        "one batch too many is queued",
    ),
    _mutant("return self.full() | {topic", "return {topic", "nothing bounds what is uncommitted"),
    _mutant(
        "return {topic for topic, records in self.uncommitted.items() if records >=",
        "return {topic for topic, records in self.uncommitted.items() if records >",
        "one batch too many is uncommitted",
    ),
    _mutant("any(2 * records >=", "any(records >=", "a commit comes too late"),
    _mutant(
        "if partition is None or partition.read != at or",
        "if partition is None or",
        "a batch is delivered that leaves a hole, or comes twice",
    ),
    _mutant("partition.read != at or self.draining or", "partition.read != at or", "a worker that drains delivers"),
    _mutant("self.draining or next_offset <= at:", "self.draining:", "an empty batch is delivered"),
    _mutant(
        "        partition.entries.append(entry)\n        partition.read = next_offset\n",
        "        partition.entries.append(entry)\n",
        "the place to read next does not move",
    ),
    _mutant(
        "        partition.entries.append(entry)\n        partition.read = next_offset\n",
        "        partition.entries.appendleft(entry)\n        partition.read = next_offset\n",
        "batches are kept in the wrong order",
    ),
    _mutant("        self.uncommitted[source[0]] += records\n", "", "uncommitted records are not counted"),
    _mutant("        self.queued[source[0]] += records\n", "", "queued records are not counted"),
    _mutant(
        "            partition.entries.append(Entry(partition, next_offset, 0, 0, 0))\n",
        "            partition.committed = next_offset\n",
        "a stretch without records commits what lies before it",
    ),
    _mutant(
        "            partition.entries.append(Entry(partition, next_offset, 0, 0, 0))\n",
        "",
        "commits never reach the end behind control records",
    ),
    _mutant(
        "if partition is not None and partition.read == at and next_offset > at:",
        "if partition is not None and partition.read is not None:",
        "a late answer moves the place to read next",
    ),
    _mutant(
        "if self.draining or not self.owns(entry.partition):",
        "if not self.owns(entry.partition):",
        "a worker that drains begins something",
    ),
    _mutant(
        "if self.draining or not self.owns(entry.partition):",
        "if self.draining:",
        "a batch of a lost partition is begun",
    ),
    _mutant(
        "        return self.owns(entry.partition)\n",
        "        return True\n",
        "a batch of a lost partition is folded on",
    ),
    _mutant(
        'what it owes is held before."""\n        if not self.owns(entry.partition):\n            return\n',
        'what it owes is held before."""\n',
        "a late reader counts for the new assignment",
    ),
    _mutant(
        "        entry.running -= 1\n        entry.readers -= 1\n",
        "        entry.readers -= 1\n",
        "a finished reader counts as running when its partition is closed",
    ),
    _mutant(
        "        entry.waits -= 1\n",
        "        entry.waits = 0\n",
        "one of two readers, or of two lists, lets a batch be committed",
    ),
    _mutant(
        "        if not entry.readers:\n",
        "        if True:\n",
        "the first of two readers takes a batch from the queued ones",
    ),
    # -- commits
    _mutant(
        "                if entry.waits:\n",
        "                if entry.readers:\n",
        "a batch is committed whose lists are not out",
    ),
    _mutant(
        "                if entry.waits:\n                    break\n",
        "                if entry.waits:\n                    continue\n",
        "a commit passes a batch that is not finished",
    ),
    _mutant(
        "        if not self.owns(partition):\n            return\n        partition.committed",
        "        partition.committed",
        "a late commit counts for the new assignment",
    ),
    _mutant(
        "partition.entries[0].next <= offset",
        "partition.entries[0].next < offset",
        "what is committed counts as uncommitted",
    ),
    _mutant(
        "self.uncommitted[partition.source[0]] -= partition.entries.popleft().records",
        "partition.entries.popleft()",
        "committed records count as uncommitted for ever",
    ),
    _mutant("        partition.committed = offset\n        while", "        while", "a commit is made again and again"),
    Mutant(
        _FILE,
        "if it.records), None)",
        "if it), None)",
        "the age of a partition is that of a control record",
        "tests/unit/test_metrics.py",
    ),
    _mutant(
        "sum(partition.read is None for",
        "sum(partition.read is not None for",
        "a worker is ready before its states are here",
    ),
]
