"""Tables with a line of column names: comma- or tab-separated, plain, `.gz` or `.zst`."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from agents.replay.errors import LogError
from agents.replay.log import CUT_OFF, opened

Row = dict[str, str]

LONGEST_CELL = 1 << 24
"""Characters; Python's own limit is 131,072, less than a long review."""


def rows(path: Path, columns: Mapping[str, str]) -> Iterator[tuple[int, Row]]:
    """Yield the number of its last line and the fields of each row; *columns* maps field to column.

    A column that is not there, a row that is too short, or bytes that are no table are a LogError.
    """
    line = 0
    csv.field_size_limit(LONGEST_CELL)
    try:
        with opened(path) as binary, io.TextIOWrapper(binary, encoding="utf-8-sig", newline="") as text:
            first = text.readline()
            delimiter = "\t" if "\t" in first else ","
            names = next(csv.reader([first], delimiter=delimiter), [])
            places = {field: _place(path, names, column) for field, column in columns.items()}
            reader = csv.reader(text, delimiter=delimiter, strict=True)
            for cells in reader:
                line = reader.line_num + 1
                if len(cells) == len(names):
                    yield line, {field: cells[place].strip() for field, place in places.items()}
                elif cells:
                    message = f"{path}:{line}: {len(cells)} columns where the first line names {len(names)}"
                    raise LogError(message)
    except (csv.Error, UnicodeDecodeError, *CUT_OFF) as error:
        message = f"{path}: after line {line}: {error}"
        raise LogError(message) from error
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
        raise LogError(message) from error


def _place(path: Path, names: list[str], column: str) -> int:
    try:
        return names.index(column)
    except ValueError as error:
        message = f"{path}: no column {column!r}; there are: {', '.join(names)}"
        raise LogError(message) from error
