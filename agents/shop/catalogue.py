"""What the simulated shop sells, and the truth about it that no record tells."""

from datetime import datetime
from importlib import resources
from random import Random
from typing import Any

import msgspec

from schemas.base import Language, Localized, Record
from schemas.catalog import CatalogItem

LANGUAGES: tuple[Language, ...] = ("en", "zh")
ASPECTS = ("quality", "fit", "price", "delivery", "packaging", "service", "looks", "function")


class Article(Record, frozen=True, kw_only=True):
    """An item on sale and what only the simulation knows of it."""

    facts: CatalogItem
    product: Localized
    """What it is, without brand and variant: chopping board."""
    variant: Localized
    style: str
    appeal: float
    """How good it is, whatever one's taste: standard normal, cut at 2; what makes an item popular."""
    virtues: dict[str, float]
    """Aspect to -1..1: what an honest review says of it."""


def happens(rng: Random, probability: float) -> bool:
    """Return True with this probability."""
    return rng.random() < probability


def resource(name: str) -> Any:
    """Return the JSON file *name* of this package."""
    return msgspec.json.decode(resources.files("agents.shop").joinpath(name).read_bytes())


def stock_up(rng: Random, at: datetime) -> tuple[Article, ...]:
    """Return every article, 144 in 12 categories; the same *rng* gives the same ones."""
    data = resource("catalogue.json")
    return tuple(
        _article(data, category, number, rng, at)
        for category in data["categories"]
        for number in range(2 * len(category["products"]))
    )


def _article(data: dict[str, Any], category: dict[str, Any], number: int, rng: Random, at: datetime) -> Article:
    """Return the *number*-th article of a category: each product in its first variant, then each in its second."""
    variant_number, product_number = divmod(number, len(category["products"]))
    english, chinese, base, rebuy, attribute, variants, line, line_zh = category["products"][product_number]
    variant = dict(zip(LANGUAGES, variants[variant_number], strict=True))
    brand = rng.choice(category["brands"])
    style = rng.choice(data["styles"])
    style_line = rng.choice(style["lines"])
    origin = dict(zip(LANGUAGES, rng.choice(data["origins"]), strict=True))
    appeal = max(-2.0, min(2.0, rng.gauss(0, 1)))
    price = round(base * rng.uniform(0.8, 1.25)) - 0.1
    facts = CatalogItem(
        item=f"{category['id']}-{number + 1:02d}",
        title={"en": f"{brand} {variant['en']} {english}", "zh": f"{brand} {variant['zh']}{chinese}"},
        at=at,
        description={"en": f"{line} {style_line[0]}", "zh": f"{line_zh}{style_line[1]}"},
        category=category["id"],
        category_name={"en": category["en"], "zh": category["zh"]},
        brand=brand,
        price=round(price, 2),
        was=round(price * rng.choice((1.15, 1.25, 1.4)), 2) if happens(rng, 0.2) else None,
        stock=0 if happens(rng, 0.03) else rng.randint(6, 60),
        rebuy=bool(rebuy),
        attributes={attribute: variant, "style": {"en": style["en"], "zh": style["zh"]}, "origin": origin},
    )
    virtues = {aspect: max(-1.0, min(1.0, rng.gauss(0.25 + 0.45 * appeal, 0.5))) for aspect in ASPECTS}
    return Article(
        facts=facts,
        product={"en": english, "zh": chinese},
        variant=variant,
        style=style["en"],
        appeal=appeal,
        virtues=virtues,
    )
