"""Shoppers at work, open loop; its only argument is a `Load` as JSON.

When each event is sent is drawn before the first one is (Poisson), and does not depend on what comes back.  An event's
time is the moment it was meant for, so what is sent late counts as waiting.  Prints what was sent, as JSON.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import numpy as np
from confluent_kafka import Producer

from agents.intake import partition_of
from agents.shop.catalogue import Article, stock_up
from schemas.catalog import CatalogItem
from schemas.clicks import Click
from schemas.reviews import Review
from schemas.searches import Search

KINDS = ("clicks.v1", "searches.v1", "reviews.v1")
SHARES = (0.90, 0.07, 0.03)
REVIEWS = (
    "Great quality and it fits perfectly, but the delivery took two weeks.",
    "The price is fair. I would buy it again.",
    "It broke after three days; customer service never answered.",
    "Looks nice, the packaging was damaged though.",
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Load(msgspec.Struct, kw_only=True):
    """What is to be sent."""

    bootstrap: str
    prefix: str
    """Of the topics."""
    partitions: int
    rate: float
    """Events a second."""
    seconds: float
    seed: int
    items: int
    shoppers: int


class Sent(msgspec.Struct):
    """What a generator tells."""

    events: int
    late_ms: float
    """How late an event was handed to the client, at most."""
    refused: int


def catalogue(items: int) -> list[CatalogItem]:
    """Return *items* different items: the simulated shop's, in as many versions as it takes."""
    articles = stock_up(Random(7), datetime(2026, 1, 1, tzinfo=UTC))
    return [_version(articles[number % len(articles)], number, number // len(articles)) for number in range(items)]


def _version(article: Article, number: int, version: int) -> CatalogItem:
    facts = article.facts
    title = {language: f"{text} {version}" if version else text for language, text in facts.title.items()}
    return msgspec.structs.replace(facts, item=f"item-{number}", title=title)


def main(load: Load) -> Sent:
    """Send for the given time; return what was sent."""
    rng = np.random.default_rng(load.seed)
    times = np.cumsum(rng.exponential(1 / load.rate, int(load.rate * load.seconds * 1.3) + 20))
    times = times[times < load.seconds].tolist()
    count = len(times)
    kinds = rng.choice(len(KINDS), count, p=SHARES)
    who, what = _zipf(rng, load.shoppers, count), _zipf(rng, load.items, count)
    titles = [item.title["en"] for item in catalogue(min(load.items, 144))]
    out = Producer({"bootstrap.servers": load.bootstrap, "linger.ms": 0, "acks": 1, "log_level": 0})
    out.list_topics(timeout=30)
    begin = time.time() + 0.5 + count * 20e-6
    records, last = [], dict[str, int]()
    for offset, kind, shopper, item in zip(times, kinds, who, what, strict=True):
        name = f"shopper-{shopper}"
        at = last[name] = max(int((begin + offset) * 1000), last.get(name, 0) + 1)
        moment = _EPOCH + timedelta(milliseconds=at, microseconds=500)  # no rounding loses a millisecond
        records.append((begin + offset, KINDS[kind], name.encode(), _record(kind, name, item, moment, titles)))
    late, refused = 0.0, 0

    def acked(error: object, _: object) -> None:
        nonlocal refused
        refused += error is not None

    for due, topic, key, value in records:
        while (wait := due - time.time()) > 0:
            out.poll(0)
            time.sleep(min(wait, 0.002))
        late = max(late, -wait)
        out.produce(load.prefix + topic, value, key, partition_of(key, load.partitions), on_delivery=acked)
    left = out.flush(30)
    return Sent(count, round(late * 1e3, 1), refused + left)


def _record(kind: int, shopper: str, item: int, at: datetime, titles: list[str]) -> bytes:
    if kind == 0:
        return msgspec.json.encode(Click(shopper=shopper, item=f"item-{item}", at=at, language="en"))
    if kind == 1:
        return msgspec.json.encode(Search(shopper=shopper, query=titles[item % len(titles)], at=at, language="en"))
    text = REVIEWS[item % len(REVIEWS)]
    review = f"{shopper}/{int(at.timestamp() * 1000)}"
    return msgspec.json.encode(
        Review(review_id=review, shopper=shopper, item=f"item-{item}", at=at, text=text, language="en")
    )


def _zipf(rng: np.random.Generator, many: int, count: int) -> list[int]:
    """Draw from 0 to *many*, each number *n* as often as 1 / (n + 1) says."""
    weights = 1 / np.arange(1, many + 1)
    return list(map(int, rng.choice(many, count, p=weights / weights.sum())))


if __name__ == "__main__":
    sent = main(msgspec.json.decode(sys.argv[1], type=Load))
    sys.stdout.write(msgspec.json.encode(sent).decode() + "\n")
