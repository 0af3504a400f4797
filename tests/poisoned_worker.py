"""A worker without artefacts whose model fails for MALLORY until the file TEST_MENDED exists.  Settings as of `vitrine worker`."""

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from agents.app import build, run
from agents.processor import Output
from agents.reviews.agent import Reviews
from agents.settings import Settings, load
from agents.shoppers.agent import Shoppers
from agents.shoppers.job import Job
from agents.wiring import options, stages
from models.api import Judgement, Part
from schemas.base import Language
from tests.doubles import MODELS, WordSentiment

MALLORY = "mallory"
POISON = "poison"
"""A review that holds this can't be judged."""


def fail_unless_mended() -> None:
    if not Path(os.environ["TEST_MENDED"]).exists():
        message = "the model is broken"
        raise ValueError(message)


class PoisonedShoppers(Shoppers):
    """Cannot make a list for MALLORY."""

    def score(self, jobs: Sequence[Job]) -> list[list[Output]]:
        if any(job.ask.shopper == MALLORY for job in jobs):
            fail_unless_mended()
        return super().score(jobs)


class PoisonedSentiment(WordSentiment):
    """Cannot judge what holds POISON."""

    def judge(
        self,
        texts: Sequence[str],
        languages: Sequence[Language | None],
        parts: Sequence[Sequence[Part]] | None = None,
    ) -> list[Judgement]:
        if any(POISON in text for text in texts):
            fail_unless_mended()
        return super().judge(texts, languages, parts)


def main() -> int:
    """Run until a signal comes."""
    logging.basicConfig(stream=sys.stderr)
    settings = _settings()
    models = MODELS._replace(sentiment=PoisonedSentiment())
    _, _, *rest = stages(settings, models)
    app, health = build(settings, (lists(), Reviews(models), *rest), lists="tests.poisoned_worker:lists")
    return run(app, health)


def lists() -> PoisonedShoppers:
    """Return the processor of lists, also for a process that makes nothing else."""
    return PoisonedShoppers(MODELS, options(_settings()))


def _settings() -> Settings:
    return load({name: value for name, value in os.environ.items() if name.startswith("VITRINE_")})


if __name__ == "__main__":
    sys.exit(main())
