"""Every mutant."""

from tests.mutants import delivery, fetching, owed, plumbing, sharing, states
from tests.mutants.mutant import Mutant

MUTANTS: list[Mutant] = [
    *delivery.MUTANTS,
    *owed.MUTANTS,
    *states.MUTANTS,
    *sharing.MUTANTS,
    *plumbing.MUTANTS,
    *fetching.MUTANTS,
]
