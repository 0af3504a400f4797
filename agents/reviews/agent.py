"""The agent `reviews`: what each review says, for its author's profile and for its item."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from agents.languages import is_foreign, ours
from agents.processor import Input, Mapper, Origin, Output, event_time, fact_id, moment
from agents.reviews.aspects import load
from agents.reviews.clauses import Clause, clauses
from agents.reviews.opinion import NOTHING, STARS, aspects, by_stars, mentions
from agents.topics import FEEDBACK, REVIEWS, SENTIMENTS
from models.api import Judgement, Models
from models.sentiment.clean import tidy
from models.sentiment.language import detect
from schemas.base import Language
from schemas.reviews import Review
from schemas.sentiments import Aspect, Feedback, Sentiment

MAX_TEXT = 4_000
"""Characters of a review that are searched for aspects, title included; how much it judges is the model's own matter."""


class _Job(NamedTuple):
    review: Review
    at: datetime
    text: str
    """Title and text that the model can judge; empty if there are none."""
    language: Language
    """Of the verdict, if the model gives none."""
    clauses: list[Clause]
    origin: Origin


class _Verdict(NamedTuple):
    judgement: Judgement
    aspects: tuple[Aspect, ...]
    model: str


class Reviews(Mapper):
    """Judges each review: one `Sentiment` and one `Feedback`, whatever it holds."""

    name = "reviews"
    inputs = (Input(REVIEWS),)
    outputs = (SENTIMENTS, FEEDBACK)

    def __init__(self, models: Models) -> None:
        self.models = models
        self._lexicon = load()

    def plan(self, event: Review, origin: Origin) -> _Job:
        """Note the text, and the clauses that speak of an aspect."""
        text = tidy("\n".join(part for part in (event.title.strip(), event.text.strip()) if part))
        at = moment(max(0, event_time(event.at, origin)[0]))
        language = ours(event.language) or "en"
        if is_foreign(event.language):
            language, text = detect(text[:MAX_TEXT]), ""
        return _Job(event, at, text, language, clauses(text[:MAX_TEXT], self._lexicon), origin)

    def score(self, jobs: Sequence[_Job]) -> list[_Verdict]:
        """Judge all texts and what they say of aspects in one call, in the language that they are in, whatever is said of it.

        Only what is said to be in a language that the model does not know is judged by its stars.
        """
        model = self.models.sentiment
        spoken = [job for job in jobs if job.text]
        parts = [mentions(job.clauses) for job in spoken]
        judged = iter(model.judge([job.text for job in spoken], [None] * len(spoken), parts))
        verdicts = []
        for job in jobs:
            if not job.text:
                name = NOTHING if job.review.stars is None else STARS
                verdicts.append(_Verdict(by_stars(job.review.stars, job.language), (), name))
                continue
            judgement = next(judged)
            verdicts.append(_Verdict(judgement, aspects(job.clauses, judgement.parts), model.version))
        return verdicts

    def finish(self, job: _Job, scored: _Verdict) -> Sequence[Output]:
        """Return the sentiment and the feedback."""
        review, judgement = job.review, scored.judgement
        feedback = Feedback(
            item=review.item,
            review_id=review.review_id,
            at=job.at,
            polarity=judgement.polarity,
            label=judgement.label,
            probability=judgement.probability,
            language=ours(review.language) or judgement.language,
            model=scored.model,
            stars=review.stars,
            aspects=scored.aspects,
        )
        sentiment = Sentiment(shopper=review.shopper, **msgspec.structs.asdict(feedback))
        return (
            Output(SENTIMENTS, review.shopper, sentiment, fact_id(job.origin, "sentiment"), job.at),
            Output(FEEDBACK, review.item, feedback, fact_id(job.origin, "feedback"), job.at),
        )
