"""Event logs: one record a line, as `kcat -J` writes them, plain, `.gz` or `.zst`.

kcat has no form for bytes that are not UTF-8.  Such a key or payload stands in `key_base64` or `payload_base64` in
place of the plain field; if a header's value is such, all of them stand in `headers_base64`, names as they are.
"""

import gzip
import io
import zlib
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any, cast

import msgspec
import zstandard
from msgspec import UNSET, UnsetType

from agents.replay.errors import LogError

Headers = tuple[tuple[str, bytes | None], ...]

CUT_OFF = (EOFError, zlib.error, zstandard.ZstdError, gzip.BadGzipFile)
"""What reading a packed file raises that is damaged or not all there."""

Natural = Annotated[int, msgspec.Meta(ge=0)]


class LogRecord(msgspec.Struct, frozen=True, gc=False):
    """One record as it lies on a topic."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    """The broker's, in milliseconds since 1970."""
    key: bytes | None
    value: bytes | None
    """None: a tombstone."""
    headers: Headers = ()


class _Line(msgspec.Struct, kw_only=True, gc=False):
    """The fields of a line in kcat's order."""

    topic: str
    partition: Natural
    offset: Natural
    tstype: str = "create"
    ts: int
    broker: int = -1
    headers: list[str | None] | UnsetType = UNSET
    headers_base64: list[str | None] | UnsetType = UNSET
    key: str | UnsetType | None = UNSET
    key_base64: str | UnsetType = UNSET
    payload: str | UnsetType | None = UNSET
    payload_base64: str | UnsetType = UNSET


_decoder = msgspec.json.Decoder(_Line)
_encoder = msgspec.json.Encoder()


def decode(line: bytes) -> LogRecord:
    """Return the record of one line; raise ValueError (of which msgspec's are) for one that is none."""
    it = _decoder.decode(line)
    value = a2b_base64(it.payload_base64) if it.payload_base64 is not UNSET else _bytes(it.payload)
    key = a2b_base64(it.key_base64) if it.key_base64 is not UNSET else _bytes(it.key)
    headers: Headers = ()
    if it.headers_base64 is not UNSET:
        headers = _pairs(it.headers_base64, binary=True)
    elif it.headers is not UNSET and it.headers:
        headers = _pairs(it.headers, binary=False)
    return LogRecord(it.topic, it.partition, it.offset, it.ts, key, value, headers)


def encode(record: LogRecord) -> bytes:
    """Return the line of *record*, with its line feed."""
    line = _Line(topic=record.topic, partition=record.partition, offset=record.offset, ts=record.timestamp)
    if record.headers:
        _set_headers(line, record.headers)
    try:
        line.key = record.key.decode() if record.key is not None else None
    except UnicodeDecodeError:
        line.key_base64 = _base64(cast("bytes", record.key))
    try:
        line.payload = record.value.decode() if record.value is not None else None
    except UnicodeDecodeError:
        line.payload_base64 = _base64(cast("bytes", record.value))
    return _encoder.encode(line) + b"\n"


def read(path: Path) -> Iterator[tuple[int, LogRecord]]:
    """Yield number and record of each line; a bad one is a LogError that names file and line."""
    for number, line in lines(path):
        yield number, parsed(path, number, line)


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each line that is not empty; a file that can't be read to its end is a LogError."""
    number = 0
    try:
        with opened(path) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except CUT_OFF as error:
        message = f"{path}: not a whole {path.suffix} file after line {number}: {error}"
        raise LogError(message) from error
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
        raise LogError(message) from error


def parsed(path: Path, number: int, line: bytes) -> LogRecord:
    """Return the record of a line of *path*; a bad one is a LogError."""
    try:
        return decode(line)
    except UnicodeDecodeError as error:
        message = (
            f"{path}:{number}: not UTF-8, which kcat writes for binary data; record the topic with `vitrine record`"
        )
        raise LogError(message) from error
    except (ValueError, RecursionError) as error:
        message = f"{path}:{number}: not a record as `kcat -J` writes it: {error}"
        raise LogError(message) from error


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open *path* for reading, unpacked if its name says that it is packed."""
    with path.open("rb") as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=raw, mode="rb") as file:
                yield cast("IO[bytes]", file)
        elif path.suffix == ".zst":
            yield cast("IO[bytes]", io.BufferedReader(_Unpacked(raw), 1 << 20))
        else:
            yield raw


@contextmanager
def created(path: Path) -> Iterator[IO[bytes]]:
    """Open *path* for writing, packed if its name says so; the same lines give the same bytes."""
    try:
        raw = path.open("wb")
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
        raise LogError(message) from error
    with raw:
        if path.suffix == ".gz":
            with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0) as file:
                yield cast("IO[bytes]", file)
        elif path.suffix == ".zst":
            stream = zstandard.ZstdCompressor().stream_writer(raw)
            with io.BufferedWriter(cast("io.RawIOBase", stream), 1 << 20) as buffer:
                yield cast("IO[bytes]", buffer)
        else:
            yield raw


class _Unpacked(io.RawIOBase):
    """The content of a `.zst` file; unlike zstandard's own reader it notices that the file is cut off."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._fresh = True
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._ready:
            chunk = self._frame.unused_data or self._packed.read(1 << 17)
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
                self._fresh = True
            if not chunk:
                if self._fresh:
                    return 0
                message = "the last frame is cut off"
                raise EOFError(message)
            self._fresh = False
            self._ready = memoryview(self._frame.decompress(chunk))
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


def _bytes(text: str | UnsetType | None) -> bytes | None:
    return text.encode() if isinstance(text, str) else None


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()


def _pairs(flat: list[str | None], *, binary: bool) -> Headers:
    if len(flat) % 2:
        message = "an odd number of headers: expected name, value, name, value …"
        raise ValueError(message)
    values = (value if value is None else a2b_base64(value) if binary else value.encode() for value in flat[1::2])
    return tuple((name or "", value) for name, value in zip(flat[::2], values, strict=True))


def _set_headers(line: _Line, headers: Headers) -> None:
    try:
        line.headers = [
            text for name, value in headers for text in (name, value.decode() if value is not None else None)
        ]
    except UnicodeDecodeError:
        line.headers_base64 = [
            text for name, value in headers for text in (name, _base64(value) if value is not None else None)
        ]
