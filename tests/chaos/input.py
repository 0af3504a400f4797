"""What goes in: what shoppers and the shop do, and what careless producers send.  Pure, but for ids that are given.

What comes out of it must not depend on how topics interleave, else nothing could be compared with a replay.  So a
visitor who will be identified, and a shopper whose records are misplaced, keep to one item: which items are seen beside
one another depends on the order of the clicks.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

import msgspec

from agents.intake import partition_of
from agents.shop.catalogue import stock_up
from agents.shop.rubbish import Rubbish
from agents.shop.wire import headers
from agents.topics import CATALOG, CLICKS, IDENTIFIES, REQUESTS, REVIEWS, SEARCHES, Topic
from schemas.base import Record
from schemas.clicks import AddToCart, Click, CopyShown, Line, ListShown, Order, Purchase, View
from schemas.identifies import Identify
from schemas.requests import Request
from schemas.reviews import Review
from schemas.searches import Search

SHOPPERS, SOLITARY, KNOWN = 100, 20, 30
"""Shoppers; those who keep to one item; those whom visitors turn out to be."""
ITEMS = 40
"""Fewer than an item remembers as neighbours (`agents.items.neighbours.CAPACITY`): what is forgotten depends on the order."""

_EPOCH = datetime.fromtimestamp(0, UTC)
_NAMED = 0.2
"""How many events have a name of their own (`ce_id`)."""
_MISPLACED = 0.3
"""How many records of the solitary stand where they should not."""
_WORDS = (
    "good",
    "great",
    "love",
    "bad",
    "broke",
    "red",
    "light",
    "cheap",
    "mug",
    "lamp",
    "coat",
    "desk",
    "好",
    "差",
    "灯",
)

_encode = msgspec.json.Encoder().encode


class Sent(NamedTuple):
    """A record to be produced."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, Any]]


class Source:
    """Makes records, one after another."""

    def __init__(self, seed: int, partitions: int, lists: Mapping[str, tuple[str, tuple[str, ...]]]) -> None:
        """*lists*: shopper to id and items of a list that the shopper may choose from."""
        self.made = 0
        self._partitions = partitions
        self._lists = lists
        self._rng = Random(f"{seed}/input")
        self._seed = seed
        self._facts = {it.facts.item: it.facts for it in stock_up(Random(seed), _EPOCH)[:ITEMS]}
        self._items = list(self._facts)
        self._popularity = list(accumulate(1 / rank for rank in range(1, len(self._items) + 1)))
        self._shoppers = [f"shopper-{n}" for n in range(SHOPPERS)]
        self._solitary = [f"solitary-{n}" for n in range(SOLITARY)]
        self._visitors: list[tuple[str, str]] = []
        self._visitor_number = 0
        self._rubbish = Rubbish(seed, partitions)
        self._again: Sent | None = None
        self._makers, weights = zip(*self._table(), strict=True)
        self._weights = list(accumulate(weights))

    def catalogue(self, now: int) -> list[Sent]:
        """Return the records that make the catalogue known; *now* in milliseconds since 1970, here and below."""
        return [self._offer(item, now) for item in self._items]

    def one(self, now: int) -> Sent:
        """Return a record of any kind."""
        self.made += 1
        make: Callable[[int], Sent] = self._rng.choices(self._makers, cum_weights=self._weights)[0]
        return make(now)

    def round(self, now: int) -> list[Sent]:
        """Return an event that asks for a list of each shopper, and one record of each item: every state is written again."""
        names = self._shoppers + self._solitary
        looks = [Search(shopper=name, query="good lamp", at=_moment(now)) for name in names]
        return [*(self._sent(SEARCHES, look.shopper, look) for look in looks), *self.catalogue(now)]

    def _table(self) -> list[tuple[Callable[[int], Sent], float]]:
        return [
            (self._interaction, 38),
            (self._order, 2),
            (self._search, 25),
            (self._request, 8),
            (self._response, 8),
            (self._copy_shown, 1),
            (self._review, 4),
            (self._visit, 5),
            (self._identify, 1),
            (self._solitary_act, 5),
            (self._change, 1),
            (self._bad, 1),
            (self._repeat, 1),
        ]

    # -- kinds

    def _interaction(self, now: int) -> Sent:
        kind = self._rng.choices((View, Click, AddToCart, Purchase), (60, 25, 10, 5))[0]
        shopper = self._shopper()
        return self._sent(CLICKS, shopper, kind(shopper=shopper, at=_moment(now), item=self._item()))

    def _order(self, now: int) -> Sent:
        shopper = self._shopper()
        lines = tuple(Line(item=self._item()) for _ in range(self._rng.randint(1, 3)))
        return self._sent(CLICKS, shopper, Order(shopper=shopper, at=_moment(now), lines=lines))

    def _search(self, now: int) -> Sent:
        shopper = self._shopper()
        language = self._rng.choice(("en", "zh", None))
        return self._sent(
            SEARCHES, shopper, Search(shopper=shopper, query=self._text(3), at=_moment(now), language=language)
        )

    def _request(self, now: int) -> Sent:
        shopper, rng = self._shopper(), self._rng
        candidates = tuple({self._item() for _ in range(5)}) if rng.random() < 0.3 else ()
        request = Request(
            shopper=shopper,
            at=_moment(now),
            request_id=f"r{self.made}",
            placement=rng.choice(("home", "cart")),
            limit=5,
            candidates=tuple(sorted(candidates)),
        )
        return self._sent(REQUESTS, shopper, request)

    def _response(self, now: int) -> Sent:
        """Name a list that was seen, or one that nobody knows."""
        shopper = self._shopper()
        name, items = self._lists.get(shopper) or (f"nobody-knows-{self.made}", ())
        items = items or (self._item(),)
        at = _moment(now)
        event: Record = ListShown(shopper=shopper, at=at, items=items, recommendation_id=name)
        if self._rng.random() < 0.5:
            event = Click(shopper=shopper, at=at, item=items[0], recommendation_id=name, position=0)
        return self._sent(CLICKS, shopper, event)

    def _copy_shown(self, now: int) -> Sent:
        shopper = self._shopper()
        event = CopyShown(shopper=shopper, at=_moment(now), copy_id=f"copy-{self.made}", item=self._item())
        return self._sent(CLICKS, shopper, event)

    def _review(self, now: int) -> Sent:
        shopper = self._shopper()
        stars = self._rng.choice((None, 1.0, 3.0, 5.0))
        review = Review(
            review_id=f"review-{self.made}",
            shopper=shopper,
            item=self._item(),
            at=_moment(now),
            text=self._text(6),
            stars=stars,
        )
        return self._sent(REVIEWS, shopper, review)

    def _visit(self, now: int) -> Sent:
        """Let a visitor act whom nobody knows yet."""
        rng = self._rng
        if len(self._visitors) < 20 or rng.random() < 0.3:
            self._visitor_number += 1
            self._visitors.append((f"visitor-{self._visitor_number}", self._item()))
        visitor, item = rng.choice(self._visitors)
        if rng.random() < 0.3:
            return self._sent(SEARCHES, visitor, Search(shopper=visitor, query=self._text(2), at=_moment(now)))
        return self._sent(CLICKS, visitor, View(shopper=visitor, at=_moment(now), item=item))

    def _identify(self, now: int) -> Sent:
        """Let one of the visitors be known, who goes on as that shopper."""
        if not self._visitors:
            return self._visit(now)
        visitor, _ = self._visitors.pop(self._rng.randrange(len(self._visitors)))
        shopper = self._shoppers[self._rng.randrange(KNOWN)]
        return self._sent(IDENTIFIES, visitor, Identify(anonymous=visitor, shopper=shopper, at=_moment(now)))

    def _solitary_act(self, now: int) -> Sent:
        """Let somebody act who keeps to one item; some of these records are misplaced."""
        rng = self._rng
        number = rng.randrange(SOLITARY)
        shopper, item = self._solitary[number], self._items[number]
        at = _moment(now if rng.random() < 0.95 else now + 3_600_000)  # some clocks are wrong
        sent = self._sent(CLICKS, shopper, View(shopper=shopper, at=at, item=item))
        if rng.random() < 0.3:
            sent = self._sent(SEARCHES, shopper, Search(shopper=shopper, query=self._text(2), at=_moment(now)))
        if rng.random() > _MISPLACED:
            return sent
        wrong = rng.choice(
            (
                {"partition": (sent.partition + 1) % self._partitions},
                {"key": b"somebody else", "partition": rng.randrange(self._partitions)},
                {"key": None, "partition": rng.randrange(self._partitions)},
            )
        )
        return sent._replace(**wrong)

    def _change(self, now: int) -> Sent:
        """Change something in the catalogue, in the wrong partition now and then."""
        rng, item = self._rng, self._item()
        if rng.random() < 0.1:
            return self._place(CATALOG, item.encode(), None)
        sent = self._offer(item, now, stock=rng.randrange(50))
        wrong = rng.random() < 0.1
        return sent._replace(partition=(sent.partition + 1) % self._partitions) if wrong else sent

    def _bad(self, now: int) -> Sent:
        """Make a record that nobody can use."""
        before = self._rubbish.refusable
        while True:
            bad = self._rubbish.one(_moment(now))
            if self._rubbish.refusable > before:
                break
        return self._place(bad.topic, bad.key or b"", bad.value, bad.headers)

    def _repeat(self, now: int) -> Sent:
        """Send the last record that has a name again, as a producer does that saw no ack."""
        again, self._again = self._again, None
        return again or self._interaction(now)

    # -- parts

    def _offer(self, item: str, now: int, **changes: Any) -> Sent:
        facts = msgspec.structs.replace(self._facts[item], at=_moment(now), **changes)
        return self._place(CATALOG, item.encode(), _encode(facts))

    def _sent(self, topic: Topic, key: str, record: Record) -> Sent:
        if self._rng.random() >= _NAMED:
            return self._place(topic, key.encode(), _encode(record))
        name = headers(topic, f"chaos-{self._seed}-{self.made}", "2026-01-01T00:00:00Z")
        self._again = self._place(topic, key.encode(), _encode(record), name)
        return self._again

    def _place(self, topic: Topic, key: bytes, value: bytes | None, given: list[tuple[str, Any]] | None = None) -> Sent:
        return Sent(topic.name, partition_of(key, self._partitions), key, value, given or [])

    def _shopper(self) -> str:
        return self._rng.choice(self._shoppers)

    def _item(self) -> str:
        return self._rng.choices(self._items, cum_weights=self._popularity)[0]

    def _text(self, words: int) -> str:
        return " ".join(self._rng.choices(_WORDS, k=words))


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)
