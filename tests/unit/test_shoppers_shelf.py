"""What may be listed, and how it is found."""

import numpy as np
import pytest

from agents.shoppers.lexicon import Lexicon
from agents.shoppers.ranking import Ranking
from agents.shoppers.shelf import Shelf
from agents.shoppers.vectors import SCALE, VectorTable, nearness, whole
from models.api import Vectors
from models.search.terms import terms
from schemas.cards import HEAT_HALF_LIFE, ItemCard, ItemVector
from tests.shoppers import START, facts

SIZE = 384


def half(seed: int) -> bytes:
    return np.random.default_rng(seed).standard_normal(SIZE).astype("<f2").tobytes()


def drawn(count: int) -> Vectors:
    return np.random.default_rng(7).standard_normal((count, SIZE)).astype(np.float32)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Walnut  chopping-board, walnut!", ("walnut", "chopping", "board")),
        ("胡桃木砧板", ("胡桃", "桃木", "木砧", "砧板")),
        ("茶", ("茶",)),
        ("iPhone手机 5G", ("iphone", "手机", "5g")),
        ("\uff34\uff45\uff41", ("tea",)),
        ("🙂 --- ", ()),
        ("", ()),
    ],
)
def test_terms_are_words_and_pairs_of_chinese_characters(text: str, found: tuple[str, ...]) -> None:
    assert terms(text) == found


def test_a_query_finds_items_by_the_words_of_their_texts_in_both_languages() -> None:
    lexicon = Lexicon()
    lexicon.put("a", facts("a", title={"en": "Walnut board", "zh": "胡桃木砧板"}))
    lexicon.put("b", facts("b", title={"en": "Bamboo board"}))
    lexicon.put("c", facts("c", title={"en": "Lamp"}, attributes={"material": {"en": "walnut"}}))

    assert [item for item, _ in lexicon.find(lexicon.wanted("walnut board"), 9)] == ["a", "b", "c"]
    assert [item for item, _ in lexicon.find(lexicon.wanted("砧板"), 9)] == ["a"]
    assert lexicon.find(lexicon.wanted("sofa"), 9) == []


def test_an_item_is_no_longer_found_by_words_that_it_lost() -> None:
    lexicon = Lexicon()
    lexicon.put("a", facts("a", title={"en": "Walnut board"}))

    lexicon.put("a", facts("a", title={"en": "Bamboo board"}))

    assert lexicon.find(lexicon.wanted("walnut"), 9) == []
    assert lexicon.find(lexicon.wanted("bamboo"), 9) == [("a", 1.0)]


def test_a_ranking_is_by_key_then_by_item_whatever_came_before() -> None:
    ranking = Ranking()
    for item, key in [("b", 1.0), ("a", 1.0), ("c", 9.0), ("d", 5.0), ("c", 0.0)]:
        ranking.put(item, key)
    ranking.drop("nobody")

    assert ranking.top(9) == ("d", "a", "b", "c")


def test_products_of_whole_vectors_are_the_same_bits_in_any_batch() -> None:
    rows, queries = whole(drawn(500)), whole(drawn(9))

    together = queries @ rows.T

    assert np.array_equal(together, np.stack([rows @ query for query in queries]))
    assert np.array_equal(together, (rows.astype(np.int64) @ queries.astype(np.int64).T).T)


def test_whole_vectors_are_as_near_as_the_real_ones() -> None:
    rows = drawn(50)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)

    found = nearness(whole(rows) @ whole(rows).T)

    assert np.abs(found - rows @ rows.T).max() < 1e-3


@pytest.mark.parametrize("vector", [[0, 0, 0, 0], [np.nan, 0, 0, 0], [np.inf, 0, 0, 0]])
def test_what_is_no_vector_becomes_zero(vector: list[float]) -> None:
    assert not whole(np.array([vector], np.float32)).any()


def test_the_nearest_are_returned_by_nearness_and_equal_ones_by_name() -> None:
    table = VectorTable(2)
    east, north = np.array([1, 0], "<f2").tobytes(), np.array([0, 1], "<f2").tobytes()
    for item, vector in [("d", east), ("b", east), ("c", north), ("a", east)]:
        table.put(item, vector, is_open=item != "a")

    rows = table.table()

    assert rows.top(rows.near(np.array([[SCALE, 0]], np.float32))[0], 2) == [("b", SCALE * SCALE), ("d", SCALE * SCALE)]


def test_who_looks_at_the_shelf_goes_on_seeing_it_while_it_changes() -> None:
    table = VectorTable(2)
    east, north = np.array([1, 0], "<f2").tobytes(), np.array([0, 1], "<f2").tobytes()
    table.put("a", east, is_open=True)
    before = table.table()

    table.put("a", north, is_open=True)
    for number in range(1000):
        table.put(f"i{number}", north, is_open=True)
        table.put("a", north, is_open=True)

    assert before.matrix.tolist() == [[SCALE, 0]]
    row = table.table().row("a")
    assert row is not None
    assert table.table().matrix[row].tolist() == [0, SCALE]
    assert len(table.table().matrix) <= 2 * 1001 + 256


def test_a_vector_of_another_size_is_none() -> None:
    table = VectorTable(2)
    table.put("a", np.array([1, 0], "<f2").tobytes(), is_open=True)

    table.put("a", b"abc", is_open=True)

    assert table.table().row("a") is None


def test_vectors_of_other_models_and_tombstones_are_not_kept() -> None:
    shelf = Shelf("new@2", SIZE)
    for model in ("old@1", "new@2"):
        shelf.put_vector(f"a\n{model}", ItemVector(item="a", model=model, vector=half(1)))

    shelf.put_vector("a\nold@1", None)
    kept = shelf.look().vectors.row("a")
    shelf.put_vector("a\nnew@2", None)

    assert kept == 0
    assert shelf.look().vectors.row("a") is None


def test_heat_is_compared_at_one_time() -> None:
    shelf = Shelf("m@1", SIZE)
    shelf.put_card("old", ItemCard(item="old", revision=1, at=START, facts=facts("old"), views=9, heat=10.0))
    later = START + 3 * HEAT_HALF_LIFE
    shelf.put_card("young", ItemCard(item="young", revision=1, at=later, facts=facts("young"), views=2, heat=2.0))

    look = shelf.look()

    assert look.trending.top(2) == ("young", "old")
    assert (look.hottest, look.heat(look.cards["old"])) == (2.0, 1.25)


def test_the_shelf_is_the_same_whatever_the_order_in_which_it_was_filled() -> None:
    cards = [
        ItemCard(
            item=f"i{n}",
            revision=1,
            at=START,
            facts=facts(f"i{n}", category=f"c{n % 3}", stock=n % 4),
            views=n % 7,
            heat=n,
        )
        for n in range(40)
    ]
    one, other = Shelf("m@1", SIZE), Shelf("m@1", SIZE)
    for card in cards:
        one.put_card(card.item, card)
    for card in reversed(cards):
        other.put_card(card.item, ItemCard(item=card.item, revision=0, at=START, facts=facts(card.item, category="x")))
    for card in reversed(cards):
        other.put_card(card.item, card)

    first, second = one.look(), other.look()

    assert first.trending.top(99) == second.trending.top(99)
    assert first.fresh.top(99) == second.fresh.top(99)
    assert first.categories["c1"].top(99) == second.categories["c1"].top(99)
    assert second.categories["x"].top(99) == ()
    assert first.hottest == second.hottest


def test_what_goes_out_of_the_catalogue_or_out_of_stock_is_in_no_order() -> None:
    shelf = Shelf("m@1", SIZE)
    for item in "abc":
        shelf.put_card(
            item, ItemCard(item=item, revision=1, at=START, facts=facts(item, category="k"), views=1, heat=1)
        )

    shelf.put_card("a", None)
    shelf.put_card(
        "b", ItemCard(item="b", revision=2, at=START, facts=facts("b", category="k", stock=0), views=1, heat=1)
    )
    shelf.put_card("c", ItemCard(item="c", revision=2, at=START, views=1, heat=1))

    look = shelf.look()
    assert (look.fresh.top(9), look.categories["k"].top(9)) == ((), ())
    assert not look.catalogued or look.trending.top(9) == ()
