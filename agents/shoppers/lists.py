"""One list from a job and what models say of it: candidates, score, rules, spread, exploration, pins, reasons, words."""

from collections.abc import Iterator, Mapping, Sequence
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
from agents.sources import PIN
from schemas.recommendations import KeptOut, Reason

CONSIDERED = 60
"""Candidates that a decision keeps, or five times the limit if that is more; the last slot may go to any of them."""
KEPT_OUT = 60
"""Items of each kind that a decision names as kept out by a policy."""
COPIES = 3
"""Items at the top that get words."""


class Made(NamedTuple):
    """A list before it has ids."""

    placed: list[Placed]
    reasons: list[Reason]
    words: list[tuple[str, Words]]
    """Item and words, for the top items that have any."""
    considered: Sequence[Scored]
    kept_out: list[KeptOut]
    """By policies: first what is hidden, then what is over a cap."""


def make(job: Job, signals: Signals, options: Options) -> Made:
    """Make the list of *job*."""
    taste = taste_of(job)
    policies = job.look.policies.for_list(job.ask.placement, job.at)
    found, pins, kept_out = candidates(job, taste, signals, options, policies)
    scored, over = policies.cap(
        score(job, taste, signals, found, options.weights, policies.boost if policies.boosts else None), pins.values()
    )
    considered = _considered(scored, max(CONSIDERED, 5 * job.limit))
    placed = _place(job, considered, pins, options)
    liking = liking_of(job, taste)
    words = []
    for one, _ in placed[:COPIES]:
        if one.card.facts is not None:
            fitting = msgspec.structs.replace(liking, query=matched_query(job, signals, one.item))
            composed = compose(one.card.facts, one.card, fitting, f"{options.seed}/{job.ask.shopper}/{one.item}")
            if composed.text:
                words.append((one.item, composed))
    reasons = reasons_for(job, taste, signals, [one for one, _ in placed], options.weights)
    return Made(placed, reasons, words, considered, kept_out[:KEPT_OUT] + over[:KEPT_OUT])


def _considered(scored: Sequence[Scored], count: int) -> Sequence[Scored]:
    """Return what is pinned and the best *count*, a sixth of them kept for items that nobody has seen, which could not win by score."""
    if len(scored) <= count:
        return scored
    best = scored[: count - count // 6]
    rest = scored[len(best) :]
    fresh = [one for one in rest if one.source == "new"][: count // 6]
    pinned = [one for one in rest if one.source == PIN]
    others = [one for one in rest if one.source not in {"new", PIN}][: count // 6 - len(fresh)]
    return sorted([*best, *fresh, *others, *pinned], key=lambda one: (-one.score, one.item))


def _place(job: Job, considered: Sequence[Scored], pins: Mapping[int, str], options: Options) -> list[Placed]:
    """Fill the slots: pinned items stand in theirs, or nearer to the top where nothing is left to stand between."""
    if not pins:
        return explore(job, spread(considered, job.limit, options.crowding), considered, options)
    pinned = {one.item: one for one in considered if one.source == PIN}
    others = [one for one in considered if one.source != PIN]
    picked = spread(others, job.limit - len(pins), options.crowding, beside=list(pinned.values()))
    return list(_with_pins(explore(job, picked, others, options), {slot: pinned[item] for slot, item in pins.items()}))


def _with_pins(placed: Sequence[Placed], pins: Mapping[int, Scored]) -> Iterator[Placed]:
    rest = iter(placed)
    for slot in range(max(len(placed) + len(pins), *pins) + 1):
        one = Placed(pins[slot], 1.0) if slot in pins else next(rest, None)
        if one is not None:
            yield one
