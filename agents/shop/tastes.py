"""What a simulated shopper likes: hidden from the agents, who see only what the shopper does."""

import math
from collections.abc import Sequence
from random import Random

import msgspec

from agents.shop.catalogue import LANGUAGES, Article
from schemas.base import Language

EXAMINED = 0.12
"""How fast attention falls along a list: slot n is looked at with probability 1 / (1 + EXAMINED n)."""


class Taste(msgspec.Struct, frozen=True):
    """Hidden likes of one shopper."""

    language: Language
    categories: dict[str, float]
    """Favourite category to 0..1."""
    products: frozenset[str]
    """English names of the favourite products."""
    style: str
    brands: frozenset[str]
    thrift: float
    """How much a high price puts off, 0..1."""
    budget: float
    """The price that feels normal."""
    patience: float
    """Probability to stay after a page."""
    talks: float
    """Probability to review what was bought."""


def draw(articles: Sequence[Article], rng: Random) -> Taste:
    """Return a taste: two or three favourite categories, a few products in them, a style and brands."""
    categories = sorted({article.facts.category for article in articles})
    favourites = rng.sample(categories, rng.choice((2, 2, 3)))
    within = sorted({article.product["en"] for article in articles if article.facts.category in favourites})
    brands = sorted({article.facts.brand for article in articles if article.facts.category in favourites})
    return Taste(
        language=rng.choice(LANGUAGES),
        categories={category: rng.uniform(0.6, 1.0) for category in favourites},
        products=frozenset(rng.sample(within, 4)),
        style=rng.choice(sorted({article.style for article in articles})),
        brands=frozenset(rng.sample(brands, 2)),
        thrift=rng.random(),
        budget=rng.uniform(25, 120),
        patience=rng.uniform(0.55, 0.85),
        talks=rng.uniform(0.3, 0.9),
    )


def liking(taste: Taste, article: Article) -> float:
    """Return how much the article is wanted, as a log-odds without the odds of a click itself."""
    facts = article.facts
    wanted = 2.0 * taste.categories[facts.category] if facts.category in taste.categories else -0.4
    wanted += 0.9 * (article.product["en"] in taste.products)
    wanted += 0.4 * (article.style == taste.style) + 0.3 * (facts.brand in taste.brands)
    wanted += 0.8 * article.appeal
    if facts.price:
        wanted -= 0.5 * taste.thrift * max(0.0, math.log(facts.price / taste.budget))
    return wanted + 0.3 * (facts.was is not None)


def click_chance(taste: Taste, article: Article, *, clicked: int, in_stock: bool) -> float:
    """Return the probability of a click on an article that is looked at; *clicked*: how often it was clicked before."""
    wanted = liking(taste, article) - 3.3 - 0.5 * min(clicked, 3) - (0.0 if in_stock else 1.5)
    return 1 / (1 + math.exp(-wanted))


def opinion(taste: Taste, article: Article, aspect: str) -> float:
    """Return what the shopper truly thinks of one aspect, -1..1."""
    value = article.virtues[aspect]
    if aspect == "price":
        value -= 0.5 * taste.thrift
    if aspect == "looks":
        value += 0.4 if article.style == taste.style else -0.1
    return max(-1.0, min(1.0, value))
