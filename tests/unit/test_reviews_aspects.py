# ruff: noqa: RUF001  Chinese punctuation is what is tested

import pytest

from agents.reviews.aspects import Lexicon, load
from agents.reviews.clauses import MAX_QUOTE, Clause, clauses
from agents.shop.catalogue import resource
from models.api import Part

LEXICON = load()
ASPECTS = {"quality", "fit", "price", "delivery", "packaging", "service", "looks", "function"}


def named(text: str) -> list[tuple[str, list[str]]]:
    return [(clause.text, list(clause.aspects)) for clause in clauses(text, LEXICON)]


def test_the_longest_phrase_decides() -> None:
    lexicon = Lexicon(
        {"price": {"en": ["cheap"]}, "quality": {"en": ["feels cheap"]}, "": {"en": ["not cheap at all"]}}
    )

    assert list(lexicon.mentions("Cheap! It FEELS cheap, not cheap at all; feels")) == [
        ("price", (0, 5)),
        ("quality", (10, 21)),
    ]


def test_the_lexicon_names_the_eight_aspects_in_both_languages() -> None:
    assert {
        aspect
        for text in ("quality fit price delivery packaging service looks works",)
        for aspect, _ in LEXICON.mentions(text)
    } == ASPECTS
    assert {aspect for aspect, _ in LEXICON.mentions("质量尺寸价格物流包装客服颜色功能")} == ASPECTS


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_the_simulated_shoppers_say_of_an_aspect_is_found(language: str) -> None:
    said = resource("opinions.json")[language]["aspects"]

    missed = [
        sentence
        for aspect, by_mood in said.items()
        for sentences in by_mood.values()
        for sentence in sentences
        if aspect not in {name for clause in clauses(sentence, LEXICON) for name in clause.aspects}
    ]

    assert missed == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Lovely fabric. Poor fit!", [("Lovely fabric", ["quality"]), ("Poor fit!", ["fit"])]),
        ("Great quality, poor fit", [("Great quality", ["quality"]), ("poor fit", ["fit"])]),
        ("The fit, quality and price are great", [("The fit, quality and price are great", ["fit", "quality", "price"])]),
        ("Nice colour, I love it", [("Nice colour, I love it", ["looks"])]),
        ("Good price but slow delivery", [("Good price", ["price"]), ("slow delivery", ["delivery"])]),
        ("However, the price is fair", [("the price is fair", ["price"])]),
        ("not only good quality but also a fair price", [("not only good quality but also a fair price", ["quality", "price"])]),
        ("nothing but good quality", [("nothing but good quality", ["quality"])]),
        ("It costs 1,299 dollars", [("It costs 1,299 dollars", ["price"])]),
        ("version 2.5 works", [("version 2.5 works", ["function"])]),
        ("It doesn’t work", [("It doesn’t work", ["function"])]),
        ("质量很好，物流很慢", [("质量很好", ["quality"]), ("物流很慢", ["delivery"])]),
        ("质量很好但是物流很慢", [("质量很好", ["quality"]), ("物流很慢", ["delivery"])]),
        ("质量很好 物流很慢", [("质量很好", ["quality"]), ("物流很慢", ["delivery"])]),
        ("质量，服务都很好", [("质量，服务都很好", ["quality", "service"])]),
        ("质量不但好而且便宜", [("质量不但好而且便宜", ["quality", "price"])]),
        ("颜色再好不过了", [("颜色再好不过了", ["looks"])]),
        ("质量不好.物流很快", [("质量不好", ["quality"]), ("物流很快", ["delivery"])]),
        ("Android works", [("Android works", ["function"])]),
        ("I am looking for a lamp", []),
        ("", []),
        ("…,，。", []),
    ],
)  # fmt: skip
def test_a_text_is_split_where_it_turns_to_another_aspect(text: str, found: list[tuple[str, list[str]]]) -> None:
    assert named(text) == found


@pytest.mark.parametrize("before", [0, 30, 100, 200])
def test_a_long_quote_is_cut_around_its_aspect(before: int) -> None:
    text = "x" * before + " price " + "y" * (220 - before)
    clause = Clause(text, 7, {"price": Part(before + 8, before + 13)})

    quote = clause.quote("price")

    assert len(quote) <= MAX_QUOTE
    assert " price " in quote
    assert quote.startswith("…") == (before > 60)
    assert quote.strip("…") in text


def test_a_short_clause_is_quoted_whole() -> None:
    assert Clause("a" * MAX_QUOTE, 0, {"price": Part(0, 5)}).quote("price") == "a" * MAX_QUOTE


def test_words_inside_words_are_no_mentions() -> None:
    assert named("Profits and sizeable prizes") == []
