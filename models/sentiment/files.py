"""Reviews from files as people have them: lines, tables with named columns, JSON lines."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from models.files import FileError, column, is_table, records, text_of

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "review", "review text", "reviews.text", "review_text", "reviewtext", "review_body", "body",
             "content", "comment", "comments", "评论", "内容"),
    "title": ("title", "summary", "headline", "review_headline", "reviews.title", "review_title", "标题"),
    "stars": ("stars", "rating", "ratings", "score", "overall", "star_rating", "reviews.rating", "review_rating", "评分"),
    "label": ("label", "sentiment", "polarity", "class"),
    "group": ("item", "item_id", "product", "product_id", "asin", "asins", "clothing id", "sku", "cat"),
}  # fmt: skip
"""Field to the names of columns that it is looked for under, in this order; upper and lower case are alike."""

_NUMBER = re.compile(r"[1-5](?:\.\d+)?")


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


def rows(path: Path, content: str, columns: Mapping[str, str]) -> Iterator[Row]:
    """Yield the rows of a table; a table without a column of text is refused."""
    names, given = records(path, content)
    found = {field: _column(path, names, field, columns) for field in COLUMNS}
    if found["text"] is None:
        message = (
            f"{path}: none of its columns ({', '.join(names)}) is known to hold text; name it: --columns text=COLUMN"
        )
        raise FileError(message)

    def cell(record: Mapping[str, Any], field: str) -> str:
        value = record.get(found[field] or "")
        return "" if value is None else str(value).strip()

    for number, record in enumerate(given, start=1):
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
    return column(names, COLUMNS[field])
