"""The list: where each item came from, why it is there, and what its score is made of."""

from typing import NamedTuple, Self

from rich.cells import cell_len
from rich.text import Text

from agents.shop.panels.ink import BAD, BAR, GOOD, STRONG, Cell, Lines, bar, line, row
from agents.shop.parts import Part
from agents.shop.tale import Row

_MOVE, _SOURCE, _NAME, _BAR, _VALUE = 4, 8, 8, 6, 4
_PART = _NAME + _BAR + _VALUE + 2
_SHORT = _NAME + _BAR + 1
_NARROW, _BROAD = 90, 110
"""Columns up to which the number of a part is left out, and from which there is room for the source."""


def slots(rows: list[Row], width: int, height: int) -> Lines:
    """Return a line for each slot; where all of them have room for two, the parts of the score have one of their own.

    A line of headings comes first where it costs no slot.
    """
    top = max((abs(part.value) for it in rows for part in it.parts), default=0.0) or 1.0
    if height >= 2 * len(rows):
        lines = [text for it in rows for text in (_slot(it, _Columns.of(width, 0), top), _below(it, width, top))]
        head = _head(_Columns.of(width, 0))
    else:
        columns = _Columns.of(width, 1 if width < _BROAD else 2)
        lines, head = [_slot(it, columns, top) for it in rows[:height]], _head(columns)
    return [head, *lines] if len(lines) < height and lines else lines


class _Columns(NamedTuple):
    """Widths; 0: left out."""

    title: int
    reason: int
    source: int
    parts: int
    part: int

    @classmethod
    def of(cls, width: int, parts: int) -> Self:
        part = _SHORT if width < _NARROW else _PART
        source = _SOURCE if width >= _BROAD else 0
        rest = width - _MOVE - 2 - parts * (part + 1) - (source + 1 if source else 0)
        return cls(rest * 2 // 5, rest - rest * 2 // 5, source, parts, part)


def _head(columns: _Columns) -> Text:
    score = "and what its score is made of" if columns.parts else "and, below, what its score is made of"
    return row(
        Cell("", _MOVE),
        Cell("item", columns.title),
        Cell("why", columns.reason if columns.parts else columns.reason - len(score) - 1),
        Cell("found by", columns.source) if columns.parts else Cell(score, len(score)),
        Cell(score, columns.parts * (columns.part + 1) - 1) if columns.parts else Cell("found by", columns.source),
    )


def _slot(it: Row, columns: _Columns, top: float) -> Text:
    return row(
        Cell(_move(it.move), _MOVE),
        Cell(it.title if cell_len(it.title) <= columns.title else it.short, columns.title, style=STRONG),
        Cell(it.reason, columns.reason),
        Cell(it.source, columns.source),
        *(Cell(_part(one, top, short=columns.part == _SHORT), columns.part) for one in it.parts[: columns.parts]),
    )


def _below(it: Row, width: int, top: float) -> Text:
    count = (width - _MOVE - 1) // (_PART + 1)
    return row(Cell("", _MOVE), *(Cell(_part(one, top), _PART) for one in it.parts[:count]))


def _part(it: Part, top: float, *, short: bool = False) -> Text:
    length = bar(abs(it.value) / top, _BAR)
    cells = [Cell(it.name, _NAME, right=True), Cell(length, _BAR, style=BAR if it.value > 0 else BAD)]
    return row(*cells) if short else row(*cells, Cell(f"{it.value:+.1f}", _VALUE, right=True))


def _move(places: int | None) -> Text:
    if places is None:
        return line((" new", GOOD))
    if places == 0:
        return line("   ·")
    return line((f"{'↑' if places > 0 else '↓'}{abs(places)}".rjust(_MOVE), GOOD if places > 0 else BAD))
