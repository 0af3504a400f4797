"""How the interpreter is set for a worker: neither the garbage collector nor another thread holds the event loop for long."""

import gc
import sys

_ALLOCATIONS = (200_000, 20, 100)
"""Before each generation is collected; by default all that is alive would be looked at every few seconds."""
_TURN_SECONDS = 0.0005
"""After how long a thread that computes lets another one run.

Whoever comes back from a system call or from numpy waits so long for a thread that makes lists, and an event does so a
dozen times on its way; Python's own 5 ms add up.
"""


def tune() -> None:
    """Set this process up, when all that stays alive for good is there: what lives now is never looked at by the collector."""
    gc.freeze()
    gc.set_threshold(*_ALLOCATIONS)
    sys.setswitchinterval(_TURN_SECONDS)
