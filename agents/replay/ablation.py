"""Settings with one thing of lists taken away, so that it can be seen what it is worth."""

from collections.abc import Iterator

import msgspec

from agents.settings import Settings
from agents.sources import OPTIONAL, Sources
from agents.weights import WEIGHTS, Weights

VARIETY = "variety"


def ablations(given: Settings) -> Iterator[tuple[str, Settings]]:
    """Yield each source and feature that *given* uses, and variety, with settings without it.

    What is a source and a feature goes as both.
    """
    for name in dict.fromkeys((*OPTIONAL, *WEIGHTS)):
        sources, weights = given.sources, given.weights
        if name in sources:
            sources = Sources(f"{sources!r},-{name}")
        if weights.get(name):
            weights = Weights()
            weights.update(given.weights | {name: 0.0})
        if (sources, weights) != (given.sources, given.weights):
            yield name, msgspec.structs.replace(given, sources=sources, weights=weights)
    if given.crowding:
        yield VARIETY, msgspec.structs.replace(given, crowding=0.0)
