"""One list from a job and what models say of it: candidates, score, rules, spread, exploration, reasons, words."""

from typing import NamedTuple

import msgspec

from agents.shoppers.candidates import Signals, candidates
from agents.shoppers.explore import Placed, explore
from agents.shoppers.job import Job
from agents.shoppers.options import Options
from agents.shoppers.reasons import matched_query, reasons_for
from agents.shoppers.score import Scored, score
from agents.shoppers.spread import spread
from agents.shoppers.tastes import liking_of, taste_of
from agents.shoppers.words import Words, compose
from schemas.recommendations import Reason

CONSIDERED = 60
"""Candidates that a decision keeps, or five times the limit if that is more; the last slot may go to any of them."""
COPIES = 3
"""Items at the top that get words."""


class Made(NamedTuple):
    """A list before it has ids."""

    placed: list[Placed]
    reasons: list[Reason]
    words: list[tuple[str, Words]]
    """Item and words, for the top items that have any."""
    considered: list[Scored]


def make(job: Job, signals: Signals, options: Options) -> Made:
    """Make the list of *job*."""
    taste = taste_of(job)
    scored = score(job, taste, signals, candidates(job, taste, signals, options), options.weights)
    considered = _considered(scored, max(CONSIDERED, 5 * job.limit))
    placed = explore(job, spread(considered, job.limit, options.crowding), considered, options)
    liking = liking_of(job, taste)
    words = []
    for one, _ in placed[:COPIES]:
        if one.card.facts is not None:
            fitting = msgspec.structs.replace(liking, query=matched_query(job, signals, one.item))
            composed = compose(one.card.facts, one.card, fitting, f"{options.seed}/{job.ask.shopper}/{one.item}")
            if composed.text:
                words.append((one.item, composed))
    reasons = reasons_for(job, taste, signals, [one for one, _ in placed], options.weights)
    return Made(placed, reasons, words, considered)


def _considered(scored: list[Scored], count: int) -> list[Scored]:
    """Return the best *count*, a sixth of them kept for items that nobody has seen, which could not win by score."""
    if len(scored) <= count:
        return scored
    best = scored[: count - count // 6]
    rest = scored[len(best) :]
    fresh = [one for one in rest if one.source == "new"][: count // 6]
    others = [one for one in rest if one.source != "new"][: count // 6 - len(fresh)]
    return sorted([*best, *fresh, *others], key=lambda one: (-one.score, one.item))
