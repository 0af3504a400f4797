"""What lies on the broker, read to its end."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import msgspec.structs

from agents.headers import DEAD_LETTER
from agents.intake import partition_of
from agents.processor import Folder
from agents.replay.kafka import Recorder
from agents.replay.log import LogRecord
from tests.changelogs import Entry, in_force


def read(bootstrap: str, topics: Sequence[str], prefix: str = "") -> list[LogRecord]:
    """Return the committed records of *topics* by partition and offset, their topics without *prefix*."""
    recorder = Recorder(bootstrap, topics)
    try:
        records = [it for batch in recorder.batches(follow=False) for it in batch]
    finally:
        recorder.close()
    if prefix:
        records = [msgspec.structs.replace(it, topic=it.topic.removeprefix(prefix)) for it in records]
    return sorted(records, key=lambda it: (it.topic, it.partition, it.offset))


class Folded(NamedTuple):
    """What a changelog says."""

    states: dict[str, Any]
    epochs: dict[int, int]
    """Partition to the highest epoch."""
    stale: int
    """Records of former owners that are still in the log."""


def fold(records: Iterable[LogRecord], folder: type[Folder]) -> Folded:
    """Fold a changelog as a store does."""
    decode = msgspec.msgpack.Decoder(folder.state).decode
    states, epochs, stale = in_force(Entry(it.partition, it.key or b"", it.value, it.headers) for it in records)
    return Folded({key.decode(): decode(state) for key, state in states.items()}, epochs, stale)


class Told(NamedTuple):
    """The records of a topic, each once."""

    by_id: dict[str, bytes | None]
    repeated: int
    """Records that came again, as the same bytes."""
    differing: list[str]
    """Ids of records that came again as other bytes."""
    misplaced: list[str]
    """Ids of records that stand where those of their key do not belong."""


def once(records: Iterable[LogRecord], partitions: int, *, letters: bool = False) -> Told:
    """Return *records* of one topic by id, as a subscriber sees them who drops what comes again."""
    by_id: dict[str, bytes | None] = {}
    repeated, differing, misplaced = 0, [], []
    for record in records:
        name = letter_place(record) if letters else (dict(record.headers).get("ce_id") or b"").decode()
        if name not in by_id:
            by_id[name] = record.value
            if not letters and partition_of(record.key or b"", partitions) != record.partition:
                misplaced.append(name)
        elif by_id[name] == record.value:
            repeated += 1
        else:
            differing.append(name)
    return Told(by_id, repeated, differing, misplaced)


def letter_place(record: LogRecord) -> str:
    """Return where the record of a dead letter first stood, and why it was refused."""
    given = dict(record.headers)
    parts = (given.get(DEAD_LETTER + part) or b"" for part in ("partition", "offset", "stage", "reason", "field"))
    return " ".join(part.decode() for part in parts)
