"""The way in: bytes of a record to an event, or to the reason why not.

Pure, and shared by both drivers.  Bad data is a value here, never an exception.  Our own records are decoded as they
stand; only what is none of them is looked at again, for events in other people's words (`agents/dialects/`).
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from aiokafka.partitioner import murmur2

from agents.dialects.heard import Ignored
from agents.dialects.reading import DialectError
from agents.dialects.translate import translate, translates
from agents.processor import Input
from schemas.dead_letters import Stage

Headers = Sequence[tuple[str, bytes | None]]
"""Headers of a record, in the order of the log."""

Decode = Callable[[bytes], Any]

MAX_ID = 256
"""Characters of an event's id."""

_MAX_MESSAGE = 300
"""Characters of a message that may come from the data."""
WIRE_PREFIX = 5
"""Bytes before the value in the wire format of schema registries: a zero and the number of a schema."""


class Admitted(NamedTuple):
    """A record that can be folded."""

    event: Any
    """None: a tombstone."""
    id: str | None
    """`ce_id`, the producer's name for the event."""


class Rejection(NamedTuple):
    """A record that cannot be used: a dead letter."""

    stage: Stage
    reason: str
    """`undecodable`, `invalid`, `tombstone`, `no_key` or `key_mismatch`."""
    field: str
    """JSON path, or name of the header, at fault."""
    message: str


_TOMBSTONE = Rejection("validate", "tombstone", "", "Expected a value: this topic has no tombstones")


class Misplaced(NamedTuple):
    """A record that belongs under another key or into another partition: once through a `rekey` topic."""

    key: str
    """The right key."""
    event: Any
    id: str | None


class Intake:
    """Reads the records of one input."""

    def __init__(self, source: Input) -> None:
        self.source = source
        self.decode: Decode = source.decode or msgspec.json.Decoder(source.topic.record).decode
        self._translates = translates(source.topic)

    def admit(
        self, key: bytes | None, value: bytes | None, headers: Headers, partition: int, partitions: int
    ) -> Admitted | Rejection | Ignored | Misplaced:
        """Read a record and check that it stands where records of its key belong, of *partitions* partitions."""
        read = self.read(value, headers)
        if not isinstance(read, Admitted):
            return read
        event, event_id = read
        right = self.right_key(event, key, partition, partitions)
        if isinstance(right, Rejection):
            return right
        return read if right is None else Misplaced(right, event, event_id)

    def read(self, value: bytes | None, headers: Headers) -> Admitted | Rejection | Ignored:
        """Decode *value* and find the event's id; where the record stands is not looked at."""
        event_id = None
        for name, content in headers:
            if name == "ce_id":
                event_id = _text(content)
                if event_id is None:
                    return Rejection("validate", "invalid", "ce_id", f"Expected 1 to {MAX_ID} characters of UTF-8")
            elif name == "content-type" and content is not None and content.startswith(b"application/cloudevents+json"):
                return self._read_structured(value)
        if value is None:
            return Admitted(None, event_id) if self.source.tombstones else _TOMBSTONE
        try:
            return Admitted(self.decode(value), event_id)
        except (ValueError, RecursionError) as error:
            if value[:1] == b"\0" and len(value) > WIRE_PREFIX:
                return self._read_bare(value[WIRE_PREFIX:], event_id)
            return self._read_otherwise(value, event_id, error)

    def right_key(self, event: Any, key: bytes | None, partition: int, partitions: int) -> Rejection | str | None:
        """Return the key that a misplaced record belongs under, or None if it stands where it should."""
        key_of = self.source.key
        if key_of is None:
            return None
        if event is None:
            if not key:
                return Rejection("key", "no_key", "", "Expected a key: a tombstone says only by its key what goes away")
            right = _text(key)
            if right is None:
                return Rejection("key", "key_mismatch", "", f"Expected a key of 1 to {MAX_ID} characters of UTF-8")
        else:
            right = key_of(event)
        if right.encode() == key and _place(key, partitions) == partition:
            return None
        return right

    def _read_bare(self, value: bytes, event_id: str | None) -> Admitted | Rejection | Ignored:
        """Read an event that was taken out of what it came in."""
        try:
            return Admitted(self.decode(value), event_id)
        except (ValueError, RecursionError) as error:
            return self._read_otherwise(value, event_id, error)

    def _read_otherwise(self, value: bytes, event_id: str | None, error: Exception) -> Admitted | Rejection | Ignored:
        """Read an event in other words; what is in none that we know is refused for *error*, as one of ours."""
        if not (self._translates and isinstance(error, msgspec.ValidationError)):
            return _rejection(error)
        try:
            found = translate(self.source.topic, msgspec.json.decode(value))
        except DialectError as unknown:
            return Rejection("validate", "invalid", _short(unknown.field), _short(str(unknown)))
        except (ValueError, RecursionError):
            found = None  # wrong before the place where it is no JSON any more
        if found is None or isinstance(found, Ignored):
            return found or _rejection(error)
        try:
            return Admitted(self.decode(msgspec.json.encode(found.value)), event_id or found.id)
        except msgspec.ValidationError as wrong:
            return _named(_rejection(wrong), found.place)

    def _read_structured(self, value: bytes | None) -> Admitted | Rejection | Ignored:
        """Read a CloudEvent in structured mode: the event lies in the envelope's `data`."""
        if value is None:
            return _TOMBSTONE
        try:
            envelope = _envelope(value)
        except (ValueError, RecursionError) as error:
            return _rejection(error)
        return self._read_bare(bytes(envelope.data), envelope.id)


class _Envelope(msgspec.Struct):
    id: str
    data: msgspec.Raw


_decode_envelope = msgspec.json.Decoder(_Envelope).decode


def _envelope(value: bytes) -> _Envelope:
    envelope = _decode_envelope(value)
    if not 0 < len(envelope.id) <= MAX_ID:
        message = f"Expected `str` of length 1 to {MAX_ID} - at `$.id`"
        raise msgspec.ValidationError(message)
    return envelope


@lru_cache(maxsize=50_000)
def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of *key* as Java's and aiokafka's default partitioners place it: murmur2."""
    return _place(key, partitions)


def _place(key: bytes, partitions: int) -> int:
    """Return what `partition_of` does, of a key that is looked at once."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


def _text(content: bytes | None) -> str | None:
    """Return *content* as an id, None if it is none."""
    try:
        text = (content or b"").decode()
    except UnicodeDecodeError:
        return None
    return text if 0 < len(text) <= MAX_ID else None


def _rejection(error: Exception) -> Rejection:
    """Say what is wrong, and where, without repeating more than a little of the data."""
    if isinstance(error, RecursionError):
        return Rejection("decode", "undecodable", "", "JSON is nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return Rejection("decode", "undecodable", "", f"Not UTF-8: {error.reason}")
    problem, _, place = str(error).partition(" - at `")
    if not isinstance(error, msgspec.ValidationError):
        return Rejection("decode", "undecodable", "", _short(problem))
    field = place.removesuffix("`") or "$"
    _, missing, name = problem.partition("missing required field `")
    if missing:
        field = f"{field}.{name.removesuffix('`')}"
    return Rejection("validate", "invalid", _short(field), _short(problem))


def _named(rejection: Rejection, place: Callable[[str], str]) -> Rejection:
    """Return the rejection of a translated event in the words of its producer."""
    field = place(rejection.field)
    name = field.rpartition(".")[2]
    problem, missing, _ = rejection.message.partition("missing required field `")
    message = f"{problem}{missing}{name}`" if missing else rejection.message
    return rejection._replace(field=_short(field), message=_short(message))


def _short(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}…"
