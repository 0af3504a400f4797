"""What the shopper did, and how the list answered each act."""

from collections.abc import Sequence

from rich.text import Text

from agents.shop.panels.ink import GOOD, STRONG, Cell, Lines, ms, row
from agents.shop.tale import Deed

_ANSWER = 32


def deeds(acts: Sequence[Deed], width: int, height: int) -> Lines:
    """Return the newest acts, the newest last."""
    newest = list(acts)[-height:] if height > 0 else []
    return [_deed(it, width, newest=number == len(newest) - 1) for number, it in enumerate(newest)]


def _deed(it: Deed, width: int, *, newest: bool) -> Text:
    answer = min(_ANSWER, width // 2)
    return row(
        Cell("▸" if newest else " ", 1, style=GOOD),
        Cell(it.text, width - answer - 3, style=STRONG if newest else ""),
        Cell(_answer(it), answer),
    )


def _answer(it: Deed) -> str:
    if not it.answered:
        return "…"
    if it.seconds is None:
        return f"→ {it.change}" if it.change else ""
    return f"→ {ms(it.seconds)}: {it.change}"
