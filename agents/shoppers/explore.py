"""A last slot that sometimes goes to an item drawn by lot, so that lists learn what they would never show."""

from collections.abc import Sequence
from typing import NamedTuple

from agents.shoppers.job import Job
from agents.shoppers.lottery import chance
from agents.shoppers.options import Options
from agents.shoppers.score import Scored


class Placed(NamedTuple):
    """An item in its slot, and how likely it was to be there."""

    scored: Scored
    propensity: float


def explore(job: Job, picked: Sequence[Scored], scored: Sequence[Scored], options: Options) -> list[Placed]:
    """Place the *picked* items; the last slot goes, with probability e = `options.explore`, to one drawn from a pool.

    The pool is all candidates that are not in the slots before; the item picked for the last slot is one of its m.  So
    P(picked) = 1 - e + e / m, P(any other of the pool) = e / m, and every slot before has its item with certainty.
    """
    certain = [Placed(one, 1.0) for one in picked]
    before = {one.item for one in picked[:-1]}
    pool = sorted((one for one in scored if one.item not in before), key=lambda one: one.item)
    if len(picked) < 2 or len(pool) < 2 or not options.explore:  # noqa: PLR2004  one item leaves no choice
        return certain
    last, share = picked[-1], options.explore / len(pool)
    ids = (job.ask.shopper, job.revision, job.ask.placement)
    if chance(options.seed, *ids, "explore") < options.explore:
        last = pool[int(chance(options.seed, *ids, "which") * len(pool))]
    certain[-1] = Placed(last, share + (1 - options.explore) * (last is picked[-1]))
    return certain
