"""What a worker and the process beside it that makes its lists say to each other: length and message, over a socket."""

import struct
from collections.abc import Sequence
from datetime import datetime

import msgspec

LENGTH = struct.Struct("!I")


class Ready(msgspec.Struct, tag="r", array_like=True, frozen=True):
    """The process has its models."""


class Apply(msgspec.Struct, tag="a", array_like=True, frozen=True):
    """Records of a view, in the order of their topic."""

    topic: str
    """Without the prefix."""
    records: Sequence[tuple[bytes | None, bytes | None]]
    """Keys and values as they stand in the topic."""


class Applied(msgspec.Struct, tag="d", array_like=True, frozen=True):
    """What became of them."""

    topic: str
    applied: int
    undecodable: Sequence[tuple[str, str]]
    """Key and error of each that could not be read."""


class Make(msgspec.Struct, tag="m", array_like=True, frozen=True):
    """Jobs to be scored."""

    number: int
    """Of this message; the answer has it."""
    jobs: Sequence[bytes]


class Sent(msgspec.Struct, array_like=True, frozen=True):
    """An output; *value* is encoded, None for a tombstone."""

    topic: str
    key: str
    value: bytes | None
    id: str
    at: datetime


class Made(msgspec.Struct, array_like=True, frozen=True):
    """What came of one job."""

    outputs: Sequence[Sent] = ()
    tallies: Sequence[tuple[str, str, int]] = ()
    error: str | None = None
    """Why nothing came of it."""


class Done(msgspec.Struct, tag="o", array_like=True, frozen=True):
    """The answer to `Make`, job by job."""

    number: int
    made: Sequence[Made]
    cpu: float
    """Seconds that the process has used so far."""
    resident: int
    """Bytes that it holds."""


Asked = Apply | Make
Told = Ready | Applied | Done

asked = msgspec.msgpack.Decoder(Asked).decode
told = msgspec.msgpack.Decoder(Told).decode
_encode = msgspec.msgpack.Encoder().encode


def frame(message: Asked | Told) -> bytes:
    """Return the bytes of *message* with their length before them."""
    body = _encode(message)
    return LENGTH.pack(len(body)) + body
