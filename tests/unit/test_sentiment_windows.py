# ruff: noqa: RUF001  Chinese punctuation is what is tested

"""How a text of any length and language is cut into what a model reads, and what is said of its parts."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.api import Part
from models.load import place, sentiment
from models.runtime import start
from models.sentiment.judge import TOKENIZER, Judge
from models.sentiment.language import parts
from models.sentiment.windows import CHARACTERS, WINDOWS, Words, windows
from models.words import tokenizer
from schemas.base import Language

ARTIFACTS = Path(__file__).parents[2] / "models" / "artifacts"
LONGEST = 32
LANGUAGES: tuple[Language, ...] = ("en", "zh")
WORDS: dict[Language, Words] = {
    at: Words.of(tokenizer(place(ARTIFACTS, f"sentiment-{at}") / TOKENIZER), LONGEST) for at in LANGUAGES
}
MIXED = st.text(st.sampled_from("abc xyz,.!?很好太差质量😀<>&;\n\u200b1"), max_size=200)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return sentiment(ARTIFACTS, start("cpu", 2))


@given(MIXED)
def test_a_character_keeps_its_place_in_each_language(text: str) -> None:
    found = parts(text)

    assert sum(share for _, _, share in found) == pytest.approx(1)
    for _, part, _ in found:
        assert len(part) == len(text)


@given(MIXED)
@settings(max_examples=200)
def test_windows_are_short_weighted_and_tell_where_their_tokens_stand(text: str) -> None:
    found = windows(text, None, WORDS)

    assert all(2 < len(window.tokens) <= LONGEST for window in found)
    assert not found or sum(window.weight for window in found) <= 1 + 1e-9
    for window in found:
        places = window.places[1:-1]
        assert (places[:, 0] < places[:, 1]).all()
        assert (places[1:, 0] >= places[:-1, 0]).all()
        assert places.max() <= len(text)


@pytest.mark.parametrize(("unit", "language"), [("word ", "en"), ("很好", "zh")])
def test_of_a_long_text_the_start_and_the_end_are_read(unit: str, language: Language) -> None:
    text = unit * (100_000 // len(unit))

    found = windows(text, None, WORDS)

    assert len(found) == WINDOWS
    assert {window.language for window in found} == {language}
    starts = [int(window.places[1, 0]) for window in found]
    assert starts[0] == 0
    assert starts == sorted(starts)
    assert int(found[-1].places[-2, 1]) >= len(text) - 2
    assert starts[-1] > len(text) - CHARACTERS


def test_a_token_stands_where_its_word_stands() -> None:
    text = "The <b>screen</b> is GOOD 👍🏽"

    [window] = windows(text, "en", WORDS)

    tokens = [WORDS["en"].tokenizer.id_to_token(int(n)) for n in window.tokens]
    place_ = window.places[tokens.index("good")]
    assert text[place_[0] : place_[1]] == "GOOD"
    assert "great" in tokens
    place_ = window.places[tokens.index("great")]
    assert text[place_[0]] == "👍"


def test_a_pictogram_is_read(judge: Judge) -> None:
    good, bad, nothing = judge.judge(["👍👍😍", "😡👎", "🧿"], [None, None, None])

    assert (good.label, bad.label) == ("positive", "negative")
    assert (nothing.label, nothing.probability) == ("neutral", 0.3333)


def test_praise_and_blame_in_one_sentence_are_told_apart(judge: Judge) -> None:
    text = "The screen is great but the battery is awful."
    spans = [Part(4, 10), Part(28, 35)]

    [judgement] = judge.judge([text], [None], [spans])

    assert [text[span.start : span.end] for span in spans] == ["screen", "battery"]
    assert [opinion.label for opinion in judgement.parts] == ["positive", "negative"]


def test_chinese_praise_and_blame_in_one_sentence_are_told_apart(judge: Judge) -> None:
    text = "质量很好，但是物流太慢了，等了半个月。"

    [judgement] = judge.judge([text], [None], [[Part(0, 2), Part(7, 9)]])

    good, bad = judgement.parts
    assert good.polarity > 0 > bad.polarity


def test_a_part_in_a_mixed_text_is_judged_in_its_own_language(judge: Judge) -> None:
    text = "The quality is great, I love it 但是物流太慢了，等了半个月"
    start_ = text.index("物流")

    [judgement] = judge.judge([text], [None], [[Part(4, 11), Part(start_, start_ + 2)]])

    assert [opinion.polarity > 0 for opinion in judgement.parts] == [True, False]


def test_parts_that_nobody_read_are_unsure(judge: Judge) -> None:
    text = "good " * 40_000

    [judgement] = judge.judge([text], [None], [[Part(100_000, 100_004), Part(0, 4), Part(5, 5), Part(10**6, 10**7)]])

    assert [opinion.probability == 0.3333 for opinion in judgement.parts] == [True, False, True, True]


def test_what_is_said_of_a_part_does_not_depend_on_the_texts_beside_it(judge: Judge) -> None:
    asked = [("The screen is great.", [Part(4, 10)]), ("质量太差了", [Part(0, 2)]), ("nothing", []), ("", [Part(0, 0)])]

    together = judge.judge([text for text, _ in asked], [None] * 4, [spans for _, spans in asked])

    assert together == [judge.judge([text], [None], [spans])[0] for text, spans in asked]


def test_a_judge_of_one_language_judges_all_in_it() -> None:
    only = Judge({"en": ARTIFACTS / "sentiment-en"}, start("cpu", 1))

    [judgement] = only.judge(["I love it, 很好"], [None])

    assert judgement.label == "positive"


def test_the_first_folder_that_has_a_model_gives_it(tmp_path: Path) -> None:
    search = Path(f"{tmp_path}:{ARTIFACTS}")

    assert place(search, "embedder") == ARTIFACTS / "embedder"
    (tmp_path / "embedder").mkdir()
    assert place(search, "embedder") == ARTIFACTS / "embedder"
    (tmp_path / "embedder" / "card.json").write_text("{}", encoding="utf-8")
    assert place(search, "embedder") == tmp_path / "embedder"
    assert place(search, "nothing") == ARTIFACTS / "nothing"


@pytest.mark.parametrize(
    "text",
    ["asdkjh qwe zxmn", "fjdksla;fjdkslaf jdkslafjd", "12345 67890", "SKU-88213-BLK", "!!!!????", "0x3f8a bb12 ff00", "2/10/2026"],
)  # fmt: skip
def test_what_is_not_language_is_neutral_with_little_confidence(judge: Judge, text: str) -> None:
    [found] = judge.judge([text], [None])

    assert (found.label, found.probability, found.polarity) == ("neutral", 0.34, 0.0)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I absolutely love it", "positive"),
        ("Terrible, the Sony DSC-W830 XQZT7 broke", "negative"),
        ("10/10", "positive"),
        ("0 / 10", "negative"),
        ("👍👍👍", "positive"),
        ("太差了", "negative"),
    ],
)
def test_short_and_strange_words_do_not_hide_what_is_said(judge: Judge, text: str, label: str) -> None:
    [found] = judge.judge([text], [None])

    assert found.label == label
    assert abs(found.polarity) > 0.5


def test_half_a_text_of_nonsense_is_half_believed(judge: Judge) -> None:
    [good, mixed] = judge.judge(["lovely", "lovely asdkjh zxmn lkjsdf"], [None, None])

    assert good.polarity > mixed.polarity > 0
