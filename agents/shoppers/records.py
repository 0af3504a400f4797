"""A list as the records that leave."""

from agents import weights
from agents.processor import REQUESTED, Output, copy_id, list_id, moment
from agents.shoppers import words
from agents.shoppers.job import Job
from agents.shoppers.lists import Made
from agents.shoppers.lottery import chance
from agents.shoppers.options import Options
from agents.topics import COPY, DECISIONS, RECOMMENDATIONS
from models.api import Models
from schemas.copy import Copy
from schemas.recommendations import Candidate, Decision, Recommendations, Slot

_LIST = "recommendations"


def outputs(job: Job, made: Made, options: Options, models: dict[str, str]) -> list[Output]:
    """Return the list, the words about its top items and, for a share of all lists, what it was made from."""
    found = [_recommendations(job, made, options, models), *_copies(job, made, options)]
    if chance(options.seed, job.ask.shopper, job.revision, job.ask.placement, "decision") < options.decisions:
        found.append(_decision(job, made, options, models))
    return found


def versions(models: Models, options: Options) -> dict[str, str]:
    """Return the version of all that decides about a list."""
    return {
        "embedder": models.embedder.version,
        "interest": models.interest.version,
        **({"sequence": models.sequence.version} if models.sequence is not None else {}),
        "score": weights.version(options.weights),
        "words": words.VERSION,
    }


def _recommendations(job: Job, made: Made, options: Options, models: dict[str, str]) -> Output:
    at, name = moment(job.at), _id(job, _LIST)
    record = Recommendations(
        recommendation_id=name,
        shopper=job.ask.shopper,
        placement=job.ask.placement,
        epoch=job.epoch,
        revision=job.revision,
        at=at,
        valid_until=at + options.list_lifetime,
        slots=tuple(
            Slot(item=one.item, score=one.score, source=one.source, propensity=round(propensity, 6), reason=reason)
            for (one, propensity), reason in zip(made.placed, made.reasons, strict=True)
        ),
        models=models,
        view=job.look.version,
        request_id=job.ask.request_id,
    )
    return Output(RECOMMENDATIONS, job.ask.shopper, record, name, at)


def _copies(job: Job, made: Made, options: Options) -> list[Output]:
    at = moment(job.at)
    found = []
    for item, composed in made.words:
        ask = job.ask
        name = copy_id(ask.shopper, job.epoch, job.revision, ask.placement, item, _suffix(job))
        record = Copy(
            copy_id=name,
            shopper=job.ask.shopper,
            item=item,
            placement=job.ask.placement,
            epoch=job.epoch,
            revision=job.revision,
            at=at,
            valid_until=at + options.list_lifetime,
            text=composed.text,
            claims=composed.claims,
            writer=words.VERSION,
            recommendation_id=_id(job, _LIST),
        )
        found.append(Output(COPY, job.ask.shopper, record, name, at))
    return found


def _decision(job: Job, made: Made, options: Options, models: dict[str, str]) -> Output:
    at = moment(job.at)
    slots = {one.item: (place, propensity) for place, (one, propensity) in enumerate(made.placed)}
    record = Decision(
        recommendation_id=_id(job, _LIST),
        shopper=job.ask.shopper,
        placement=job.ask.placement,
        epoch=job.epoch,
        revision=job.revision,
        at=at,
        models=models,
        view=job.look.version,
        candidates=tuple(
            Candidate(
                item=one.item,
                source=one.source,
                score=one.score,
                features=one.features,
                slot=slots[one.item][0] if one.item in slots else None,
                propensity=round(slots[one.item][1], 6) if one.item in slots else None,
            )
            for one in made.considered
        ),
        request_id=job.ask.request_id,
        weights=options.weights,
        kept_out=tuple(made.kept_out),
    )
    return Output(DECISIONS, job.ask.shopper, record, _id(job, "decision"), at)


def _id(job: Job, kind: str) -> str:
    """Return the id of a list, or of what it was made from."""
    return list_id(job.ask.shopper, job.epoch, job.revision, job.ask.placement, kind + _suffix(job))


def _suffix(job: Job) -> str:
    return REQUESTED if job.ask.requested else ""
