"""How the interpreter is set for a worker: the garbage collector does not hold the event loop for long."""

import gc

_ALLOCATIONS = (200_000, 20, 100)
"""Before each generation is collected; by default all that is alive would be looked at every few seconds."""


def tune() -> None:
    """Set this process up, when all that stays alive for good is there: what lives now is never looked at by the collector."""
    gc.freeze()
    gc.set_threshold(*_ALLOCATIONS)
