"""What a slot's score is made of, in a visitor's words."""

from typing import NamedTuple

from agents.inspect.contributions import contributions, weights_of
from schemas.recommendations import Decision

NAMES = {
    "interest": "similar",
    "together": "together",
    "touched": "seen",
    "passed": "ignored",
    "aspects": "likes",
}
"""Feature to what a visitor calls it, where that is another word."""


class Part(NamedTuple):
    """One term of the sum."""

    name: str
    value: float


def parts_of(decision: Decision) -> dict[str, tuple[Part, ...]]:
    """Return item to the terms of its score, the strongest first, for each item that got a slot."""
    weights = weights_of(decision) or {}
    return {
        it.item: tuple(
            Part(NAMES.get(part.feature, part.feature), part.points)
            for part in contributions(it.features, weights)
            if part.feature in weights
        )
        for it in decision.candidates
        if it.slot is not None
    }
