"""The agent that knows shoppers: events in; lists, words and what they were made from out."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from operator import attrgetter
from typing import Any

from agents.processor import Effects, Input, Life, Origin, Output, Owed, Portable, View
from agents.shoppers.asks import owed_by
from agents.shoppers.expiry import life
from agents.shoppers.fold import fold
from agents.shoppers.job import Job, job_of, pack, unpack
from agents.shoppers.lists import make
from agents.shoppers.options import Options
from agents.shoppers.profile import Profile
from agents.shoppers.records import outputs, versions
from agents.shoppers.searches import Remembered
from agents.shoppers.shelf import Shelf
from agents.shoppers.signals import signals_of
from agents.shoppers.tally import TALLIES, tally
from agents.topics import (
    CLICKS,
    COPY,
    DECISIONS,
    IDENTIFIES,
    ITEM_CARDS,
    ITEM_VECTORS,
    MERGES,
    PAIRS,
    POLICIES,
    RECOMMENDATIONS,
    REQUESTS,
    RESPONSES,
    SEARCHES,
    SENTIMENTS,
)
from models.api import Models

_SHOPPER = attrgetter("shopper")


class Shoppers(Portable):
    """Folds what a shopper does into a profile and mirrors the profile in lists."""

    name = "shoppers"
    state = Profile
    inputs = (
        Input(CLICKS, _SHOPPER),
        Input(SEARCHES, _SHOPPER),
        Input(REQUESTS, _SHOPPER),
        Input(IDENTIFIES, attrgetter("anonymous")),
        Input(SENTIMENTS, _SHOPPER),
        Input(MERGES, _SHOPPER),
    )
    facts = (PAIRS, MERGES, RESPONSES)
    outputs = (*facts, RECOMMENDATIONS, COPY, DECISIONS)
    tallies = TALLIES

    def __init__(self, models: Models, options: Options) -> None:
        self.models = models
        self.options = options
        self._lifetime = options.lifetime // timedelta(milliseconds=1)
        self._shelf = Shelf(models.embedder.version, models.embedder.size)
        self._remembered = Remembered()
        self._listed: set[str] = set()
        self.views = (
            View(ITEM_CARDS, self._shelf.put_card),
            View(ITEM_VECTORS, self._shelf.put_vector),
            View(POLICIES, self._shelf.put_policy),
        )

    def fold(self, state: Profile, event: Any, origin: Origin) -> Effects:
        """Change the profile; give pairs, a merge and the lists that are owed."""
        return fold(state, event, origin, self._lifetime)

    def life(self, state: Profile) -> Life:
        """Return how long the profile is of use."""
        return life(state, self._lifetime)

    def owes(self, state: Profile, event: Any, origin: Origin) -> Sequence[Owed]:
        """Return the lists that the event owes, folded or not."""
        del state, origin
        return owed_by(event)

    def plan(self, state: Profile, owed: Owed, epoch: int) -> Job:
        """Copy what a list needs."""
        return job_of(state, owed.request, epoch, self._shelf.look(), self.options)

    def score(self, jobs: Sequence[Job]) -> list[list[Output]]:
        """Make the lists, each model being asked once for all of them, and put them into records."""
        models = self.models
        made_with = versions(models, self.options)
        found = signals_of(jobs, models, self._remembered)
        return [
            outputs(job, make(job, signals, self.options), self.options, made_with)
            for job, signals in zip(jobs, found, strict=True)
        ]

    def pack(self, job: Job) -> bytes:
        """Return the job without the shelf."""
        return pack(job)

    def unpack(self, packed: bytes) -> Job:
        """Return the job with the shelf as it is now."""
        return unpack(packed, self._shelf.look())

    def finish(self, job: Job, scored: list[Output]) -> list[Output]:
        """Return the records; all of the work is done where it does not hold the driver's thread."""
        del job
        return scored

    def tally(self, job: Job, outputs: Sequence[Output]) -> Iterable[tuple[str, str, int]]:
        """Count lists by what they rest on, their slots by source, how varied they are, and copies made and missing."""
        return tally(job, outputs, self._listed)
