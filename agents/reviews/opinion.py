"""What a review says, from what the model says of its text and clauses."""

from collections.abc import Sequence

from agents.reviews.clauses import Clause
from models.api import Judgement, Opinion, Part
from schemas.base import Language
from schemas.sentiments import Aspect, Label

STARS = "stars@1"
"""Name and version of the rule that stands in for the model where there is no text."""

NOTHING = "nothing@1"
"""The same for reviews without text and stars."""

_PLACES = 4

_CERTAINTY = {2.0: 0.9, 1.0: 0.7, 0.0: 0.5}
"""Whole stars away from the middle to how sure a label is: stars are a habit as much as a judgement, three say little."""

_UNSURE = 0.34
"""How sure *neutral* is of a review that says nothing: as sure as any of three labels, rounded up."""


def by_stars(stars: float | None, language: Language) -> Judgement:
    """Judge a review by its stars, which from -1 to 1 are the polarity; without stars it is neutral, and unsure."""
    if stars is None:
        return Judgement(polarity=0.0, label="neutral", probability=_UNSURE, language=language)
    away = stars - 3
    label: Label = "neutral" if abs(away) < 1 else "positive" if away > 0 else "negative"
    return Judgement(
        polarity=round(away / 2, _PLACES), label=label, probability=_CERTAINTY[float(int(abs(away)))], language=language
    )


def aspects(clauses: Sequence[Clause], opinions: Sequence[Opinion]) -> tuple[Aspect, ...]:
    """Return one opinion of each aspect, in the order of their mention; *opinions* are of the mentions, as `mentions` lists them.

    Its polarity is the mean over its mentions; the quote is of the clause that says it most clearly.
    """
    spoken: dict[str, list[tuple[float, Clause]]] = {}
    named = [(aspect, clause) for clause in clauses for aspect in clause.aspects]
    for (aspect, clause), opinion in zip(named, opinions, strict=True):
        spoken.setdefault(aspect, []).append((opinion.polarity, clause))
    return tuple(_aspect(name, said) for name, said in spoken.items())


def mentions(clauses: Sequence[Clause]) -> list[Part]:
    """Return the places of all aspects in the clauses."""
    return [place for clause in clauses for place in clause.aspects.values()]


def _aspect(name: str, said: Sequence[tuple[float, Clause]]) -> Aspect:
    mean = sum(polarity for polarity, _ in said) / len(said)
    sign = -1 if mean < 0 else 1
    _, clearest = max(said, key=lambda pair: sign * pair[0])
    return Aspect(name=name, polarity=round(mean, _PLACES), quote=clearest.quote(name))
