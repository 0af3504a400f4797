"""What a profile says about its shopper, as numbers that a list can be made from.

Touches count by how eager they are and less the older they are: half after two weeks, and 3 % less for each newer one.
"""

from datetime import timedelta
from typing import NamedTuple

from agents.shoppers.job import Job
from agents.shoppers.likings import Liking
from agents.shoppers.profile import ADD_TO_CART, CLICK, PURCHASE, THOUSANDTHS, VIEW

EAGERNESS = {VIEW: 1.0, CLICK: 1.0, ADD_TO_CART: 2.0, PURCHASE: 3.0}
HALF_LIFE = timedelta(days=14) // timedelta(milliseconds=1)
FADING = 0.97
ATTENTION = 0.12
"""How fast attention falls along a list: place n counts as seen 1 / (1 + ATTENTION n) times."""
RECENT = 12
"""Distinct items touched last that candidates are compared with."""
LIKED = 0.3
"""Polarity from which an opinion says that an item is liked, or, below its negative, disliked."""

SHARE_TOUCHED, SHARE_LOOKS = 0.5, 2.0
"""A shopper of whom nothing is known touches this much of this many looks at a category."""
LOOK = 0.25
"""What one look at a slot weighs against one touch."""
BRAND_LOOKS = 3.0
ATTENDED = 0.7
"""What the item touched before counts against the one touched after it, in what is met beside them."""
LATELY = timedelta(hours=1) // timedelta(milliseconds=1)
"""Half-life of what was touched lately."""
MEETINGS = 2.0
"""Weight of touched neighbours at which an item counts as half way to met always."""


class Taste(NamedTuple):
    """Likes of one shopper."""

    recent: dict[str, float]
    """The items touched last to how much each counts, newest first."""
    lately: dict[str, float]
    """The same items to how lately they were touched, 0 to 1."""
    together: dict[str, float]
    """Their neighbours to how much they are met beside them, 0 to 1."""
    categories: dict[str, float]
    """Category to the share of looks that became touches, 0 to 1: the mean of a beta distribution."""
    brands: dict[str, float]
    """Brand to 0..1."""
    aspects: dict[str, float]
    """Aspect to its share of what the shopper's own reviews praise; empty or of sum 1."""
    touched: dict[str, int]
    """Item to the clicks and views of it."""
    passed: dict[str, float]
    """Item to how often it was seen in a list since it was touched."""
    disliked: frozenset[str]

    def category(self, name: str) -> float:
        """Return the liking of a category, 0 to 1; the prior for one that was never met."""
        return self.categories.get(name, SHARE_TOUCHED / SHARE_LOOKS)


def taste_of(job: Job) -> Taste:
    """Sum up what is known of the shopper of *job*."""
    cards = job.look.cards
    recent: dict[str, float] = {}
    touches: dict[str, float] = {}
    brands: dict[str, float] = {}
    touched: dict[str, int] = {}
    last: dict[str, int] = {}
    weight = 1.0
    for touch in reversed(job.touches):
        item = touch.item
        counts = EAGERNESS[touch.kind] * weight * 0.5 ** (max(0, job.at - touch.at) / HALF_LIFE)
        weight *= FADING
        if item in recent:
            recent[item] += counts
        elif len(recent) < RECENT:
            recent[item] = counts
        if touch.kind in {VIEW, CLICK}:
            touched[item] = touched.get(item, 0) + 1
        last.setdefault(item, touch.at)
        card = cards.get(item)
        if card is not None and card.facts is not None:
            touches[card.facts.category] = touches.get(card.facts.category, 0.0) + counts
            brands[card.facts.brand] = brands.get(card.facts.brand, 0.0) + counts
    passed, looks = _looks(job, last)
    return Taste(
        recent=recent,
        lately=_lately(job, recent, last),
        together=_together(job, recent),
        categories=_shares(touches, looks),
        brands={name: round(counts / (counts + BRAND_LOOKS), 4) for name, counts in brands.items() if name},
        aspects=_aspects(job.likes),
        touched=touched,
        passed=passed,
        disliked=frozenset(item for item, opinion in job.opinions.items() if opinion.polarity <= -LIKED * THOUSANDTHS),
    )


def liking_of(job: Job, taste: Taste) -> Liking:
    """Return what words about any item may lean on; a query belongs to the items that match it."""
    cards = job.look.cards
    counts: dict[str, int] = {}
    brands: dict[str, int] = {}
    newest: dict[str, str] = {}
    for touch in reversed(job.touches):
        card = cards.get(touch.item)
        if card is not None and card.facts is not None:
            counts[card.facts.category] = counts.get(card.facts.category, 0) + 1
            brands[card.facts.brand] = brands.get(card.facts.brand, 0) + 1
            newest.setdefault(card.facts.category, touch.item)
    category = next((name for name in newest if name and counts[name] > 1), "")
    met = sorted((-count, name) for name, count in brands.items() if name and count > 1)
    return Liking(
        language=job.language,
        category=category,
        category_item=newest.get(category, "") if category else "",
        brand=met[0][1] if met else "",
        aspects=taste.aspects,
    )


def _looks(job: Job, last: dict[str, int]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the looks at each item since it was touched, and at each category, in the lists shown."""
    cards = job.look.cards
    passed: dict[str, float] = {}
    looks: dict[str, float] = {}
    for shown in job.shown:
        for place, item in enumerate(shown.items):
            look = 1.0 / (1.0 + ATTENTION * place)
            if last.get(item, shown.at - 1) < shown.at:
                passed[item] = passed.get(item, 0.0) + look
            card = cards.get(item)
            if card is not None and card.facts is not None:
                looks[card.facts.category] = looks.get(card.facts.category, 0.0) + look
    return passed, looks


def _shares(touches: dict[str, float], looks: dict[str, float]) -> dict[str, float]:
    """Return the share of looks at each category that became touches, shrunk to what is usual."""
    shares = {}
    for name in (*touches, *looks):
        touched = touches.get(name, 0.0)
        looked = touched + SHARE_LOOKS + LOOK * looks.get(name, 0.0)
        shares[name] = round((touched + SHARE_TOUCHED) / looked, 4)
    return shares


def _lately(job: Job, recent: dict[str, float], last: dict[str, int]) -> dict[str, float]:
    """Return how lately each item was touched: by its place among them, squared, and by the hour."""
    return {
        item: round(0.5 ** (max(0, job.at - last[item]) / LATELY) / (1 + place) ** 2, 4)
        for place, item in enumerate(recent)
    }


def _together(job: Job, recent: dict[str, float]) -> dict[str, float]:
    """Return how much each neighbour of the items touched last is met beside them, 0 to 1."""
    met: dict[str, float] = {}
    for place, (item, counts) in enumerate(recent.items()):
        card = job.look.cards.get(item)
        if card is None or not card.neighbours:
            continue
        heaviest, attention = card.neighbours[0].weight, counts * ATTENDED**place
        for neighbour in card.neighbours:
            if heaviest > 0:
                met[neighbour.item] = met.get(neighbour.item, 0.0) + attention * neighbour.weight / heaviest
    return {item: total / (total + MEETINGS) for item, total in met.items()}


def _aspects(likes: dict[str, int]) -> dict[str, float]:
    praised = {name: polarity for name, polarity in sorted(likes.items()) if polarity > 0}
    total = sum(praised.values())
    return {name: round(polarity / total, 4) for name, polarity in praised.items()}
