"""What a query found is remembered until the shelf changes, and no longer."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from agents.shoppers.searches import Found, Remembered
from agents.shoppers.shelf import Shelf
from agents.shoppers.vectors import whole
from schemas.cards import ItemCard, ItemVector
from tests.doubles import MODELS
from tests.shoppers import START, facts

ITEMS = st.sampled_from("ab")
TEXTS = st.sampled_from(["red lamp", "red cup"])
EMBEDDER = MODELS.embedder


def embed(shelf: Shelf, item: str, text: str) -> None:
    vector = EMBEDDER.encode([text])[0].astype("<f2").tobytes()
    record = ItemVector(item=item, model=EMBEDDER.version, vector=vector)
    shelf.put_vector(f"{item}\n{EMBEDDER.version}", record)


def found(remembered: Remembered, query: str, shelf: Shelf) -> Found:
    """Ask as lists do."""
    look = shelf.look()
    known = remembered.of(query, look)
    if known is None:
        known = remembered.put(query, look, look.vectors.near(whole(EMBEDDER.encode([query])))[0])
    return known


class Searching(RuleBasedStateMachine):
    """A shelf that changes while the same queries are asked again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.shelf, self.remembered = Shelf(EMBEDDER.version, EMBEDDER.size), Remembered()
        self.texts: dict[str, str] = {}

    @rule(item=ITEMS, text=TEXTS, heat=st.sampled_from([0.0, 2.0]))
    def write(self, item: str, text: str, heat: float) -> None:
        """Put an item on the shelf with its vector, or change what is known of it."""
        self.texts[item] = text
        self.count(item, None, heat)
        embed(self.shelf, item, text)

    @rule(item=ITEMS, stock=st.sampled_from([None, 0, 3]), heat=st.sampled_from([0.0, 2.0]))
    def count(self, item: str, stock: int | None, heat: float) -> None:
        """Change what there is of an item, and how often it is looked at."""
        named = facts(item, self.texts.get(item, ""), stock=stock)
        self.shelf.put_card(item, ItemCard(item=item, revision=1, at=START, facts=named, heat=heat))

    @rule(item=ITEMS)
    def take(self, item: str) -> None:
        """Take an item off the shelf."""
        self.shelf.put_card(item, None)

    @rule(item=ITEMS, text=TEXTS)
    def embed(self, item: str, text: str) -> None:
        """Give an item a vector, or another one."""
        embed(self.shelf, item, text)

    @rule(item=ITEMS)
    def forget(self, item: str) -> None:
        """Take the vector of an item away."""
        self.shelf.put_vector(f"{item}\n{EMBEDDER.version}", None)

    @rule(query=TEXTS)
    def search(self, query: str) -> None:
        """Find what is found by somebody who remembers nothing."""
        before, now = found(self.remembered, query, self.shelf), found(Remembered(), query, self.shelf)

        assert (before.wanted, before.items) == (now.wanted, now.items)
        assert np.array_equal(before.products, now.products)


TestSearching = Searching.TestCase
TestSearching.settings = settings(max_examples=200)


def test_the_same_query_is_not_searched_for_twice() -> None:
    shelf, remembered = Shelf(EMBEDDER.version, EMBEDDER.size), Remembered()
    shelf.put_card("a", ItemCard(item="a", revision=1, at=START, facts=facts("a", "red lamp")))
    first = found(remembered, "lamp", shelf)

    shelf.put_card("a", ItemCard(item="a", revision=2, at=START, facts=facts("a", "red lamp"), clicks=1, heat=1.0))

    assert found(remembered, "lamp", shelf) is first


def test_the_queries_asked_last_are_remembered_as_far_as_there_is_room() -> None:
    shelf = Shelf(EMBEDDER.version, EMBEDDER.size)
    for number in range(100):
        embed(shelf, str(number), "x")
    remembered = Remembered(most=3 * 100 * 4)
    for query in ("a", "b", "c", "a", "d"):
        found(remembered, query, shelf)

    known = [query for query in "abcd" if remembered.of(query, shelf.look()) is not None]
    assert known == ["a", "c", "d"]
