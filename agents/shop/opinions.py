"""Words of simulated shoppers: reviews that say what their author thinks, and search queries."""

from collections.abc import Sequence
from random import Random
from typing import Any, Literal

import msgspec

from agents.shop.catalogue import ASPECTS, Article, happens, resource
from agents.shop.tastes import Taste, opinion

Mood = Literal["positive", "mixed", "negative"]

CLEAR = 0.25
"""An aspect whose opinion is nearer to zero than this is not worth a sentence."""


class Words(msgspec.Struct, frozen=True):
    """A review before it has an id."""

    text: str
    mood: Mood
    stars: int


class Phrases:
    """The grammar of reviews and queries in both languages."""

    def __init__(self, grammar: dict[str, Any] | None = None) -> None:
        self._grammar = grammar or resource("opinions.json")

    def review(self, taste: Taste, article: Article, rng: Random) -> Words:
        """Return a review in the shopper's language: the mood, one to three aspects, sometimes a last word."""
        grammar = self._grammar[taste.language]
        views = {aspect: opinion(taste, article, aspect) for aspect in ASPECTS}
        named = [aspect for aspect in rng.sample(ASPECTS, 5) if abs(views[aspect]) >= CLEAR][:3]
        mean = sum(views[aspect] for aspect in named) / max(1, len(named))
        mood = _mood(mean, [views[aspect] > 0 for aspect in named])
        parts = [rng.choice(grammar["open"][mood])]
        parts += self._aspects(grammar, [(aspect, views[aspect] > 0) for aspect in named], rng)
        parts.append(rng.choice(grammar["close"][mood]))
        text = ("" if taste.language == "zh" else " ").join(part for part in parts if part)
        text = text.replace("{p}", article.product[taste.language])
        stars = {"positive": 5, "mixed": 3, "negative": 1}[mood]
        nuance = (-1 if mean > 0 else 1) if happens(rng, 0.4) else 0
        return Words(text=text, mood=mood, stars=stars + nuance)

    def query(self, taste: Taste, article: Article, rng: Random) -> str:
        """Return what somebody who wants an article like this types into the search box."""
        language = taste.language
        pattern: str = rng.choice(self._grammar[language]["queries"])
        return pattern.format(
            p=article.product[language],
            v=article.variant[language],
            c=article.facts.category_name[language],
            s=article.facts.attributes["style"][language],
            b=article.facts.brand,
        )

    @staticmethod
    def _aspects(grammar: dict[str, Any], named: Sequence[tuple[str, bool]], rng: Random) -> list[str]:
        sentences = []
        for n, (aspect, good) in enumerate(named):
            sentence = rng.choice(grammar["aspects"][aspect]["positive" if good else "negative"])
            turn = n > 0 and good != named[n - 1][1]
            sentences.append(rng.choice(grammar["but"]) + sentence if turn else sentence)
        return sentences


def _mood(mean: float, goods: Sequence[bool]) -> Mood:
    """Return positive or negative where every aspect named agrees, or nearly all the weight does; else mixed."""
    if goods and (all(goods) or (any(goods) and mean > 2 * CLEAR)):
        return "positive"
    if goods and (not any(goods) or mean < -2 * CLEAR):
        return "negative"
    return "mixed"
