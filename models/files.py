"""Files as people have them: packed or not, tables with named columns, JSON lines.

A file may be packed (gzip, zstd); it is UTF-8.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import zstandard

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class FileError(Exception):
    """A file can't be used; the text names the place and the cure.

    Operator action: mend the line that it names, or name the columns.
    """


def stem(path: Path) -> str:
    """Return the name of a file without `.gz`, `.csv` and the like."""
    name = path.name
    for ending in (".gz", ".zst", ".csv", ".tsv", ".jsonl", ".txt"):
        name = name.removesuffix(ending)
    return name


def is_table(path: Path) -> bool:
    """Say whether *path* has named columns, which its name tells."""
    return _plain(path).endswith((".csv", ".tsv", ".jsonl"))


def _plain(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".zst")


def text_of(path: Path) -> str:
    """Return what *path* holds, unpacked."""
    try:
        return _unpacked(path.read_bytes()).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        message = f"{path}: can't be read ({error}); check the name, and that it is whole"
        raise FileError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path}: byte {error.start} is not UTF-8; convert it, such as with `iconv -f gb18030 -t utf-8`"
        raise FileError(message) from error


def _unpacked(packed: bytes) -> bytes:
    if packed.startswith(_GZIP):
        return gzip.decompress(packed)
    return zstandard.ZstdDecompressor().decompressobj().decompress(packed) if packed.startswith(_ZSTD) else packed


def records(path: Path, content: str) -> tuple[list[str], Iterable[Mapping[str, Any]]]:
    """Return the names of the columns of a table, and its rows."""
    if _plain(path).endswith(".jsonl"):
        found = list(_json(path, content))
        return list(dict.fromkeys(name for record in found for name in record)), found
    table = csv.DictReader(io.StringIO(content, newline=""), delimiter="\t" if _plain(path).endswith(".tsv") else ",")
    return list(table.fieldnames or ()), table


def column(names: Iterable[str], known: Iterable[str]) -> str | None:
    """Return the first of *known* that is among *names*, upper and lower case alike, as the file writes it."""
    lower = {name.strip().lower(): name for name in reversed(list(names))}
    return next((lower[name] for name in known if name in lower), None)


def _json(path: Path, content: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            message = f"{path}:{number}: no JSON ({error.msg}); one object a line is expected"
            raise FileError(message) from error
        if not isinstance(record, dict):
            message = f"{path}:{number}: not an object; one object a line is expected"
            raise FileError(message)
        yield _payload(record)


def _payload(record: dict[str, Any]) -> dict[str, Any]:
    """Return what an event log, as kcat writes one, wraps in its records; any other record is itself."""
    payload = record.get("payload")
    if not isinstance(payload, str) or "topic" not in record:
        return record
    try:
        value = json.loads(payload)
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
