"""A visit of a simulated shopper: what is looked at, clicked, bought, searched and reviewed."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Any, Protocol

import msgspec

from agents.shop.catalogue import Article, happens
from agents.shop.groups import Group
from agents.shop.opinions import Phrases
from agents.shop.tastes import EXAMINED, Taste, click_chance, liking
from schemas.base import Record
from schemas.clicks import AddToCart, Click, CopyShown, ListShown, Purchase, View
from schemas.requests import Request
from schemas.reviews import Review
from schemas.searches import Search

Act = Callable[..., Record]
"""Makes the record of what was done when it is told *at*."""

SEARCHES = 0.3
"""Probability to search after a page."""

BROWSED = 3
"""Results of a search that are looked at, at most."""


class Page(msgspec.Struct, frozen=True):
    """A list as it is seen."""

    articles: tuple[Article, ...]
    recommendation_id: str | None = None
    copies: dict[str, str] = {}
    """Item to the id of the copy shown with it."""
    explored: int = 0
    """Slots that the lot filled."""


class Shopper(msgspec.Struct):
    """One shopper and what became of earlier visits."""

    name: str
    group: Group
    taste: Taste
    visits: int = 0
    clicked: Counter[str] = msgspec.field(default_factory=Counter)
    bought: Counter[str] = msgspec.field(default_factory=Counter)
    unreviewed: list[Article] = []
    last_at: int = 0
    """Time of the newest event, in milliseconds since 1970."""

    def may_want(self, article: Article) -> bool:
        """Return whether it makes sense to offer the article again."""
        return article.facts.rebuy or not self.bought[article.facts.item]


class World(Protocol):
    """What a visit asks of the shop."""

    articles: Sequence[Article]

    def page(self, shopper: Shopper) -> Page | None:
        """Return what the shopper is shown now; None: nothing yet."""

    def in_stock(self, item: str) -> bool:
        """Return whether the item can be bought."""

    def clicked(self, shopper: Shopper) -> None:
        """Note a click on an item of a list."""

    def opened(self, item: str) -> None:
        """Note a look at an item's page."""

    def sold(self, item: str) -> None:
        """Take one piece out of stock."""


class Visit:
    """One visit, act by act; the shop may change between two acts."""

    def __init__(self, shopper: Shopper, world: World, phrases: Phrases, rng: Random) -> None:
        shopper.visits += 1
        self._shopper = shopper
        self._world = world
        self._phrases = phrases
        self._rng = rng
        self._session = f"{shopper.name}/{shopper.visits}"
        self._who: dict[str, Any] = {"shopper": shopper.name, "language": shopper.taste.language}

    def acts(self) -> Iterator[Act]:
        """Yield acts until the shopper leaves: old purchases are reviewed first, then pages and searches follow."""
        shopper, rng = self._shopper, self._rng
        for article in shopper.unreviewed:
            yield self._review(article)
        shopper.unreviewed = []
        yield partial(Request, **self._who, request_id=f"{self._session}/home")
        while True:
            page = self._world.page(shopper)
            if page is not None and page.articles:
                yield from self._look(page)
            if page is None or happens(rng, SEARCHES):
                yield from self._search()
            if not happens(rng, shopper.taste.patience):
                return

    def _look(self, page: Page) -> Iterator[Act]:
        shopper, rng = self._shopper, self._rng
        items = tuple(article.facts.item for article in page.articles)
        yield self._act(ListShown, items=items, recommendation_id=page.recommendation_id)
        for item, copy_id in page.copies.items():
            yield self._act(CopyShown, copy_id=copy_id, item=item)
        for position, article in enumerate(page.articles):
            item = article.facts.item
            chance = click_chance(
                shopper.taste, article, clicked=shopper.clicked[item], in_stock=self._world.in_stock(item)
            )
            if rng.random() * (1 + EXAMINED * position) >= chance or not shopper.may_want(article):
                continue
            shopper.clicked[item] += 1
            self._world.clicked(shopper)
            found = {"recommendation_id": page.recommendation_id, "copy_id": page.copies.get(item)}
            yield self._act(Click, item=item, position=position, **found)
            yield from self._consider(article)

    def _search(self) -> Iterator[Act]:
        """Look for something liked, and open the results that please most."""
        shopper, rng = self._shopper, self._rng
        articles = self._world.articles
        pool = rng.sample(articles, 24)
        wanted = max(pool, key=lambda article: liking(shopper.taste, article))
        yield self._act(Search, query=self._phrases.query(shopper.taste, wanted, rng))
        results = [article for article in articles if article.product == wanted.product]
        rest = [article for article in articles if article.facts.category == wanted.facts.category]
        results += [article for article in rng.sample(rest, BROWSED) if article.product != wanted.product]
        for found in results[:BROWSED]:
            if happens(rng, 0.25 + 0.4 * (found is wanted)):
                yield from self._consider(found)

    def _consider(self, article: Article) -> Iterator[Act]:
        """See the item's page, and perhaps buy."""
        shopper, rng = self._shopper, self._rng
        item, price = article.facts.item, article.facts.price
        self._world.opened(item)
        yield self._act(View, item=item)
        eager = max(0.05, min(0.6, 0.15 * liking(shopper.taste, article)))
        if rng.random() >= eager or not self._world.in_stock(item) or not shopper.may_want(article):
            return
        yield self._act(AddToCart, item=item, price=price)
        if happens(rng, 0.5) and self._world.in_stock(item):
            shopper.bought[item] += 1
            self._world.sold(item)
            if happens(rng, shopper.taste.talks):
                shopper.unreviewed.append(article)
            yield self._act(Purchase, item=item, price=price)

    def _review(self, article: Article) -> Act:
        words = self._phrases.review(self._shopper.taste, article, self._rng)
        return partial(
            Review,
            **self._who,
            review_id=f"{self._session}/{article.facts.item}",
            item=article.facts.item,
            text=words.text,
            stars=float(words.stars) if happens(self._rng, 0.6) else None,
        )

    def _act(self, kind: Callable[..., Record], **fields: object) -> Act:
        return partial(kind, **self._who, session=self._session, **fields)
