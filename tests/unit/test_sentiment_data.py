# ruff: noqa: RUF001  Chinese punctuation is what is tested

"""Texts to parts: clean, without duplicates, the same on each machine and in each order."""

import random

import pytest

from models.sentiment.clean import clean, tidy
from models.sentiment.data import Plan, balanced, groups, prepare, split
from models.sentiment.duplicates import clusters
from models.sentiment.labelled import NEGATIVE, NEUTRAL, POSITIVE, Example, Labelled
from models.sentiment.targets import Target

PLAN = Plan(language="en", test=0.2, validation=0.2)
REVIEW = (
    "I bought this lamp for my mother in the spring and she has been using it every evening since then, it is lovely"
)


def labelled(*examples: Example, neutral: bool = True) -> Labelled:
    return Labelled(list(examples), neutral, 0)


def reviews(count: int) -> list[Example]:
    drawn = random.Random(3)
    words = [
        "lamp",
        "dress",
        "kettle",
        "soft",
        "warm",
        "bright",
        "cheap",
        "sturdy",
        "blue",
        "slow",
        "late",
        "early",
        "new",
    ]
    return [
        Example(
            f"{n} " + " ".join(drawn.choices(words, k=9)),
            drawn.choice([NEGATIVE, NEUTRAL, POSITIVE]),
            "shop",
            f"i{n % 9}",
        )
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("<p>Nice<br/>lamp</p>", "   Nice     lamp    "),
        ("fish &amp; chips &#39;n&#x27; peas", "fish &     chips '    n'      peas"),
        ("a < b and c > d", "a < b and c > d"),
        ("it is n't bad , they 're -LRB- good -rrb-", "it isn't  bad , they're  (     good )    "),
        ("see https://shop.example/a?b=1 now", f"see {' ' * 26} now"),
        ("好看https://shop.example/很好", f"好看{' ' * 21}很好"),
        ("zero\u200bwidth\x00\ufeff", "zero width  "),
        ("[b]bold[/b] [ok]", "   bold     [ok]"),
        ("half \ud83d pair", "half ? pair"),
        ("don't", "don't"),
        ("", ""),
    ],
)
def test_what_is_no_language_becomes_spaces_in_its_place(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
    assert len(clean(text)) == len(text)


def test_what_nobody_wrote_is_dropped() -> None:
    assert tidy("Works. [This review was collected as part of a promotion.]") == "Works."
    assert tidy("此用户未填写评价内容") == ""


def test_texts_of_a_like_are_found_and_others_are_not() -> None:
    other = "The dress came late and in the wrong colour, and nobody answered my letters for more than three weeks"

    found = clusters([REVIEW, other, REVIEW.upper() + "!!", REVIEW.replace("lovely", "nice"), "good", "Good.", "goods"])

    assert found == [0, 1, 0, 0, 4, 4, 6]


def test_chinese_texts_of_a_like_are_found() -> None:
    text = "这个台灯我买给妈妈用的，她每天晚上都在用，非常喜欢，光线很柔和，质量也不错，下次还会再来购买的，" * 2
    other = "质量太差了，用了一天就坏了，客服也不回复，非常失望，再也不会来了，给个差评，希望大家不要上当受骗" * 2

    assert clusters([text, text.replace("下次", "以后", 1), other]) == [0, 0, 2]


def test_a_text_lies_in_the_same_part_in_whatever_order_and_company() -> None:
    some = reviews(300)
    shuffled = random.Random(1).sample(some, len(some))

    whole, again, half = (
        prepare([labelled(*given)], PLAN).parts
        for given in (some, shuffled, [it for it in some if int(it.text.split()[0]) % 2])
    )

    assert all(set(whole[part]) == set(again[part]) for part in whole)
    assert set(half["test"]) <= set(whole["test"])
    assert {part: len(it) > 20 for part, it in whole.items()} == {"train": True, "validation": True, "test": True}


def test_near_duplicates_lie_in_one_part_and_only_one_of_them_is_kept() -> None:
    copies = [Example(REVIEW.replace("spring", season), POSITIVE, "shop") for season in ("spring", "summer", "autumn")]

    prepared = prepare([labelled(*copies, *reviews(40))], PLAN)

    kept = [it for part in prepared.parts.values() for it in part if "mother" in it.text]
    assert len(kept) == 1
    assert prepared.report.duplicates == 2


def test_near_duplicates_with_other_labels_stay_together() -> None:
    long = f"{REVIEW}, and so do all the others of the family who have seen it there since the day that it came"
    pairs = [
        Example(f"{long}{end}", label, "shop")
        for end, label in (("", POSITIVE), (", sort of", NEUTRAL), (", no", NEGATIVE))
    ]

    parts = prepare([labelled(*pairs)], PLAN).parts

    assert sum(bool(part) for part in parts.values()) == 1


def test_equal_texts_with_several_labels_are_left_out() -> None:
    prepared = prepare(
        [labelled(Example("So so", NEUTRAL, "shop"), Example("so so!", NEGATIVE, "shop"), *reviews(20))], PLAN
    )

    assert prepared.report.contradictions == 2
    assert not any(it.text.startswith("So so") for part in prepared.parts.values() for it in part)


def test_items_lie_on_one_side_if_that_is_asked() -> None:
    parts = prepare([labelled(*reviews(300))], Plan(language="en", test=0.3, by_group=True)).parts

    sides = [{it.group for it in part} for part in parts.values()]
    assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]


def test_a_group_that_is_left_out_is_the_test() -> None:
    given = labelled(*reviews(90))

    parts = prepare([given], Plan(language="en", test=0.5, left_out="i4")).parts

    assert {it.group for it in parts["test"]} == {"i4"}
    assert not any(it.group == "i4" for name in ("train", "validation") for it in parts[name])
    assert groups([given])["i4"] == 10


def test_other_languages_and_empty_texts_are_counted_out() -> None:
    given = labelled(Example("质量很好", POSITIVE, "shop"), Example("<br/>!!!", POSITIVE, "shop"), *reviews(10))

    report = prepare([given], PLAN).report

    assert (report.other_language, report.nothing_left, report.rows) == (1, 1, {"shop": 12})
    assert sum(sum(part.values()) for part in report.parts.values()) == 10


def test_no_label_drowns_the_others_of_its_file() -> None:
    many = [Example(str(n), POSITIVE, "a") for n in range(50)] + [Example("x", NEGATIVE, "a")] * 5
    few = [Example(str(n), POSITIVE, "b") for n in range(9)]

    kept, fewer = balanced([*many, *few], 2.0), balanced([*many, *few], 2.0, most=4)

    keys = (("a", POSITIVE), ("a", NEGATIVE), ("b", POSITIVE))
    assert [sum((it.source, it.label) == key for it in kept) for key in keys] == [10, 5, 9]
    assert [sum((it.source, it.label) == key for it in fewer) for key in keys] == [4, 4, 4]


def test_what_balance_leaves_out_is_there_for_the_baseline() -> None:
    many = [Example(f"{n} {word}", POSITIVE, "a") for n in range(60) for word in ("good", "fine", "nice")]
    few = [Example(f"{n} bad", NEGATIVE, "a") for n in range(30)]

    prepared = prepare([labelled(*many, *few)], Plan(language="en", balance=1.0, validation=0.2))

    assert prepared.report.for_balance == len(prepared.learnable) - len(prepared.parts["train"]) > 50
    assert set(prepared.parts["train"]) < set(prepared.learnable)


def test_targets_of_a_sentence_lie_in_one_part() -> None:
    given = [
        Target(f"the lamp {n} is better than the dress {n}", at, at + 4, POSITIVE, "t")
        for n in range(60)
        for at in (4, 20)
    ]

    parts = split(given, PLAN)

    sides = [{it.text for it in part} for part in parts.values()]
    assert sum(map(len, sides)) == 60
    assert all(len(parts[name]) == 2 * len(side) for name, side in zip(parts, sides, strict=True))
