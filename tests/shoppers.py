"""A shop in a few lines: shoppers, their events, and items on the shelf."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from agents.processor import Effects, Origin, Output, fold_once, sources
from agents.shoppers.agent import Shoppers
from agents.shoppers.job import Job
from agents.shoppers.options import Options
from agents.shoppers.profile import Profile
from agents.topics import CLICKS, IDENTIFIES, MERGES, REQUESTS, SEARCHES, SENTIMENTS, Topic
from models.api import Models
from schemas.base import Localized
from schemas.cards import ItemCard, ItemVector
from schemas.catalog import CatalogItem
from schemas.clicks import AddToCart, Basket, Click, CopyShown, ListShown, Order, Purchase, View
from schemas.identifies import Identify, Merge
from schemas.policies import Policy
from schemas.recommendations import Decision, Recommendations
from schemas.requests import Request
from schemas.searches import Search
from schemas.sentiments import Aspect, Sentiment
from tests.doubles import MODELS

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
LONG_AFTER = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1000)
STEADY = Options(explore=0)

TOPIC_OF: dict[type, Topic] = {
    **dict.fromkeys((View, Click, AddToCart, Purchase, Basket, Order, ListShown, CopyShown), CLICKS),
    Search: SEARCHES,
    Request: REQUESTS,
    Identify: IDENTIFIES,
    Sentiment: SENTIMENTS,
    Merge: MERGES,
}


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def facts(item: str, title: str | Localized = "", **more: Any) -> CatalogItem:
    """Describe an item; a *title* without a language is English."""
    titles: Localized = title if isinstance(title, dict) else {"en": title or f"thing {item}"}
    return CatalogItem(item=item, at=START, title=titles, **more)


def sentiment(shopper: str, item: str, polarity: float, at: datetime = START) -> Sentiment:
    return Sentiment(
        shopper=shopper,
        item=item,
        review_id="r",
        at=at,
        polarity=polarity,
        label="positive",
        probability=0.9,
        language="en",
        model="words@1",
        aspects=(Aspect(name="quality", polarity=polarity, quote="so good"),),
    )


class World:
    """Shoppers and a shelf, without a broker."""

    def __init__(self, options: Options = STEADY, models: Models = MODELS) -> None:
        self.folder = Shoppers(models, options)
        self.models = models
        self.profiles: dict[str, Profile] = {}
        self._places = [topic.name for topic in sources(self.folder)]
        self._offsets = itertools.count()

    def profile(self, shopper: str) -> Profile:
        if shopper not in self.profiles:
            profile = self.folder.new()
            profile.offsets = [-1] * len(self._places)
            self.profiles[shopper] = profile
        return self.profiles[shopper]

    def stock(self, *items: CatalogItem, **card: Any) -> None:
        """Put items on the shelf, with the vectors of their English titles."""
        card_view, vector_view, _ = self.folder.views
        model = self.models.embedder.version
        for item in items:
            card_view.apply(item.item, ItemCard(item=item.item, revision=1, at=START, facts=item, **card))
            vector = self.models.embedder.encode([item.title.get("en", item.item)])[0].astype("<f2").tobytes()
            vector_view.apply(f"{item.item}\n{model}", ItemVector(item=item.item, model=model, vector=vector))

    def card(self, card: ItemCard) -> None:
        self.folder.views[0].apply(card.item, card)

    def set(self, *policies: Policy) -> None:
        """Let merchants set policies."""
        for policy in policies:
            self.folder.views[2].apply(policy.policy, policy)

    def end(self, policy: str) -> None:
        """Let a merchant end one."""
        self.folder.views[2].apply(policy, None)

    def fold(self, event: Any, *, offset: int, timestamp: int = LONG_AFTER, ce_id: str | None = None) -> Any:
        """Fold one event; return what comes of it."""
        topic = TOPIC_OF[type(event)].name
        key = event.anonymous if isinstance(event, Identify) else event.shopper
        origin = Origin(topic, 0, offset, timestamp, ce_id)
        return fold_once(self.folder, self.profile(key), self._places.index(topic), offset, event, origin)

    def feed(self, *events: Any) -> Effects:
        """Fold events, and the merges that come of them; return what came of the last one."""
        effects = Effects()
        for event in events:
            effects = self.fold(event, offset=next(self._offsets))
            for fact in effects.facts:
                if fact.topic is MERGES:
                    self.fold(fact.value, offset=next(self._offsets), ce_id=fact.id)
        return effects

    def job(self, shopper: str, **ask: Any) -> Job:
        owed = self.folder.owes(None, Request(shopper=shopper, at=START, **ask), None)[0]  # type: ignore[arg-type]
        return self.folder.plan(self.profile(shopper), owed, 0)

    def outputs(self, shopper: str, **ask: Any) -> list[Output]:
        """Make a list and return all that leaves."""
        job = self.job(shopper, **ask)
        return list(self.folder.finish(job, self.folder.score([job])[0]))

    def counted(self, shopper: str, **ask: Any) -> list[tuple[str, str, int]]:
        """Make a list and return what is counted of it."""
        return list(self.folder.tally(self.job(shopper, **ask), self.outputs(shopper, **ask)))

    def recommend(self, shopper: str, **ask: Any) -> Recommendations:
        record = self.outputs(shopper, **ask)[0].value
        assert isinstance(record, Recommendations)
        return record

    def items(self, shopper: str, **ask: Any) -> list[str]:
        return [slot.item for slot in self.recommend(shopper, **ask).slots]

    def decision(self, shopper: str, **ask: Any) -> Decision:
        record = self.outputs(shopper, **ask)[-1].value
        assert isinstance(record, Decision)
        return record
