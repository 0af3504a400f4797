import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.shoppers.lexicon import Lexicon
from models.search.spelling import Spelling, one_apart
from models.search.terms import singular
from tests.shoppers import facts

WORDS = st.text("abc", max_size=5)


def distance(one: str, other: str) -> int:
    """Return the edits from one to the other, each letter at most once (optimal string alignment)."""
    rows = [[max(i, j) if not i * j else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i, a in enumerate(one, 1):
        for j, b in enumerate(other, 1):
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a != b))
            if i > 1 and j > 1 and (a, b) == (other[j - 2], one[i - 2]):
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(WORDS, WORDS)
def test_one_apart_is_a_distance_of_one(one: str, other: str) -> None:
    if one != other:
        assert one_apart(one, other) == (distance(one, other) == 1)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("walnt", "walnut"),
        ("wallnut", "walnut"),
        ("walmut", "walnut"),
        ("wanlut", "walnut"),
        ("salnut", None),  # the first letter is taken to be right
        ("walt", None),  # two are missing
        ("pan", None),  # too short to tell
        ("boord", "board"),  # more items have it than `boards`
        ("2x4x", None),
        ("砧板砧板", None),
    ],
)
def test_a_misspelt_word_was_meant_to_be_the_one_that_the_most_texts_have(word: str, meant: str | None) -> None:
    spelling = Spelling()
    for known in ("walnut", "pin", "board", "boort", "2x4y", "砧板砧"):
        spelling.add(known)

    assert spelling.meant(word, lambda known: {"board": 3, "boort": 2}.get(known, 1)) == meant


def test_what_no_text_has_any_more_is_forgotten() -> None:
    spelling = Spelling()
    spelling.add("walnut")
    spelling.drop("walnut")
    spelling.add("pi")
    spelling.drop("pi")

    assert spelling.meant("walnt", len) is None


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("boards", "board"), ("batteries", "battery"), ("boxes", "boxe"), ("glass", "glass"), ("bus", "bus"), ("is", "is"),
        ("shoes", "shoe"), ("lens", "len"), ("board", "board"), ("eyeies", "eyeie"), ("s", "s"),
    ],
)  # fmt: skip
def test_plurals_lose_their_ending(word: str, expected: str) -> None:
    assert singular(word) == expected


def test_a_query_finds_what_it_meant() -> None:
    lexicon = Lexicon()
    lexicon.put("a", facts("a", title={"en": "Walnut cutting boards"}))
    lexicon.put("b", facts("b", title={"en": "Brass lamp"}))

    assert lexicon.find(lexicon.wanted("wallnut board"), 9) == [("a", 1.0)]
    lexicon.drop("a")
    assert lexicon.find(lexicon.wanted("wallnut board"), 9) == []
