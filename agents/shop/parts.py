"""What a slot's score is made of: features times weights, from the record of the decision."""

from typing import NamedTuple

from agents.shoppers.score import WEIGHTS
from schemas.recommendations import Candidate, Decision

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
    weights = _weights(decision)
    return {it.item: _parts(it, weights) for it in decision.candidates if it.slot is not None}


def _weights(decision: Decision) -> dict[str, float]:  # noqa: ARG001  until decisions hold their weights
    return WEIGHTS


def _parts(candidate: Candidate, weights: dict[str, float]) -> tuple[Part, ...]:
    found = [
        Part(NAMES.get(name, name), weights[name] * value)
        for name, value in candidate.features.items()
        if name in weights
    ]
    return tuple(sorted(found, key=lambda part: (-abs(part.value), part.name)))
