"""What each feature of a candidate adds to its score, as a decision records it."""

from collections.abc import Mapping
from typing import NamedTuple

from agents.weights import BY_VERSION, FIRST, weigh
from schemas.recommendations import Candidate, Decision


class Contribution(NamedTuple):
    """One part of a score: *points* = *value* times *weight*."""

    feature: str
    value: float
    weight: float
    points: float


def weights_of(decision: Decision) -> Mapping[str, float] | None:
    """Return the weights that *decision* was made with; None if neither it nor its version says.

    Decisions of the first releases hold none, and were made with the default ones of their version.
    """
    if decision.weights:
        return decision.weights
    return BY_VERSION.get(decision.models.get("score", FIRST))


def contributions(features: Mapping[str, float], weights: Mapping[str, float]) -> list[Contribution]:
    """Return the parts of a score, the one that moves it most first; a feature without a weight adds nothing."""
    parts = [
        Contribution(name, value, weights.get(name, 0.0), round(weights.get(name, 0.0) * value, 6))
        for name, value in features.items()
    ]
    return sorted(parts, key=lambda part: (-abs(part.points), part.feature))


def points_moved(
    old: Mapping[str, float], new: Mapping[str, float], weights: tuple[Mapping[str, float], Mapping[str, float]]
) -> list[tuple[str, float]]:
    """Return by how much each feature moved a score between two lists, the greatest first; *weights* of old and new."""
    before, after = (
        {part.feature: part.points for part in contributions(features, of)}
        for features, of in zip((old, new), weights, strict=True)
    )
    moved = {name: round(after.get(name, 0.0) - before.get(name, 0.0), 6) for name in before | after}
    return sorted(((name, by) for name, by in moved.items() if by), key=lambda pair: (-abs(pair[1]), pair[0]))


def recomputed(candidate: Candidate, weights: Mapping[str, float]) -> float | None:
    """Return the score of *candidate*, made anew from its recorded features; None if a feature has no weight."""
    return weigh(candidate.features, weights) if candidate.features.keys() <= weights.keys() else None
