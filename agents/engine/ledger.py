"""What one partition of states remembers beside them: how far each source of facts has been heard.

A worker that dies tells again what it had told since its last commit, and a frozen one tells late what another has told
meanwhile.  Each of them tells in the order of the log that it reads, and begins at or before what is committed there.  So
one mark for each source is enough to know a repeat, however much came between; a ring of ids forgets.

Pure.  What is stored of a ledger must never be ahead of the states that it belongs to: it is encoded when they are, and
written behind them.
"""

import msgspec

Mark = tuple[int, int]
"""Offset of the event that a fact comes from, and the number of the fact among its event's."""


class _Stored(msgspec.Struct, array_like=True):
    """The bytes of a ledger; fields are appended only."""

    heard: dict[int, dict[bytes, Mark]] = {}
    """By the index of the topic that brings the facts (`processor.sources`), then by source."""
    topics: dict[int, str] = {}
    """The broker's ids of the topics whose offsets the states keep, by the same index."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Stored).decode


class Ledger:
    """The newest mark of each source."""

    def __init__(self, stored: bytes | memoryview | None = None) -> None:
        """Read what `encode` returned, nothing if None; a `msgspec.MsgspecError` if it is something else."""
        self._kept = _Stored() if stored is None else _decode(stored)
        self.changed = False
        """Whether it is to be stored."""

    def encode(self) -> bytes:
        """Return the bytes to be stored; from now on it counts as unchanged."""
        self.changed = False
        return _encode(self._kept)

    def recognise(self, topic: int, identity: str) -> bool:
        """Note which topic the offsets of states mean; tell whether it is the one that they always meant."""
        known = self._kept.topics.get(topic)
        if known is None:
            self._kept.topics[topic] = identity
            self.changed = True
        return known in {None, identity}

    def hear(self, topic: int, place: bytes) -> bool | None:
        """Note the *place* of a fact (`Context.place`); tell whether it is new, None if it says no place: then nothing is known."""
        source, _, number = place.rpartition(b"/")
        source, _, offset = source.rpartition(b"/")
        try:
            mark = int(offset), int(number)
        except ValueError:
            return None
        marks = self._kept.heard.get(topic)
        if marks is None:
            marks = self._kept.heard[topic] = {}
        known = marks.get(source)
        if known is not None and mark <= known:
            return False
        marks[source] = mark
        self.changed = True
        return True
