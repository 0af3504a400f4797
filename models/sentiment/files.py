"""Reviews from files as people have them: lines, tables with named columns, JSON lines.

A file may be packed (gzip, zstd); it is UTF-8.
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "review", "review text", "reviews.text", "review_text", "reviewtext", "review_body", "body",
             "content", "comment", "comments", "评论", "内容"),
    "title": ("title", "summary", "headline", "review_headline", "reviews.title", "review_title", "标题"),
    "stars": ("stars", "rating", "ratings", "score", "overall", "star_rating", "reviews.rating", "review_rating", "评分"),
    "label": ("label", "sentiment", "polarity", "class"),
    "group": ("item", "item_id", "product", "product_id", "asin", "asins", "clothing id", "sku", "cat"),
}  # fmt: skip
"""Field to the names of columns that it is looked for under, in this order; upper and lower case are alike."""

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_NUMBER = re.compile(r"[1-5](?:\.\d+)?")


class FileError(Exception):
    """A file of texts can't be used; the text names the place and the cure.

    Operator action: mend the line that it names, or name the columns.
    """


class Row(NamedTuple):
    """A row of a table, with what was found in its columns."""

    number: int
    """Of the line, or of the record, from 1."""
    text: str
    title: str
    stars: str
    label: str
    group: str


def texts(path: Path, columns: Mapping[str, str] | None = None) -> list[str]:
    """Return the texts of *path* whatever their labels: of a table title and text, else each line."""
    content = text_of(path)
    if is_table(path):
        return [whole(row) for row in rows(path, content, columns or {}) if whole(row)]
    return [line.strip() for line in content.splitlines() if line.strip()]


def reviews(path: Path, columns: Mapping[str, str] | None = None) -> list[tuple[str, float | None]]:
    """Return the texts of *path*, each with its stars if it has a number there."""
    if not is_table(path):
        return [(text, None) for text in texts(path)]
    given = [row for row in rows(path, text_of(path), columns or {}) if whole(row)]
    return [(whole(row), float(row.stars) if _NUMBER.fullmatch(row.stars) else None) for row in given]


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


def rows(path: Path, content: str, columns: Mapping[str, str]) -> Iterator[Row]:
    """Yield the rows of a table; a table without a column of text is refused."""
    if _plain(path).endswith(".jsonl"):
        records: Iterable[Mapping[str, Any]] = _json(path, content)
        names = list(dict.fromkeys(name for record in _json(path, content) for name in record))
    else:
        table = csv.DictReader(
            io.StringIO(content, newline=""), delimiter="\t" if _plain(path).endswith(".tsv") else ","
        )
        records, names = table, list(table.fieldnames or ())
    found = {field: _column(path, names, field, columns) for field in COLUMNS}
    if found["text"] is None:
        message = (
            f"{path}: none of its columns ({', '.join(names)}) is known to hold text; name it: --columns text=COLUMN"
        )
        raise FileError(message)

    def cell(record: Mapping[str, Any], field: str) -> str:
        value = record.get(found[field] or "")
        return "" if value is None else str(value).strip()

    for number, record in enumerate(records, start=1):
        yield Row(number, *(cell(record, field) for field in ("text", "title", "stars", "label", "group")))


def whole(row: Row) -> str:
    """Return title and text of a row as one text; a title that begins the text is not said twice."""
    if not row.title or row.text.startswith(row.title.rstrip(".… ")):
        return row.text
    return f"{row.title}\n{row.text}" if row.text else row.title


def _column(path: Path, names: Sequence[str], field: str, columns: Mapping[str, str]) -> str | None:
    if field in columns:
        if columns[field] not in names:
            message = f"{path}: no column {columns[field]!r}; it has {', '.join(names)}"
            raise FileError(message)
        return columns[field]
    lower = {name.strip().lower(): name for name in reversed(names)}
    return next((lower[name] for name in COLUMNS[field] if name in lower), None)


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
            message = (
                f"{path}:{number}: not an object; one object a line is expected, with `text` and `stars` or `label`"
            )
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
