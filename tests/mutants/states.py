"""Mistakes in how a partition's states become durable, and in how they are taken over."""

from tests.mutants.mutant import PARTITION, Mutant

_STORE = "agents/engine/store.py"
_GATHERED = "agents/engine/gathered.py"
_KEYSPACE = "agents/engine/keyspace.py"
_PROCESSOR = "agents/processor.py"
_FOLDING = "tests/unit/test_fold_once.py"


def _mutant(file: str, old: str, new: str, why: str) -> Mutant:
    return Mutant(file, old, new, why, PARTITION)


MUTANTS = [
    # -- following the changelog
    _mutant(
        _STORE,
        "                if epoch < highest:\n",
        "                if False:\n",
        "a zombie's records are taken for states",
    ),
    _mutant(
        _STORE,
        "                        stale.add(key)\n",
        "                        pass\n",
        "a zombie's record is the last of its key when the log is compacted",
    ),
    _mutant(
        _STORE,
        "                highest, current = epoch, EPOCH.pack(epoch)\n",
        "                pass\n",
        "a new owner does not fence off the one before",
    ),
    _mutant(
        _STORE,
        "        if self._gathered.ahead:\n            self.settle()\n        self._meta.epoch",
        "        self._meta.epoch",
        "what was restored is not there when the partition opens",
    ),
    _mutant(
        _GATHERED,
        "                    batch.put(name, content)\n",
        "                    pass\n",
        "how far a restore is is written without its states",
    ),
    _mutant(_STORE, "list(self._stale)\n", "[]\n", "a crash forgets which keys have to be mended"),
    _mutant(
        _STORE,
        "self._meta.epoch, self._meta.unclaimed = epoch, False",
        "self._meta.unclaimed = False",
        "an owner writes under the epoch of the one before",
    ),
    _mutant(
        _STORE,
        "self._begin(States(self._find, self._usage), self._stale - {LEDGER_KEY})",
        "self._begin(States(self._find, self._usage), set())",
        "a new owner does not mend what a zombie wrote",
    ),
    _mutant(
        _STORE,
        "self._meta.next_offset, self._meta.stale = next_offset,",
        "self._meta.next_offset, self._meta.stale = self._meta.next_offset,",
        "states and the offset that they reach drift apart",
    ),
    # -- flushing
    _mutant(
        _STORE,
        "        self._leaving |= self.dirty\n",
        "        self._leaving = set(self.dirty)\n",
        "what a broken flush held is never flushed",
    ),
    _mutant(
        _STORE,
        "return bool(self.dirty or self._leaving or",
        "return bool(self.dirty or",
        "a commit does not wait for what a broken flush held",
    ),
    _mutant(_STORE, "        self.dirty.clear()\n", "", "every state that was ever used is flushed each time"),
    _mutant(
        _STORE,
        "if at.first != self.next_offset or at.end",
        "if at.end",
        "a state is built on a log that somebody else writes",
    ),
    _mutant(
        _STORE,
        "            self._stale.difference_update(key for key, _ in flush.items)\n",
        "            pass\n",
        "a mended key is mended for ever",
    ),
    _mutant(_STORE, "        self._leaving.clear()\n", "", "every state that was ever flushed is flushed each time"),
    _mutant(
        _STORE,
        "        if key in self.dirty or key in self._leaving:\n            return False\n        self.states.drop(key)",
        "        if key in self._leaving:\n            return False\n        self.states.drop(key)",
        "a changed state is forgotten",
    ),
    _mutant(
        _STORE,
        "        if key in self.dirty or key in self._leaving:\n            return False\n        self.states.drop(key)",
        "        if key in self.dirty:\n            return False\n        self.states.drop(key)",
        "a state is forgotten while it is on its way",
    ),
    _mutant(
        _STORE,
        "key in stale and key not in states and self._db.get(key) is None",
        "key in stale and key not in states",
        "a state is deleted because a zombie wrote it",
    ),
    _mutant(
        _STORE,
        "key in stale and key not in states and self._db.get(key) is None",
        "False",
        "a key that only a zombie ever wrote comes into being",
    ),
    _mutant(_STORE, "            put(key, value)\n", "", "a state is in the changelog and not on the disk"),
    _mutant(
        _STORE,
        "        self.active = False\n        self._begin(States(_nothing",
        "        self._begin(States(_nothing",
        "a state is used while it is restored",
    ),
    # -- taking over
    _mutant(
        _KEYSPACE,
        "        if at.first != shard.next_offset:\n",
        "        if False:\n",
        "an owner does not see what others wrote before its fence",
    ),
    _mutant(
        _KEYSPACE,
        "epoch = next_epoch(shard.epoch, self.kept.format)",
        "epoch = max(1, shard.epoch)",
        "an owner has the epoch of the one before",
    ),
    _mutant(
        _KEYSPACE,
        "        shard.take_over(epoch, at.end)\n",
        "        shard.take_over(epoch, at.first)\n",
        "an owner takes its own fence for a zombie's record",
    ),
    _mutant(
        _KEYSPACE,
        "        at = await self.changelog.append(flush.shard.partition, flush.items, ledger)\n",
        "        flush.shard._db.write(flush.batch)\n        at = await self.changelog.append(flush.shard.partition, flush.items, ledger)\n",
        "states are on the disk before they are in the changelog",
    ),
    _mutant(
        _KEYSPACE,
        "if shard.active and shard.unflushed:",
        "if shard.active and shard.dirty:",
        "what a broken flush held waits for the next change",
    ),
    _mutant(
        _KEYSPACE,
        "            if shard.states is not states:\n                return None\n",
        "",
        "a flush goes on behind a rebalance",
    ),
    _mutant(
        _KEYSPACE,
        "new.offsets = [-1] * self._offsets",
        "new.offsets = [0] * self._offsets",
        "the first event of a partition is not folded",
    ),
    # -- each event once
    _mutant(
        _PROCESSOR,
        "    if offset <= state.offsets[source]:\n",
        "    if offset < state.offsets[source]:\n",
        "the last event is folded again when it is delivered again",
    ),
    _mutant(
        _PROCESSOR,
        "    if offset <= state.offsets[source]:\n",
        "    if offset <= max(state.offsets):\n",
        "an event is taken for one of another topic",
    ),
    Mutant(
        _PROCESSOR, "            ring.append(origin.id)\n", "", "what a producer sends twice is folded twice", _FOLDING
    ),
    Mutant(
        _PROCESSOR,
        "        if origin.id in ring:\n",
        "        if origin.id in (id for ids in state.recent for id in ids):\n",
        "an id of another topic hides an event",
        _FOLDING,
    ),
    Mutant(
        _PROCESSOR,
        '            state.offsets[source] = offset\n            return "duplicate"\n',
        '            return "duplicate"\n',
        "what a producer sends twice is not marked as handled",
        _FOLDING,
    ),
    _mutant(
        _PROCESSOR,
        "    effects = folder.fold(state, event, origin)\n    state.offsets[source] = offset\n",
        "    effects = folder.fold(state, event, origin)\n",
        "an event is not marked as folded",
    ),
    Mutant(
        _PROCESSOR,
        "            if len(ring) > RECENT_IDS:\n                del ring[0]\n",
        "",
        "a state grows with each event",
        _FOLDING,
    ),
    _mutant(
        _PROCESSOR,
        "    state.revision += 1\n    effects",
        "    effects",
        "two lists of a shopper have the same revision",
    ),
]
