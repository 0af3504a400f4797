"""The list: where each item came from, why it is there, and what its score is made of."""

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
    """Return a line for each slot; where all of them have room for two, the parts of the score have one of their own."""
    top = max((abs(part.value) for it in rows for part in it.parts), default=0.0) or 1.0
    if height >= 2 * len(rows):
        return [text for it in rows for text in (_slot(it, width, 0, top), _below(it, width, top))]
    count = 1 if width < _BROAD else 2 if width < 150 else 3  # noqa: PLR2004  columns
    return [_slot(it, width, count, top) for it in rows[:height]]


def _slot(it: Row, width: int, count: int, top: float) -> Text:
    part = _SHORT if width < _NARROW else _PART
    source = _SOURCE if width >= _BROAD else 0
    rest = width - _MOVE - 2 - count * (part + 1) - (source + 1 if source else 0)
    title = rest * 2 // 5
    return row(
        Cell(_move(it.move), _MOVE),
        Cell(it.title, title, style=STRONG),
        Cell(it.reason, rest - title),
        *([Cell(it.source, source)] if source else []),
        *(Cell(_part(one, top, short=width < _NARROW), part) for one in it.parts[:count]),
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
