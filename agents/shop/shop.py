"""The simulated shop: shoppers come, act and leave; lists come in; who is shown which list depends on the group.

Pure: the time of an act and the randomness are given, and the lists are handed in by whoever talks to a broker.
"""

from collections.abc import Container, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec

from agents.shop.catalogue import Article, stock_up
from agents.shop.groups import GROUPS, Group, Popular, Tally, group_of
from agents.shop.opinions import Phrases
from agents.shop.shoppers import Act, Page, Shopper, Visit
from agents.shop.tastes import draw
from agents.shop.variety import Seen
from agents.topics import CATALOG, CLICKS, REQUESTS, REVIEWS, SEARCHES, Topic
from schemas.base import Record
from schemas.copy import Copy
from schemas.recommendations import DRAWN, Recommendations
from schemas.requests import Request
from schemas.reviews import Review
from schemas.searches import Search

PLACEMENT = "home"
LIST_SIZE = 10
RESTOCK_AFTER = 400
"""Events until an item that is sold out comes back."""


class Emission(msgspec.Struct, frozen=True):
    """A record that the shop produces."""

    topic: Topic
    key: str
    at: datetime
    record: Record


class Shop:
    """A shop with *shoppers* shoppers, *present* of whom are there at any time."""

    def __init__(self, *, shoppers: int, present: int, seed: int, opened: datetime) -> None:
        rng = Random(seed)  # noqa: S311  a simulation, repeatable by its seed
        self.articles: Sequence[Article] = stock_up(rng, opened)
        self.shoppers = {name: _shopper(name, self.articles, rng) for name in map(_name, range(shoppers))}
        self.tallies: dict[Group, Tally] = {group: Tally() for group in GROUPS}
        self.seen: dict[Group, Seen] = {group: Seen() for group in GROUPS}
        self.lists: dict[str, Recommendations] = {}
        self.copies: dict[str, dict[str, Copy]] = {}
        self.sent = 0
        self._by_item = {article.facts.item: article for article in self.articles}
        self._stock = {article.facts.item: article.facts.stock or 0 for article in self.articles}
        self._restocks = {item: RESTOCK_AFTER for item, stock in self._stock.items() if not stock}
        self._restocked: list[str] = []
        self._popular = Popular(self._by_item)
        self._phrases = Phrases()
        self._rng = rng
        self._idle = list(self.shoppers.values())
        rng.shuffle(self._idle)
        self._present: list[tuple[Shopper, Iterator[Act]]] = []
        for _ in range(min(present, shoppers)):
            self._enter()

    def catalogue(self, at: datetime) -> list[Emission]:
        """Return the records that make the catalogue known."""
        return [self._offer(item, at) for item in self._by_item]

    def act(self, now: datetime, waiting: Container[str] = ()) -> list[Emission]:
        """Let one shopper act who is not *waiting*; return the event, and before it what changed in the catalogue.

        Nothing if all are waiting.  An event of a shopper is at least a millisecond younger than the one before it.
        """
        free = [place for place, (shopper, _) in enumerate(self._present) if shopper.name not in waiting]
        if not free:
            return []
        place = self._rng.choice(free)
        shopper, acts = self._present[place]
        act = next(acts, None)
        while act is None:
            self._leave(place)
            shopper, acts = self._present[place]
            act = next(acts, None)
        self.sent += 1
        shopper.last_at = max(milliseconds(now), shopper.last_at + 1)
        at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=shopper.last_at)
        record = act(at=at)
        return [*self._changes(at), Emission(_topic(record), shopper.name, at, record)]

    def receive(self, record: Recommendations | Copy) -> None:
        """Take a list or a copy that arrived; an older one than known is put aside."""
        if isinstance(record, Copy):
            of_shopper = self.copies.setdefault(record.shopper, {})
            known = of_shopper.get(record.item)
            if known is None or (known.epoch, known.revision) <= (record.epoch, record.revision):
                of_shopper[record.item] = record
        elif record.placement == PLACEMENT:
            newest = self.lists.get(record.shopper)
            if newest is None or (newest.epoch, newest.revision) < (record.epoch, record.revision):
                self.lists[record.shopper] = record

    def page(self, shopper: Shopper) -> Page | None:
        """Return what the group of the shopper is shown."""
        if shopper.group == "popular":
            items = self._popular.top(LIST_SIZE, lambda item: self._may_offer(shopper, item))
            return self._shown(shopper, Page(tuple(self._by_item[item] for item in items)))
        if shopper.group == "personal":
            newest = self.lists.get(shopper.name)
            return self._shown(shopper, self._list_page(newest, own=True)) if newest else None
        present = (other.name for other, _ in self._present)
        others = [name for name in present if name != shopper.name and name in self.lists]
        return self._shown(shopper, self._list_page(self.lists[self._rng.choice(others)])) if others else None

    def in_stock(self, item: str) -> bool:
        """Return whether a piece of the item is left."""
        return self._stock[item] > 0

    def clicked(self, shopper: Shopper) -> None:
        """Count a click of a group."""
        self.tallies[shopper.group].clicks += 1

    def opened(self, item: str) -> None:
        """Count a look at an item's page, whatever led there."""
        self._popular.view(item)

    def sold(self, item: str) -> None:
        """Take one piece away; when it was the last one, order more."""
        self._stock[item] -= 1
        if not self._stock[item]:
            self._restocks[item] = self.sent + RESTOCK_AFTER
            self._restocked.append(item)

    def is_present(self, shopper: str | None) -> bool:
        """Return whether the shopper is on a visit."""
        return any(present.name == shopper for present, _ in self._present)

    def present(self) -> list[str]:
        """Return who is on a visit."""
        return [shopper.name for shopper, _ in self._present]

    def article(self, item: str) -> Article | None:
        """Return the article with this id."""
        return self._by_item.get(item)

    def _list_page(self, newest: Recommendations, *, own: bool = False) -> Page:
        articles = tuple(self._by_item[slot.item] for slot in newest.slots[:LIST_SIZE] if slot.item in self._by_item)
        if not own:
            return Page(articles)
        known = self.copies.get(newest.shopper, {})
        top = [known[article.facts.item] for article in articles[:1] if article.facts.item in known]
        explored = sum(slot.propensity < DRAWN for slot in newest.slots[:LIST_SIZE])
        return Page(articles, newest.recommendation_id, {copy.item: copy.copy_id for copy in top}, explored)

    def _shown(self, shopper: Shopper, page: Page) -> Page:
        self.tallies[shopper.group].slots += len(page.articles)
        self.seen[shopper.group].see(shopper.name, page.articles, page.explored)
        return page

    def _may_offer(self, shopper: Shopper, item: str) -> bool:
        return self.in_stock(item) and shopper.may_want(self._by_item[item])

    def _changes(self, at: datetime) -> list[Emission]:
        """Return what sold out or came back since the last act."""
        back = [item for item, when in self._restocks.items() if when <= self.sent]
        for item in back:
            del self._restocks[item]
            self._stock[item] = self._rng.randint(10, 40)
        changed, self._restocked = self._restocked + back, []
        return [self._offer(item, at) for item in dict.fromkeys(changed)]

    def _offer(self, item: str, at: datetime) -> Emission:
        facts = msgspec.structs.replace(self._by_item[item].facts, stock=self._stock[item], at=at)
        return Emission(CATALOG, item, at, facts)

    def _enter(self) -> None:
        shopper = self._idle.pop()
        self._present.append((shopper, Visit(shopper, self, self._phrases, self._rng).acts()))

    def _leave(self, place: int) -> None:
        """Let the shopper in this place go, and another one, of those gone longest, come."""
        self._idle.insert(0, self._present[place][0])
        self._enter()
        self._present[place] = self._present.pop()


def milliseconds(at: datetime) -> int:
    """Return *at* in whole milliseconds since 1970."""
    return (at - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def _name(number: int) -> str:
    return f"shopper-{number:05d}"


def _shopper(name: str, articles: Sequence[Article], rng: Random) -> Shopper:
    return Shopper(name, group_of(name), draw(articles, rng))


def _topic(record: Record) -> Topic:
    match record:
        case Search():
            return SEARCHES
        case Review():
            return REVIEWS
        case Request():
            return REQUESTS
        case _:
            return CLICKS
