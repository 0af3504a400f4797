"""Laws of personal words: whatever the facts, a copy is grounded, short and one line."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.shoppers.grounding import check
from agents.shoppers.likings import Liking
from agents.shoppers.words import LENGTHS, Words, compose
from schemas.base import Language, Localized
from schemas.cards import ItemCard, Praise
from schemas.catalog import CatalogItem

AT = datetime(2026, 1, 1, tzinfo=UTC)
LANGUAGES: tuple[Language, ...] = ("en", "zh")
ASPECTS = ["quality", "fit", "price", "delivery", "looks", "odd {aspect}"]

plain = st.sampled_from(
    ["walnut board", "Oakridge", "kitchen", "green tea 2", "胡桃木砧板", "厨房", "茶 and tea", "Japan", "红", "size 7"]
)
hostile = st.text(max_size=256) | st.text(alphabet="{}%:“”\"'\n\t\x00\u202e\u200d👩🦊…。.5,", max_size=256)
words_of = plain | hostile
localized: st.SearchStrategy[Localized] = st.dictionaries(st.sampled_from(LANGUAGES), words_of)
prices = st.none() | st.floats(min_value=0) | st.integers(0, 200).map(float) | st.sampled_from([29.9, 39.9])

items = st.builds(
    CatalogItem,
    item=st.sampled_from(["board", "tea"]) | st.text(min_size=1, max_size=256),
    title=localized,
    at=st.just(AT),
    category=words_of,
    category_name=localized,
    brand=words_of,
    price=prices,
    was=prices,
    currency=st.sampled_from(["USD", "CNY", "JPY", "XYZ", "{}\n"]),
    stock=st.none() | st.integers(0, 10**12),
    rebuy=st.booleans(),
    attributes=st.dictionaries(
        st.sampled_from(["origin", "style", "color", "weight"]) | words_of, localized, max_size=4
    ),
)
praises = st.builds(
    Praise,
    positive=st.integers(0, 12) | st.integers(0, 10**30),
    negative=st.integers(0, 4),
    quote=st.sampled_from(["It looks gorgeous.", "质量非常好。", "Fits"]) | hostile,
)
cards = st.builds(
    ItemCard,
    item=st.just("board"),
    revision=st.just(1),
    at=st.just(AT),
    purchases=st.integers(0, 30) | st.integers(0, 10**30),
    reviews=st.integers(0, 10),
    polarity=st.floats(-1, 1),
    aspects=st.dictionaries(st.sampled_from(ASPECTS), praises),
)
likings = st.builds(
    Liking,
    language=st.none() | st.sampled_from(LANGUAGES),
    category=words_of,
    category_item=st.sampled_from(["", "board"]),
    brand=words_of,
    aspects=st.dictionaries(st.sampled_from(ASPECTS), st.floats()),
    query=words_of,
)


@settings(max_examples=300, deadline=None)
@given(items, cards, likings, st.text(max_size=20))
def test_every_copy_is_grounded(facts: CatalogItem, card: ItemCard, liking: Liking, seed: str) -> None:
    words = compose(facts, card, liking, seed)

    assert check(words, facts, card, liking) == []


@settings(max_examples=100, deadline=None)
@given(items, cards, likings, st.text(max_size=20))
def test_every_copy_is_one_short_line(facts: CatalogItem, card: ItemCard, liking: Liking, seed: str) -> None:
    words = compose(facts, card, liking, seed)

    for language, text in words.text.items():
        assert text.isprintable()
        assert 0 < len(text) <= LENGTHS[language]


@settings(max_examples=100, deadline=None)
@given(items, cards, likings, st.text(max_size=20))
def test_equal_arguments_give_equal_copies_whatever_the_order_of_their_parts(
    facts: CatalogItem, card: ItemCard, liking: Liking, seed: str
) -> None:
    turned = msgspec.structs.replace(liking, aspects=dict(reversed(liking.aspects.items())))
    turned_card = msgspec.structs.replace(card, aspects=dict(reversed(card.aspects.items())))
    turned_facts = msgspec.structs.replace(facts, attributes=dict(reversed(facts.attributes.items())))

    assert compose(turned_facts, turned_card, turned, seed) == compose(facts, card, liking, seed)


@settings(max_examples=100, deadline=None)
@given(items, cards, likings, st.text(max_size=20), st.data())
def test_words_added_to_a_copy_are_found(
    facts: CatalogItem, card: ItemCard, liking: Liking, seed: str, data: st.DataObject
) -> None:
    words = compose(facts, card, liking, seed)
    language = data.draw(st.sampled_from([*words.text])) if words.text else None
    if language is None:
        return

    changed = Words({**words.text, language: words.text[language] + " Award-winning!"}, words.claims)

    assert check(changed, facts, card, liking)


@settings(max_examples=100, deadline=None)
@given(items, cards, likings, st.text(max_size=20), st.data())
def test_a_claim_with_another_value_is_found(
    facts: CatalogItem, card: ItemCard, liking: Liking, seed: str, data: st.DataObject
) -> None:
    words = compose(facts, card, liking, seed)
    if not words.claims:
        return
    n = data.draw(st.integers(0, len(words.claims) - 1))
    other = msgspec.structs.replace(words.claims[n], value=words.claims[n].value + "0")

    changed = Words(words.text, (*words.claims[:n], other, *words.claims[n + 1 :]))

    assert check(changed, facts, card, liking)
