"""What of all that is done with items is a step of a history: the same for training and for lists."""

from collections.abc import Iterable, Iterator
from typing import Final

from schemas.clicks import AddToCart, Basket, Click, Lines, Order, Purchase, View

KIND_OF: Final[dict[type, int]] = {View: 0, Click: 1, AddToCart: 2, Basket: 2, Purchase: 3, Order: 3}
"""Events that touch items to how eagerly they do: the index of the kind that a profile keeps."""


def items_of_lines(event: Lines) -> list[str]:
    """Return the items of several lines, each once, in the order of their names: of one moment, that is how touches are sorted."""
    return sorted({line.item for line in event.lines})


def steps(touches: Iterable[tuple[str, int]]) -> Iterator[int]:
    """Yield the places of those *touches*, oldest first, that are steps; a touch: an item, and how eagerly it was touched.

    What is done with the item of the touch before, and more eagerly, is none: a click, a look and a purchase are one step.
    """
    item, eagerness = "", 0
    for place, touch in enumerate(touches):
        if touch[0] != item or touch[1] <= eagerness:
            yield place
        item, eagerness = touch
