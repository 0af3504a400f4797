"""The way out: the headers of what is sent, and of what is sent on.

Pure, and shared by both drivers.  Values are JSON in the binary mode of CloudEvents 1.0, so each attribute of an event is
a header `ce_<name>`.  Headers that came with a record go on as they came; only what this module adds is made anew.
"""

from functools import lru_cache

import msgspec

from agents.intake import Headers
from agents.processor import Origin, Output
from schemas.dead_letters import DeadLetter

DEAD_LETTER = "__dlq.errors."
"""Before the name of each field of a dead letter: the family of Apache Kafka's own (KIP-1191)."""

REKEY = "__rekey."
"""Before `topic`, `partition`, `offset` and `timestamp` of a record that went through a rekey topic."""

REPLAY = "__replay."
"""Before what a replayed dead letter says of itself."""

ONLY_OUTPUT = f"{REPLAY}output"
"""Header of a record whose event is folded already: its lists or cards are wanted, nothing else."""

FAILED = f"{REPLAY}failed"
"""Header that tells how often the record was refused so far."""

SOURCE = "__source"
"""Header, the first one, that tells where the event was read that a record comes from (`agents.engine.ledger`)."""

_MAX_FAILED = 1_000_000

_VERSION = ("ce_specversion", b"1.0")
_JSON = ("content-type", b"application/json")
_DEAD_LETTER_NAMES = {field: DEAD_LETTER + field.replace("_", ".") for field in DeadLetter.__struct_fields__}
_REKEY_NAMES = {field: REKEY + field for field in ("topic", "partition", "offset", "timestamp")}

_encode = msgspec.json.Encoder().encode


def cloud_event(output: Output, source: str) -> list[tuple[str, bytes]]:
    """Return the headers of *output*, made by *source* (`/vitrine/shoppers`)."""
    event_type, event_source = _constant(output.topic.name, source)
    return [
        _VERSION,
        ("ce_id", output.id.encode()),
        event_source,
        event_type,
        ("ce_time", _encode(output.at)[1:-1]),
        _JSON,
    ]


def dead_letter(letter: DeadLetter, original: Headers) -> list[tuple[str, bytes | None]]:
    """Return the headers of a refused record: its *original* ones, and place and reason; an empty field has none.

    What an earlier refusal or a rekey topic had added gives way: *letter* says where the shop put the record.
    """
    headers: list[tuple[str, bytes | None]] = as_they_came(original)
    for field, name in _DEAD_LETTER_NAMES.items():
        value = str(getattr(letter, field))
        if value:
            headers.append((name, value.encode(errors="replace")))
    return headers


def rekey(origin: Origin, original: Headers) -> list[tuple[str, bytes | None]]:
    """Return the headers of a misplaced record that is sent on: its *original* ones, and where it was read."""
    headers: list[tuple[str, bytes | None]] = as_they_came(original)
    headers += [(name, str(getattr(origin, field)).encode()) for field, name in _REKEY_NAMES.items()]
    return headers


def replay(
    origin: Origin, original: Headers, *, failed: int, only_output: bool = False
) -> list[tuple[str, bytes | None]]:
    """Return the headers of a dead letter that is sent again: where its record was read first, and how often it failed."""
    headers = [*rekey(origin, original), (FAILED, str(failed).encode())]
    if only_output:
        headers.append((ONLY_OUTPUT, b"1"))
    return headers


def failed(headers: Headers) -> int:
    """Return how often a record was refused before; 0 if it does not say so in earnest."""
    given = dict(headers).get(FAILED) or b""
    return min(int(given), _MAX_FAILED) if given.isdigit() and len(given) < len(str(_MAX_FAILED)) else 0


def as_they_came(headers: Headers) -> list[tuple[str, bytes | None]]:
    """Return *headers* without those that only this system adds."""
    return [header for header in headers if not header[0].startswith((DEAD_LETTER, REKEY, REPLAY, SOURCE))]


def rekeyed(headers: Headers, event_id: str | None = None) -> Origin | None:
    """Return where a record of a rekey topic was read first; None if its headers do not say so.

    *event_id* is the id that its intake found.
    """
    given = dict(headers)
    try:
        topic, partition, offset, timestamp = ((given[name] or b"").decode() for name in _REKEY_NAMES.values())
        return Origin(topic, int(partition), int(offset), int(timestamp), event_id) if topic else None
    except (KeyError, ValueError):
        return None


@lru_cache(maxsize=1_000)
def _constant(topic: str, source: str) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    """Return the headers that all outputs of one source on one topic share."""
    return ("ce_type", f"vitrine.{topic}".encode()), ("ce_source", source.encode())
