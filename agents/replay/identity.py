"""Which records of two logs are the same one: what was made of the same event, whatever was made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agents.headers import DEAD_LETTER
from agents.replay.errors import LogError
from agents.replay.log import LogRecord, parsed
from agents.topics import COPY, DECISIONS, ITEM_CARDS, ITEM_VECTORS, RECOMMENDATIONS

STATES = "states of "
"""Before the name of a processor: the heading of what `vitrine replay --state` writes."""


class Entry(NamedTuple):
    """One line of a log or of a file of states, ready to be compared."""

    topic: str
    identity: tuple[Any, ...]
    key: bytes | None
    value: bytes | None


class _List(msgspec.Struct, gc=False):
    shopper: str
    placement: str
    revision: int
    request_id: str | None = None
    item: str = ""


class _Card(msgspec.Struct, gc=False):
    item: str
    revision: int


class _State(msgspec.Struct, gc=False):
    processor: str
    key: str
    state: msgspec.Raw


_list = msgspec.json.Decoder(_List).decode
_card = msgspec.json.Decoder(_Card).decode
_state = msgspec.json.Decoder(_State).decode


def _of_list(record: LogRecord) -> tuple[Any, ...]:
    it = _list(record.value or b"")
    return (it.shopper, it.placement, it.revision, it.request_id, it.item)


def _of_card(record: LogRecord) -> tuple[Any, ...]:
    it = _card(record.value or b"")
    return (it.item, it.revision)


def _of_vector(record: LogRecord) -> tuple[Any, ...]:
    return (record.key,)


_NATURAL: dict[str, Callable[[LogRecord], tuple[Any, ...]]] = {
    RECOMMENDATIONS.name: _of_list,
    DECISIONS.name: _of_list,
    COPY.name: _of_list,
    ITEM_CARDS.name: _of_card,
    ITEM_VECTORS.name: _of_vector,
}
"""Records whose `ce_id` holds the epoch of a worker: two runs give them different ones."""


def entry(path: Path, number: int, line: bytes, prefix: str) -> Entry:
    """Return what a line of *path* holds; one that is neither a record nor a state is a LogError."""
    if line.startswith(b'{"key":'):  # the states are written in the order of the fields' names
        try:
            state = _state(line)
        except (ValueError, RecursionError) as error:
            message = f"{path}:{number}: neither a record nor a state: {error}"
            raise LogError(message) from error
        return Entry(STATES + state.processor, (state.key,), state.key.encode(), bytes(state.state))
    record = parsed(path, number, line)
    topic = record.topic.removeprefix(prefix)
    return Entry(topic, identity(topic, record), record.key, record.value)


def identity(topic: str, record: LogRecord) -> tuple[Any, ...]:
    """Return what names *record* among those of its topic; its place in the log, if nothing else does."""
    natural = _NATURAL.get(topic)
    if natural is not None and record.value is not None:
        try:
            return natural(record)
        except (ValueError, RecursionError):
            pass
    headers = dict(record.headers)
    if topic.startswith("dlq."):
        return tuple(headers.get(DEAD_LETTER + name) for name in ("topic", "partition", "offset"))
    name = headers.get("ce_id")
    return (name,) if name else (record.partition, record.offset)
