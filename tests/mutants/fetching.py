"""Mistakes in what stands between aiokafka's fetcher and the broker."""

from tests.mutants.mutant import Mutant

_SESSIONS = "agents/engine/sessions.py"
_PATIENCE = "agents/engine/patience.py"
_UNPACKING = "agents/engine/unpacking.py"

_SESSIONS_TEST = "tests/property/test_engine_sessions.py"
_PATIENCE_TEST = "tests/unit/test_engine_patience.py"
_UNPACKING_TEST = "tests/property/test_engine_unpacking.py"

MUTANTS = [
    Mutant(
        _SESSIONS,
        "if error or session == _NONE or self._id not in {_NONE, session}:",
        "if session == _NONE or self._id not in {_NONE, session}:",
        "a session goes on after an error",
        _SESSIONS_TEST,
    ),
    Mutant(
        _SESSIONS,
        "        forgotten += [(topic, [it[0] for it in places]) for topic, places in told.items()]\n",
        "",
        "the broker is not told of a topic that is not wanted any more",
        _SESSIONS_TEST,
    ),
    Mutant(
        _SESSIONS,
        "                forgotten.append((topic, [it[0] for it in before if it[0] not in wanted]))\n",
        "",
        "the broker is not told of a partition that is not wanted any more",
        _SESSIONS_TEST,
    ),
    Mutant(
        _PATIENCE,
        "        if not urgent or len(urgent) == len(topics):\n",
        "        if len(urgent) == len(topics):\n",
        "a request asks for nothing",
        _PATIENCE_TEST,
    ),
    Mutant(
        _PATIENCE,
        "if 0 < size_of([it for it in topics if it[0] in self._topics]) < _MUCH_BYTES:",
        "if size_of([it for it in topics if it[0] in self._topics]):",
        "a backlog is read as slowly as a trickle",
        _PATIENCE_TEST,
    ),
    Mutant(
        _PATIENCE,
        "        if size_of(topics) >= _MUCH_BYTES:\n            self._due = 0.0\n",
        "",
        "a backlog is read a hundred answers a second",
        _PATIENCE_TEST,
    ),
    Mutant(
        _PATIENCE,
        "max(self._due, now - _ROUNDS * _ROUND_SECONDS)",
        "self._due",
        "requests need not wait for as long as there were none",
        _PATIENCE_TEST,
    ),
    Mutant(
        _UNPACKING,
        "        self.next_fetch_offset = found[-1].offset + 1\n",
        "",
        "a position is behind records that were not given",
        _UNPACKING_TEST,
    ),
    Mutant(
        _UNPACKING,
        "found, self._rest = found[:limit], found[limit:]",
        "found = found[:limit]",
        "the rest of a batch is lost",
        _UNPACKING_TEST,
    ),
    Mutant(
        _UNPACKING,
        "return records if records[0].offset >= first else [it for it in records if it.offset >= first]",
        "return records",
        "records before the position are given again",
        _UNPACKING_TEST,
    ),
    Mutant(
        _UNPACKING,
        "        if records.read:\n            self._partition_records = None\n",
        "",
        "an answer has no end",
        _UNPACKING_TEST,
    ),
]
