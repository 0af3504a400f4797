"""What each feature of an item counts in its score, how an operator changes that, and the sum itself.

Beside the settings and not with the shoppers, because settings, agents and those who look at records all need it.
"""

import hashlib
import math
from collections.abc import Mapping

WEIGHTS = {
    "interest": 1.4,
    "next": 4.0,
    "recent": 2.0,
    "together": 2.0,
    "search": 1.2,
    "category": 2.4,
    "brand": 0.5,
    "popular": 0.2,
    "praised": 0.5,
    "aspects": 0.4,
    "touched": -0.1,
    "passed": -0.12,
    "boost": 1.0,
}
"""Feature to weight, in the order in which features are written everywhere; about log-odds of a click."""

FIRST, VERSION = "weights@1", "weights@2"
BY_VERSION: Mapping[str, Mapping[str, float]] = {
    FIRST: {
        "interest": 1.4, "together": 0.8, "search": 1.2, "category": 2.4, "brand": 0.5, "popular": 1.2, "praised": 0.5,
        "aspects": 0.4, "touched": -0.35, "passed": -0.12,
    },
    VERSION: WEIGHTS,
}  # fmt: skip
"""What each version weighs, for records that name one."""
LARGEST = 100.0
"""A weight lies between this and its negative."""


class Weights(dict[str, float]):
    """Every feature's weight, in the declared order, some of them set by a text such as `category=1.2,search=2`."""

    def __init__(self, text: str = "") -> None:
        """Raise ValueError, with the cure, for a text that says anything else."""
        given: dict[str, float] = {}
        for part in filter(None, map(str.strip, text.split(","))):
            name, _, value = (piece.strip() for piece in part.partition("="))
            if name not in WEIGHTS:
                message = f"unknown feature {name!r}; there are: {', '.join(WEIGHTS)}"
                raise ValueError(message)
            if name in given:
                message = f"the weight of {name} is given twice"
                raise ValueError(message)
            given[name] = _number(name, value)
        super().__init__(WEIGHTS | given)

    def __repr__(self) -> str:
        return ",".join(f"{name}={weight:g}" for name, weight in changed(self).items())


def changed(weights: Mapping[str, float]) -> dict[str, float]:
    """Return those of *weights* that are not the default."""
    return {name: weight for name, weight in weights.items() if WEIGHTS.get(name) != weight}


def version(weights: Mapping[str, float]) -> str:
    """Return what a record calls *weights*: others than the default ones have a hash behind their version."""
    if not changed(weights):
        return VERSION
    text = ",".join(f"{name}={float(weights[name])!r}" for name in WEIGHTS)
    return f"{VERSION}+{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def weigh(features: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the score of an item with these features, which are in the declared order; rounded."""
    total = 0.0
    for name, value in features.items():
        total += weights[name] * value
    return round(total, 6)


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= LARGEST:
        message = f"the weight of {name} is {text!r}: expected a number from {-LARGEST:g} to {LARGEST:g}"
        raise ValueError(message)
    return value
