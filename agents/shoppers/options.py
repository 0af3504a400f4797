"""What an operator may change about lists."""

from datetime import timedelta

import msgspec

from agents.sources import Sources
from agents.weights import WEIGHTS


class Options(msgspec.Struct, frozen=True):
    """How lists are made; the defaults are those of the settings."""

    list_size: int = 10
    list_lifetime: timedelta = timedelta(minutes=30)
    explore: float = 0.1
    """How often the last slot of a list goes to an item drawn by lot."""
    decisions: float = 1.0
    """Share of the lists whose making is recorded."""
    crowding: float = 0.15
    """What each item of a category in a list takes from the score of the next one."""
    sources: Sources = Sources()
    """What may bring an item in."""
    weights: dict[str, float] = msgspec.field(default_factory=WEIGHTS.copy)
    """What each feature counts in an item's score, in the declared order."""
    seed: int = 0
    lifetime: timedelta = timedelta(days=400)
    """How far behind its newest event a profile remembers."""
