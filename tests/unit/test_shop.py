"""The simulated shop: repeatable, consistent, and honest about what its shoppers see."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from agents.languages import read_item
from agents.shop.catalogue import LANGUAGES, stock_up
from agents.shop.opinions import Phrases
from agents.shop.shop import Emission, Shop
from agents.shop.tastes import draw, liking
from agents.shop.waits import owes_list
from agents.topics import CATALOG
from schemas.clicks import AddToCart, Click, ListShown, Purchase, View
from schemas.copy import Copy
from schemas.recommendations import Reason, Recommendations, Slot
from schemas.reviews import Review
from schemas.searches import Search

OPENED = datetime(2026, 1, 1, tzinfo=UTC)


def shop(seed: int = 7, shoppers: int = 60, present: int = 12) -> Shop:
    return Shop(shoppers=shoppers, present=present, seed=seed, opened=OPENED)


def answer(at: Shop, emission: Emission, revision: int, items: list[str]) -> None:
    """Hand the shop a list that covers *emission*."""
    record: Any = emission.record
    slots = [Slot(item=it, score=0, source="x", propensity=1, reason=Reason(code="x", text={"en": ""})) for it in items]
    at.receive(
        Recommendations(
            recommendation_id=f"{emission.key}/{revision}",
            shopper=emission.key,
            placement="home",
            epoch=0,
            revision=revision,
            at=record.at,
            valid_until=record.at,
            slots=tuple(slots),
            models={},
            view=0,
        )
    )


def live(at: Shop, events: int) -> Iterator[Emission]:
    """Let shoppers act; each gets the items that they like best."""
    for number in range(events):
        for emission in at.act(OPENED + timedelta(milliseconds=10 * number)):
            if emission.topic.key == "shopper" and owes_list(emission.record):
                taste = at.shoppers[emission.key].taste
                ranked = sorted(at.articles, key=lambda it: -liking(taste, it))
                answer(at, emission, number, [it.facts.item for it in ranked[:10]])
            yield emission


def test_the_same_seed_does_the_same() -> None:
    one = [msgspec.json.encode(it.record) for it in live(shop(), 800)]

    assert one == [msgspec.json.encode(it.record) for it in live(shop(), 800)]
    assert one != [msgspec.json.encode(it.record) for it in live(shop(seed=8), 800)]


def test_every_record_survives_the_wire() -> None:
    opened = shop()
    emissions = [*opened.catalogue(OPENED), *live(opened, 3_000)]

    kinds = {type(it.record) for it in emissions}
    assert kinds >= {View, Click, AddToCart, Purchase, ListShown, Search, Review}
    for it in emissions:
        decode = read_item if it.topic is CATALOG else msgspec.json.Decoder(it.topic.record).decode
        assert decode(msgspec.json.encode(it.record)) == it.record


def test_each_event_is_under_the_key_of_its_shopper_or_item() -> None:
    for it in live(shop(), 1_500):
        assert it.key == getattr(it.record, it.topic.key)


def test_the_events_of_a_shopper_grow_in_time() -> None:
    newest: dict[str, datetime] = {}
    for it in live(shop(), 1_500):
        if it.topic.key == "shopper":
            assert it.at > newest.get(it.key, OPENED - timedelta(days=1))
            newest[it.key] = it.at


def test_nobody_acts_after_leaving_until_the_next_visit() -> None:
    over: set[str] = set()
    visit: dict[str, str] = {}
    for it in live(shop(), 3_000):
        session = getattr(it.record, "session", None)
        if session is None:
            continue
        if visit.get(it.key, session) != session:
            over.add(visit[it.key])
        visit[it.key] = session
        assert session not in over


def test_no_more_shoppers_are_there_than_may_be() -> None:
    it = shop(present=5)
    for _ in live(it, 500):
        assert sum(it.is_present(name) for name in it.shoppers) == 5


def test_who_waits_does_nothing() -> None:
    it = shop(present=3)
    names = [name for name in it.shoppers if it.is_present(name)]

    acted = [emission.key for emission in it.act(OPENED, waiting=set(names[1:]))]

    assert acted == names[:1]
    assert it.act(OPENED, waiting=set(names)) == []


def test_both_languages_are_spoken() -> None:
    said = Counter(it.record.language for it in live(shop(), 3_000) if isinstance(it.record, Search | Review))

    assert min(said[language] for language in LANGUAGES) > 50


def test_nothing_is_sold_that_is_not_there_and_what_sells_out_comes_back() -> None:
    it = shop()
    changes = Counter[bool]()
    for emission in live(it, 12_000):
        record: Any = emission.record
        assert min(it._stock.values()) >= 0
        if emission.topic.key == "item":
            changes[record.stock > 0] += 1
    assert min(changes[True], changes[False]) > 0


def test_each_group_sees_lists_of_its_kind() -> None:
    it = shop()
    for emission in live(it, 2_000):
        record = emission.record
        if isinstance(record, ListShown):
            own = it.shoppers[emission.key].group == "personal"
            assert (record.recommendation_id is not None) == own
            if own:
                assert (record.recommendation_id or "").startswith(emission.key)
    assert all(tally.slots for tally in it.tallies.values())


def test_clicks_are_counted_for_the_group_that_clicked() -> None:
    it = shop()
    clicks = Counter(it.shoppers[e.key].group for e in live(it, 2_000) if isinstance(e.record, Click))

    assert clicks == {group: tally.clicks for group, tally in it.tallies.items()}


def test_lists_that_fit_tastes_are_clicked_more_than_popular_and_strange_ones() -> None:
    it = shop(shoppers=150)
    for _ in live(it, 8_000):
        pass

    assert it.tallies["personal"].ctr > 1.5 * it.tallies["popular"].ctr
    assert it.tallies["popular"].ctr > it.tallies["shuffled"].ctr


def test_an_older_list_does_not_replace_a_newer_one() -> None:
    it = shop()
    emission = it.act(OPENED)[0]
    answer(it, emission, 2, ["audio-01"])

    answer(it, emission, 1, ["audio-02"])

    assert it.lists[emission.key].revision == 2


def test_the_copy_of_the_first_item_is_shown_with_its_list() -> None:
    it = shop(present=60)
    emission = next(e for _ in range(500) for e in it.act(OPENED) if it.shoppers[e.key].group == "personal")
    answer(it, emission, 1, ["audio-01", "audio-02"])
    for item in ("audio-01", "audio-02"):
        it.receive(
            Copy(
                copy_id=f"copy of {item}",
                shopper=emission.key,
                item=item,
                placement="home",
                epoch=0,
                revision=1,
                at=OPENED,
                valid_until=OPENED,
                text={"en": "good"},
                claims=(),
                writer="test",
            )
        )

    page = it.page(it.shoppers[emission.key])

    assert page is not None
    assert page.copies == {"audio-01": "copy of audio-01"}


def test_the_catalogue_is_large_and_in_both_languages() -> None:
    articles = stock_up(Random(1), OPENED)

    assert len({it.facts.item for it in articles}) == 144
    assert len({it.facts.category for it in articles}) == 12
    for it in articles:
        texts = (it.facts.title, it.facts.description, it.facts.category_name, *it.facts.attributes.values())
        assert all(set(text) == set(LANGUAGES) and all(text.values()) for text in texts)
        assert it.facts.price


@pytest.mark.parametrize("language", LANGUAGES)
def test_reviews_say_in_one_language_what_their_author_thinks(language: str) -> None:
    rng = Random(3)
    articles = stock_up(rng, OPENED)
    phrases = Phrases()
    for _ in range(300):
        taste = draw(articles, rng)
        if taste.language != language:
            continue
        words = phrases.review(taste, rng.choice(articles), rng)
        assert words.text
        assert "{" not in words.text
        assert any("\u4e00" <= letter <= "\u9fff" for letter in words.text) == (language == "zh")
        assert (words.stars >= 4) == (words.mood == "positive") or words.mood == "mixed"
        assert (words.stars <= 2) == (words.mood == "negative") or words.mood == "mixed"


def test_queries_name_what_is_wanted() -> None:
    rng = Random(5)
    articles = stock_up(rng, OPENED)
    taste = draw(articles, rng)
    phrases = Phrases()
    for article in articles:
        facts = article.facts
        query = phrases.query(taste, article, rng)
        assert article.product[taste.language] in query or facts.category_name[taste.language] in query
