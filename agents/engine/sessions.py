"""Fetch sessions (KIP-227): a request names the partitions that have changed since the last one, and so does its answer.

aiokafka names every partition in every request and is answered for every one, whenever a record comes to any of them;
with a worker's 200 partitions that costs more than a millisecond of the interpreter each time.
"""

from typing import NamedTuple

from agents.engine.patience import Partitions, Places

_NONE, _FIRST, _LAST = 0, 0, 2**31 - 1
"""No session's id; the epoch of a request for a new one; the epoch that is followed by 1."""


class Ask(NamedTuple):
    """What a request says."""

    session: int
    epoch: int
    topics: Partitions
    """All partitions in a first request; later those that are new or wanted from another offset."""
    forgotten: list[tuple[str, list[int]]]


class Session:
    """What one broker knows of a consumer's partitions.  Pure; after anything unexpected it begins anew."""

    def __init__(self) -> None:
        self._id, self._epoch = _NONE, _FIRST
        self._told: dict[str, Places] = {}

    def ask(self, topics: Partitions) -> Ask:
        """Return how to ask for all of *topics*, and for nothing else."""
        told, self._told = self._told, dict(topics)
        if self._id == _NONE:
            return Ask(_NONE, _FIRST, topics, [])
        changed, forgotten = [], []
        for topic, places in topics:
            before = told.pop(topic, ())
            if places != before:
                known, wanted = set(before), {it[0] for it in places}
                changed.append((topic, [it for it in places if it not in known]))
                forgotten.append((topic, [it[0] for it in before if it[0] not in wanted]))
        forgotten += [(topic, [it[0] for it in places]) for topic, places in told.items()]
        self._epoch = self._epoch + 1 if self._epoch < _LAST else 1
        return Ask(self._id, self._epoch, [it for it in changed if it[1]], [it for it in forgotten if it[1]])

    def answered(self, error: int, session: int) -> None:
        """Take the answer: an error, or the id of the session; a broker without room for one gives none."""
        if error or session == _NONE or self._id not in {_NONE, session}:
            self.lose()
        else:
            self._id = session

    def lose(self) -> None:
        """Begin anew: nobody knows what the broker heard, or what it said."""
        self._id, self._epoch, self._told = _NONE, _FIRST, {}
