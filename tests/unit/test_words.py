"""Personal words about items, case by case."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from agents.shoppers.grounding import check
from agents.shoppers.likings import Liking
from agents.shoppers.phrases import Role, choices, patterns, tongue
from agents.shoppers.plain import clean, money, shorten
from agents.shoppers.words import LENGTHS, Words, compose
from schemas.base import Language, Localized
from schemas.cards import ItemCard, Praise
from schemas.catalog import CatalogItem
from schemas.copy import Claim

AT = datetime(2026, 1, 1, tzinfo=UTC)
LANGUAGES: tuple[Language, ...] = ("en", "zh")
SEEDS = [f"shopper-1/{revision}" for revision in range(60)]

BOARD = CatalogItem(
    item="board",
    title={"en": "Oakridge walnut chopping board", "zh": "Oakridge 胡桃木砧板"},
    at=AT,
    category="kitchen",
    category_name={"en": "Kitchen", "zh": "厨房用品"},
    brand="Oakridge",
    price=29.9,
    was=39.9,
    stock=3,
    rebuy=True,
    attributes={"origin": {"en": "Portugal", "zh": "葡萄牙"}, "thickness": {"en": "4 cm"}},
)
BARE = CatalogItem(item="bare", title={"en": "Plain thing", "zh": "普通物件"}, at=AT)
KNOWN = ItemCard(
    item="board",
    revision=9,
    at=AT,
    purchases=1204,
    reviews=20,
    polarity=0.6,
    aspects={
        "quality": Praise(positive=9, negative=1, quote="It feels solid."),
        "fit": Praise(positive=2, negative=0, quote="Fits well."),
    },
)
UNKNOWN = ItemCard(item="bare", revision=1, at=AT)
NOBODY = Liking()
COOK = Liking(category="kitchen", brand="Oakridge", aspects={"quality": 1.0}, query="walnut chopping board")


def item(like: CatalogItem = BARE, **changes: Any) -> CatalogItem:
    return msgspec.structs.replace(like, **changes)


def facts_named(facts: CatalogItem, card: ItemCard, liking: Liking) -> set[str]:
    """Return the facts that any of sixty copies rests on."""
    return {claim.fact for seed in SEEDS for claim in compose(facts, card, liking, seed).claims}


def texts(facts: CatalogItem, card: ItemCard, liking: Liking, language: Language) -> list[str]:
    return [compose(facts, card, liking, seed).text[language] for seed in SEEDS]


def test_a_copy_speaks_each_language_that_the_item_has_a_title_in() -> None:
    chinese = item(title={"zh": "砧板"})

    assert list(compose(BOARD, KNOWN, COOK, "s").text) == ["en", "zh"]
    assert list(compose(chinese, UNKNOWN, NOBODY, "s").text) == ["zh"]


def test_the_shoppers_own_language_comes_first() -> None:
    liking = msgspec.structs.replace(COOK, language="zh")

    assert list(compose(BOARD, KNOWN, liking, "s").text) == ["zh", "en"]


def test_an_item_without_a_readable_title_gets_no_words() -> None:
    assert compose(item(title={"en": "\x00\n\u202e"}), UNKNOWN, NOBODY, "s") == Words({}, ())


def test_an_item_of_which_nothing_is_known_is_named() -> None:
    assert compose(BARE, UNKNOWN, NOBODY, "s") == Words({"en": "Plain thing", "zh": "普通物件"}, ())


def test_the_same_shopper_revision_and_item_give_the_same_copy() -> None:
    assert compose(BOARD, KNOWN, COOK, "shopper-1/7") == compose(BOARD, KNOWN, COOK, "shopper-1/7")


def test_the_seed_of_pythons_hashes_does_not_matter() -> None:
    code = (
        "from tests.unit.test_words import *; import sys;"
        "sys.stdout.buffer.write(msgspec.json.encode([compose(BOARD, KNOWN, COOK, seed) for seed in SEEDS]))"
    )

    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }

    assert runs == {msgspec.json.encode([compose(BOARD, KNOWN, COOK, seed) for seed in SEEDS])}


@pytest.mark.parametrize("language", LANGUAGES)
def test_other_revisions_and_other_items_get_other_words(language: Language) -> None:
    copies = texts(BOARD, KNOWN, COOK, language)
    other = texts(item(BOARD, item="other"), KNOWN, COOK, language)

    assert len(set(copies)) > 50
    assert sum(a == b for a, b in zip(copies, other, strict=True)) < 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_kind_of_claim_can_open_a_copy_in_eight_ways(language: Language) -> None:
    few = {name for name, kind in choices(language).items() if len(set(kind["open"])) < 8}

    assert not few


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_kind_of_claim_has_words_for_each_place(language: Language) -> None:
    empty = {
        (name, role)
        for name, kind in choices(language).items()
        for role in get_args(Role)
        if role != "title" and not kind[role]
    }

    assert not empty


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_names_the_fact_that_it_rests_on(language: Language) -> None:
    names = {
        "item.was": ["{was}", "{percent}%"],
        "item.price": ["{price}"],
        "item.stock": ["{count}"],
        "item.brand": ["{brand}"],
        "item.category_name": ["{category}"],
        "item.attributes": ["{value}"],
        "card.purchases": ["{count}"],
        "reviews.aspect": ["{aspect}"],
        "reviews.quote": ["{quote}"],
        "profile.aspects": ["{care}"],
    }

    silent = [
        phrase
        for kind, roles in choices(language).items()
        for phrase in roles["open"] + roles["say"]
        for needed in [names.get(kind, names["item.attributes"] if kind.startswith("item.attributes") else [""])]
        if not any(name in phrase for name in needed)
    ]

    assert not silent


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_several_shapes_for_each_number_of_claims(language: Language) -> None:
    assert {count: len(shapes) >= 4 for count, shapes in patterns(language).items()} == {1: True, 2: True, 3: True}


def test_both_languages_can_say_the_same_kinds_of_things() -> None:
    english, chinese = tongue("en"), tongue("zh")

    assert english.kinds.keys() == chinese.kinds.keys()
    assert english.aspects.keys() == chinese.aspects.keys() == english.cares.keys() == chinese.cares.keys()


def test_a_copy_makes_two_or_three_claims_where_enough_is_known() -> None:
    for seed in SEEDS:
        words = compose(BOARD, KNOWN, COOK, seed)
        for language in LANGUAGES:
            facts = {claim.fact for claim in words.claims if language in claim.text}

            assert 2 <= len(facts - {"item.price"}) <= 3 or len(facts) in {2, 3}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_fits_the_shopper_is_always_said(language: Language) -> None:
    for seed in SEEDS:
        words = compose(BOARD, KNOWN, COOK, seed)

        assert any(claim.fact.startswith("profile.") for claim in words.claims if language in claim.text)


def test_a_claim_carries_its_words_its_fact_and_its_value() -> None:
    facts = item(price=29.9, title={"en": "Plain thing"})

    words = compose(facts, UNKNOWN, NOBODY, "s")

    (claim,) = words.claims
    assert (claim.fact, claim.value) == ("item.price", "29.9")
    assert "$29.90" in claim.text["en"]
    assert claim.text["en"] in words.text["en"]


@pytest.mark.parametrize(
    ("facts", "allowed"),
    [
        (item(price=None, was=39.9), set()),
        (item(price=29.9, was=None), {"item.price"}),
        (item(price=29.9, was=29.9), {"item.price"}),
        (item(price=29.9, was=19.9), {"item.price"}),
        (item(price=29.9, was=30.0), {"item.price"}),
        (item(price=29.9, was=39.9), {"item.price", "item.was"}),
        (item(price=0.0), set()),
        (item(price=29.9, currency="{}\n"), set()),
        (item(stock=None), set()),
        (item(stock=0), set()),
        (item(stock=5), {"item.stock"}),
        (item(stock=6), set()),
        (item(rebuy=True), {"item.rebuy"}),
        (item(title={"en": "Plain thing"}, brand="Plain"), set()),
        (item(brand="Acme"), {"item.brand"}),
        (item(category_name={"en": "Things", "zh": "物件类"}), {"item.category_name"}),
        (item(attributes={"origin": {"en": "Japan", "zh": "日本"}}), {"item.attributes.origin"}),
        (item(attributes={"origin": {"en": "plain", "zh": "普通"}}), set()),
        (item(attributes={"weight": {"en": "2 kg", "zh": "2公斤"}}), {"item.attributes.weight"}),
        (item(attributes={"<b>": {"en": "bold", "zh": "粗体"}}), set()),
        (item(attributes={"origin": {"en": "a" * 33, "zh": "日" * 13}}), set()),
    ],
)
def test_only_facts_of_the_item_that_exist_are_named(facts: CatalogItem, allowed: set[str]) -> None:
    assert facts_named(facts, UNKNOWN, NOBODY) == allowed


@pytest.mark.parametrize(
    ("card", "allowed"),
    [
        ({"purchases": 9}, set()),
        ({"purchases": 10}, {"card.purchases"}),
        ({"reviews": 4, "polarity": 0.9}, set()),
        ({"reviews": 5, "polarity": 0.3}, set()),
        ({"reviews": 5, "polarity": 0.4}, {"reviews.polarity"}),
        ({"aspects": {"quality": Praise(positive=2)}}, set()),
        ({"aspects": {"quality": Praise(positive=3)}}, {"reviews.quality"}),
        ({"aspects": {"quality": Praise(positive=3, negative=2)}}, set()),
        ({"aspects": {"quality": Praise(positive=3, negative=4)}}, set()),
        ({"aspects": {"smell of {x}": Praise(positive=30)}}, set()),
        (
            {"aspects": {"looks": Praise(positive=3, quote="It looks gorgeous.")}},
            {"reviews.looks", "reviews.looks.quote"},
        ),
        ({"aspects": {"looks": Praise(positive=3, quote="颜色很好看。")}}, {"reviews.looks", "reviews.looks.quote"}),
        ({"aspects": {"looks": Praise(positive=3, quote="Call 555 0100, it looks gorgeous")}}, {"reviews.looks"}),
        ({"aspects": {"looks": Praise(positive=3, quote="see www.example.com/x")}}, {"reviews.looks"}),
        ({"aspects": {"looks": Praise(positive=3, quote="gorgeous " * 9)}}, {"reviews.looks"}),
        ({"aspects": {"looks": Praise(positive=3, quote="Fucking gorgeous.")}}, {"reviews.looks"}),
    ],
)
def test_only_praise_that_is_clear_is_passed_on(card: dict[str, Any], allowed: set[str]) -> None:
    assert facts_named(BARE, msgspec.structs.replace(UNKNOWN, **card), NOBODY) == allowed


@pytest.mark.parametrize(("quote", "language"), [("It looks gorgeous.", "zh"), ("颜色很好看。", "en")])
def test_a_quotation_stays_in_its_language(quote: str, language: Language) -> None:
    card = msgspec.structs.replace(UNKNOWN, aspects={"looks": Praise(positive=3, quote=quote)})

    assert not [text for text in texts(BARE, card, NOBODY, language) if quote[:-1] in text]


def test_a_review_that_may_be_the_shoppers_own_is_not_quoted() -> None:
    card = msgspec.structs.replace(UNKNOWN, aspects={"looks": Praise(positive=3, quote="It looks gorgeous.")})

    assert "reviews.looks.quote" not in facts_named(BARE, card, Liking(aspects={"looks": 0.01}))


@pytest.mark.parametrize(
    ("liking", "allowed"),
    [
        (Liking(category="kitchen"), {"profile.category"}),
        (Liking(category="kitchen", category_item="other"), {"profile.category"}),
        (Liking(category="kitchen", category_item="board"), set()),
        (Liking(category="garden"), set()),
        (Liking(brand="Oakridge"), {"profile.brand"}),
        (Liking(brand="oak"), set()),
        (Liking(query="Walnut boards"), {"profile.query"}),
        (Liking(query="best chopping board please"), {"profile.query"}),
        (Liking(query="bamboo chopping board"), {"profile.query"}),
        (Liking(query="bamboo board"), set()),
        (Liking(query="best new"), set()),
        (Liking(query="nut"), set()),
        (Liking(query="好用的砧板"), {"profile.query"}),
        (Liking(query="砧板"), {"profile.query"}),
        (Liking(query="竹砧板"), set()),
        (Liking(query="茶壶"), set()),
        (Liking(query="\x00"), set()),
        (Liking(aspects={"quality": 0.5}), {"profile.aspects.quality"}),
        (Liking(aspects={"quality": 0.0}), set()),
        (Liking(aspects={"fit": 1.0}), set()),
        (Liking(aspects={"looks": 1.0}), set()),
    ],
)
def test_a_personal_reason_is_given_only_if_it_fits_this_item(liking: Liking, allowed: set[str]) -> None:
    named = {fact for fact in facts_named(BOARD, KNOWN, liking) if fact.startswith("profile.")}

    assert named == allowed


@pytest.mark.parametrize(
    "names", [{"en": "Unisex condoms, pack of 12"}, {"zh": "孕妇装"}, {"en": "Bible with a walnut board"}]
)
def test_nothing_of_the_shopper_is_said_beside_a_delicate_item(names: Localized) -> None:
    facts = item(BOARD, title=names)

    assert not [fact for fact in facts_named(facts, KNOWN, COOK) if fact.startswith("profile.")]


def test_a_search_is_quoted_only_in_its_language_and_only_where_the_item_answers_all_of_it() -> None:
    assert any("“walnut board”" in text for text in texts(BOARD, KNOWN, Liking(query="good walnut board"), "en"))
    assert not any("walnut board" in text for text in texts(BOARD, KNOWN, Liking(query="walnut board"), "zh"))
    assert not any("bamboo" in text for text in texts(BOARD, KNOWN, Liking(query="bamboo chopping board"), "en"))
    assert not any("<" in text for text in texts(BOARD, KNOWN, Liking(query="walnut<i>board"), "en"))


def test_the_price_is_not_said_twice() -> None:
    for language in LANGUAGES:
        for text in texts(item(price=29.9, was=39.9), UNKNOWN, NOBODY, language):
            assert text.count("$29.90") <= 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("title", ["word " * 51, "好" * 256, "x" * 256, "e\u0301" * 128, "👩‍👩‍👧" * 51])
def test_a_copy_stays_short_whatever_the_title(title: str, language: Language) -> None:
    for text in texts(item(BOARD, title={language: title}), KNOWN, COOK, language):
        assert len(text) <= LENGTHS[language]


@pytest.mark.parametrize("title", ["{open} {0} {} %s {title}", "a\nb\r\nc\x00d\u2028e", "“”\"'", "🦊 {", "A? B!"])
def test_a_hostile_title_stands_in_the_copy_as_it_is_but_on_one_line(title: str) -> None:
    for text in texts(item(BOARD, title={"en": title}), KNOWN, COOK, "en"):
        assert clean(title).rstrip("!") in text
        assert text.isprintable()


def test_chinese_copy_has_full_width_punctuation_and_no_spaces_of_its_own() -> None:
    for text in texts(item(BOARD, title={"zh": "胡桃木砧板"}), KNOWN, Liking(category="kitchen"), "zh"):
        assert " " not in text
        assert not set(text) & set(",;:!?")
        assert text.endswith("。")


@pytest.mark.parametrize(
    ("brand", "shown"), [("iPad", "iPad"), ("\u00dfeta", "\u00dfeta"), ("acme", "Acme"), ("\u0131ndigo", "\u0131ndigo")]
)
def test_a_name_at_the_start_of_a_sentence_keeps_its_own_capitals(brand: str, shown: str) -> None:
    starts = [text for text in texts(item(brand=brand), UNKNOWN, NOBODY, "en") if " presents: " in text]

    assert starts
    assert all(text.startswith(f"{shown} presents: ") for text in starts)


def test_a_question_is_followed_by_no_colon() -> None:
    for language in LANGUAGES:
        for text in texts(BOARD, KNOWN, COOK, language):
            assert not [
                pair for pair in ("?:", "?.", "\uff1f\uff1a", "\uff1f。", "..", "。。", "….", "  ") if pair in text
            ]


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (29.9, "USD", "$29.90"),
        (1299.0, "CNY", "¥1,299.00"),
        (5.0, "EUR", "€5.00"),
        (2990.0, "JPY", "¥2,990"),
        (29.9, "XYZ", "29.90 XYZ"),
        (29.9, "usd", "$29.90"),
        (0.0, "USD", ""),
        (0.001, "USD", ""),
        (0.4, "JPY", ""),
        (float("inf"), "USD", ""),
        (float("nan"), "USD", ""),
        (29.9, "{0}", ""),
        (29.9, "元元元", ""),
        (None, "USD", ""),
    ],
)
def test_a_price_is_written_as_shoppers_write_it(amount: float | None, currency: str, expected: str) -> None:
    assert money(amount, currency) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("walnut chopping board", 21, "walnut chopping board"),
        ("walnut chopping board", 20, "walnut chopping…"),
        ("walnut, chopping board", 9, "walnut…"),
        ("walnutchoppingboard", 8, "walnutc…"),
        ("胡桃木砧板", 4, "胡桃木…"),
        ("cafe\u0301cafe\u0301", 5, "caf…"),
    ],
)
def test_a_long_text_is_cut_between_words(text: str, limit: int, expected: str) -> None:
    assert shorten(text, limit) == expected


TRUE = Words(
    {"en": "Since you seem to like Acme: Plain thing. Now $29.90 instead of $39.90, praised for its quality."},
    (
        Claim(text={"en": "Since you seem to like Acme"}, fact="profile.brand", value="Acme"),
        Claim(text={"en": "Now $29.90 instead of $39.90"}, fact="item.was", value="39.9"),
        Claim(text={"en": "praised for its quality"}, fact="reviews.quality", value="9/10"),
    ),
)
THING = item(title={"en": "Plain thing"}, brand="Acme", price=29.9, was=39.9)
FAN = Liking(brand="Acme")


def test_the_checker_accepts_a_true_copy() -> None:
    assert check(TRUE, THING, KNOWN, FAN) == []


@pytest.mark.parametrize(
    ("fault", "words", "facts", "card", "liking"),
    [
        ("of another price", TRUE, item(THING, price=30.9), KNOWN, FAN),
        ("of no reduction", TRUE, item(THING, was=None), KNOWN, FAN),
        ("of another brand", TRUE, item(THING, brand="Other"), KNOWN, FAN),
        ("of a shopper who does not care", TRUE, THING, KNOWN, NOBODY),
        ("of a delicate item", TRUE, item(THING, category_name={"en": "Medicine"}), KNOWN, FAN),
        ("of no praise", TRUE, THING, UNKNOWN, FAN),
        ("of another title", TRUE, item(THING, title={"en": "Fancy thing"}), KNOWN, FAN),
        ("without a language", TRUE, item(THING, title={"en": "Plain thing", "zh": "物件"}), KNOWN, FAN),
        ("without its claims", TRUE._replace(claims=()), THING, KNOWN, FAN),
        (
            "with a sentence too many",
            TRUE._replace(text={"en": TRUE.text["en"] + " It is waterproof."}),
            THING,
            KNOWN,
            FAN,
        ),
        ("with a number changed", TRUE._replace(text={"en": TRUE.text["en"].replace("29", "19")}), THING, KNOWN, FAN),
        ("too long", TRUE._replace(text={"en": TRUE.text["en"] + "!" * 100}), THING, KNOWN, FAN),
        ("of two lines", TRUE._replace(text={"en": TRUE.text["en"] + "\n"}), THING, KNOWN, FAN),
        ("of nothing", TRUE._replace(text={"en": ""}), THING, KNOWN, FAN),
    ],
)
def test_the_checker_finds_a_false_copy(
    fault: str, words: Words, facts: CatalogItem, card: ItemCard, liking: Liking
) -> None:
    assert check(words, facts, card, liking), fault


@pytest.mark.parametrize(
    "claim",
    [
        Claim(text={"en": "only 3 left"}, fact="item.stock", value="3"),
        Claim(text={"en": "only 2 left"}, fact="item.price", value="29.9"),
        Claim(text={"en": "for $29.90"}, fact="item.price", value="29.90"),
        Claim(text={"en": "for $19.90"}, fact="item.price", value="29.9"),
        Claim(text={"en": "for next to nothing"}, fact="item.price", value="29.9"),
        Claim(text={"en": "50% off"}, fact="item.was", value="39.9"),
        Claim(text={"en": "from Japan"}, fact="item.attributes.origin", value="Japan"),
        Claim(text={"en": "by Bcme"}, fact="item.brand", value="Acme"),
        Claim(text={"en": "loved by 12 of 10"}, fact="reviews.quality", value="9/10"),
        Claim(text={"en": "praised for its fit"}, fact="reviews.fit", value="2/2"),
        Claim(text={"en": "“A dream”, says one"}, fact="reviews.quality.quote", value="It feels solid."),
        Claim(text={"en": "bought 9,000 times"}, fact="card.purchases", value="1204"),
        Claim(text={"en": "in line with your browsing"}, fact="profile.category", value="kitchen"),
        Claim(text={"en": "for your search"}, fact="profile.query", value="plain thing"),
        Claim(text={"en": "for those who value quality"}, fact="profile.aspects.quality", value="1"),
        Claim(text={"en": "one to reorder"}, fact="item.rebuy", value="true"),
        Claim(text={"en": "the best"}, fact="item.quality", value="best"),
        Claim(text={"en": "the best"}, fact="", value=""),
    ],
)
def test_the_checker_finds_a_false_claim(claim: Claim) -> None:
    words = Words({"en": f"Plain thing, {claim.text['en']}."}, (claim,))

    assert check(words, THING, KNOWN, FAN)


def test_the_checker_finds_a_claim_that_is_not_in_the_copy() -> None:
    words = Words({"en": "Plain thing."}, (Claim(text={"en": "for $29.90"}, fact="item.price", value="29.9"),))

    assert check(words, THING, KNOWN, FAN) == ["en item.price: “for $29.90” is not in the copy"]


def test_the_checker_finds_a_quotation_that_may_be_the_shoppers_own() -> None:
    quoted = "“It feels solid”, says one reviewer"
    words = Words(
        {"en": f"{quoted}: Plain thing."},
        (Claim(text={"en": quoted}, fact="reviews.quality.quote", value="It feels solid."),),
    )

    assert check(words, THING, KNOWN, NOBODY) == []
    assert check(words, THING, KNOWN, Liking(aspects={"quality": 0.1}))
