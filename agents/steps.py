"""What of all that is done with items is a step of a history: the same for training and for lists."""

from collections.abc import Iterable, Iterator


def steps(touches: Iterable[tuple[str, int]]) -> Iterator[int]:
    """Yield the places of those *touches*, oldest first, that are steps; a touch: an item, and how eagerly it was touched.

    What is done with the item of the touch before, and more eagerly, is none: a click, a look and a purchase are one step.
    """
    item, eagerness = "", 0
    for place, touch in enumerate(touches):
        if touch[0] != item or touch[1] <= eagerness:
            yield place
        item, eagerness = touch
