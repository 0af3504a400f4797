"""Lines of text of an exact width, in cells: a Chinese character takes two."""

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from agents.shop.pulse import quantile

Lines = list[Text]

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that move the cursor, change modes or turn the direction of what follows."""

GOOD, BAD, MARK, BAR = "green", "red", "magenta", "blue"
STRONG = "bold"
USUAL = 0.95
_EIGHTHS = " ▏▎▍▌▋▊▉"
_HEIGHTS = "▁▂▃▄▅▆▇█"


class Cell(NamedTuple):
    """A stretch of a line."""

    text: Text | str
    width: int
    right: bool = False
    style: str = ""


def line(*parts: Text | str | tuple[str, str]) -> Text:
    """Return one line of texts, plain or with a style."""
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis", end="")


def fit(text: Text, width: int) -> Text:
    """Return *text* cut or filled up to *width* cells."""
    if width <= 0:
        return line()
    fitted = text.copy()
    fitted.plain = _UNPRINTABLE.sub("?", text.plain)  # ids and searches are anybody's, and the terminal obeys
    fitted.truncate(width, overflow="ellipsis", pad=True)
    return fitted


def row(*cells: Cell) -> Text:
    """Return the cells side by side, a space between two; a cell of no width is left out."""
    found = line()
    wide = [cell for cell in cells if cell.width > 0]
    for number, cell in enumerate(wide):
        text = Text(cell.text, cell.style) if isinstance(cell.text, str) else cell.text
        if cell.right and text.cell_len < cell.width:
            found.append(" " * (cell.width - text.cell_len))
            found.append_text(text)
        else:
            found.append_text(fit(text, cell.width))
        if number < len(wide) - 1:
            found.append(" ")
    return found


def bar(share: float, width: int) -> str:
    """Return a bar as long as *share* of *width* cells."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    if not eighths and share > 0:
        eighths = 1
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def spark(values: Sequence[float | None], width: int) -> str:
    """Return the newest *width* values as columns, each as high as its share of the greatest; None is a gap.

    The one value of twenty that is greater than all others does not flatten them: it is drawn as high as they go.
    """
    newest = values[-width:] if width > 0 else []
    top = 1.15 * (quantile([value for value in newest if value is not None], USUAL) or 0.0) or 1.0
    drawn = "".join(" " if it is None else _HEIGHTS[min(7, int(max(0.0, it) / top * 7.999))] for it in newest)
    return drawn.rjust(max(0, width))


def wrap(text: str, width: int) -> list[str]:
    """Return *text* in lines of at most *width* cells, broken at spaces and between Chinese characters."""
    found, current = [], ""
    for piece in _pieces(text):
        if current and cell_len(current + piece.rstrip()) > width:
            found.append(current.rstrip())
            current = ""
        current += piece if current else piece.lstrip()
    return [*found, current.rstrip()] if current.strip() else found


def boxed(title: Text | str, lines: Lines, width: int, height: int) -> Lines:
    """Return *lines* in a frame of exactly this size, edges included, *title* in the upper one."""
    name = Text(title, STRONG) if isinstance(title, str) else title
    name = name.copy()
    name.truncate(max(0, width - 6), overflow="ellipsis")
    head = line("╭─ ", name, " ", "─" * max(0, width - name.cell_len - 5), "╮")
    inner = [line("│ ", fit(it, width - 4), " │") for it in sized(lines, height - 2)]
    return [head, *inner, line("╰", "─" * (width - 2), "╯")]


def sized(lines: Iterable[Text], height: int) -> Lines:
    """Return exactly *height* lines: the first ones, empty ones behind them."""
    found = list(lines)[: max(0, height)]
    return found + [line()] * (height - len(found))


def beside(left: Lines, right: Lines, left_width: int) -> Lines:
    """Return two columns, a space between them."""
    return [
        line(fit(one or line(), left_width), " ", other or line())
        for one, other in zip_longest(left, right, fillvalue=None)
    ]


def ms(seconds: float | None) -> str:
    """Return a time for a person."""
    if seconds is None:
        return "-"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _pieces(text: str) -> list[str]:
    """Return the stretches between which a line may break."""
    pieces, current = [], ""
    for sign in text:
        if cell_len(sign) > 1 and sign not in "，。！？；：、）”》":  # noqa: RUF001  may not begin a line
            pieces += [current] if current else []
            current = sign
        elif sign == " ":
            pieces.append(current + sign)
            current = ""
        else:
            current += sign
    return [*pieces, current] if current else pieces
