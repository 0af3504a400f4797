# ruff: noqa: RUF001  Chinese punctuation is what is tested

"""The laws of the models that ship, on the artefacts that ship."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from models.api import History, Models, Vectors
from models.interest.features import LONGEST
from models.load import load
from models.sentiment.judge import LABELS
from models.sentiment.language import detect, parts

ARTIFACTS = Path(__file__).parents[2] / "models" / "artifacts"

ODD = (
    "",
    "   \n\t",
    "👍🏽👍🏽",
    "😡" * 300,
    "\ud83d",
    "...!!!",
    "12345",
    "a" * 300,
    "Отличные туфли",
    "很好 nice 很好 nice",
)
REVIEWS = (
    "I love this dress, it fits perfectly.",
    "It broke after a week and nobody answers my letters. The worst kettle I have had in years.",
    "It is okay, nothing special. Some good, some bad.",
    "质量非常好，很喜欢。",
    "用了一天就坏了，太差了。",
    "Delivery was fast 但是质量太差了，用了一天就坏了",
)


@pytest.fixture(scope="module")
def models() -> Models:
    return load(ARTIFACTS, provider="auto", callers=3)


def history(vectors: Vectors, *kinds: str, ages: tuple[float, ...] = ()) -> History:
    return History(vectors, kinds, ages or tuple(60.0 * n for n in reversed(range(len(kinds)))))


def test_a_vector_does_not_depend_on_the_texts_beside_it(models: Models) -> None:
    texts = [*REVIEWS, *ODD, "kettle " * 400]
    fresh = load(ARTIFACTS, provider="cpu", callers=1)

    together = models.embedder.encode(texts)

    alone = np.concatenate([fresh.embedder.encode([text]) for text in reversed(texts)])[::-1]
    assert together.tobytes() == alone.tobytes()
    assert together.shape == (len(texts), models.embedder.size)


def test_a_judgement_does_not_depend_on_the_texts_beside_it(models: Models) -> None:
    texts = [*REVIEWS, *ODD, "nice " * 900]
    shuffled = random.Random(1).sample(range(len(texts)), len(texts))

    together = models.sentiment.judge(texts, [None] * len(texts))

    assert together == [models.sentiment.judge([text], [None])[0] for text in texts]
    assert [together[n] for n in shuffled] == models.sentiment.judge([texts[n] for n in shuffled], [None] * len(texts))


def test_an_interest_does_not_depend_on_the_histories_beside_it(models: Models) -> None:
    items = models.embedder.encode(REVIEWS)
    histories = [history(items[:n], *["view"] * n) for n in range(1, len(items) + 1)]

    together = models.interest.vectors(histories)

    alone = np.concatenate([models.interest.vectors([one]) for one in histories])
    assert together.tobytes() == alone.tobytes()


def test_many_threads_get_what_one_gets(models: Models) -> None:
    texts = [f"{review} {n}" for n in range(4) for review in REVIEWS]
    with ThreadPoolExecutor(4) as threads:
        shared = list(threads.map(lambda text: models.sentiment.judge([text], [None])[0], texts))
        vectors = list(threads.map(lambda text: models.embedder.encode([text])[0], texts))

    assert shared == models.sentiment.judge(texts, [None] * len(texts))
    assert np.array_equal(np.stack(vectors), models.embedder.encode(texts))


@pytest.mark.parametrize("text", ODD)
def test_any_text_is_judged_and_embedded(models: Models, text: str) -> None:
    (judgement,) = models.sentiment.judge([text], [None])
    (vector,) = models.embedder.encode([text])

    assert -1 <= judgement.polarity <= 1
    assert 0 < judgement.probability <= 1
    assert judgement.label in LABELS
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("text", ["", "   ", "🧿", "\u200b"])
@pytest.mark.parametrize("language", [None, "en"])
def test_a_text_without_a_word_says_nothing(models: Models, text: str, language: None) -> None:
    (judgement,) = models.sentiment.judge([text], [language])

    assert (judgement.polarity, judgement.label, judgement.probability) == (0.0, "neutral", 0.3333)


@pytest.mark.parametrize(("word", "language"), [("awful ", "en"), ("太差了", "zh")])
def test_a_text_of_100_kb_is_judged_by_its_start_and_its_end(models: Models, word: str, language: str) -> None:
    text = word * (100_000 // len(word))
    praise = "I love it, perfect. " if language == "en" else "非常喜欢，质量很好，"

    plain, praised = models.sentiment.judge([text, text + praise * 600], [None, None])

    assert plain.label == "negative"
    assert plain.language == language
    assert praised.polarity > plain.polarity


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (REVIEWS[0], "positive"),
        (REVIEWS[1], "negative"),
        (REVIEWS[2], "neutral"),
        (REVIEWS[3], "positive"),
        (REVIEWS[4], "negative"),
    ],
)
def test_plain_reviews_are_judged_as_people_would(models: Models, text: str, label: str) -> None:
    (judgement,) = models.sentiment.judge([text], [None])

    assert judgement.label == label


def test_a_review_in_both_languages_is_judged_in_both(models: Models) -> None:
    praise, complaint = "Great quality, I love this kettle.", "物流太慢了，客服态度也很差。"

    both, one, other = models.sentiment.judge([f"{praise} {complaint}", praise, complaint], [None] * 3)

    assert other.polarity < both.polarity < one.polarity


def test_a_named_language_is_believed(models: Models) -> None:
    (judgement,) = models.sentiment.judge(["perfect"], ["zh"])

    assert judgement.language == "zh"


@pytest.mark.parametrize(
    ("text", "language"),
    [("", "en"), ("很好", "zh"), ("nice", "en"), ("iPhone 手机很好用很喜欢", "zh"), ("love my 旗袍 very much", "en")],
)
def test_a_language_is_found_by_its_script(text: str, language: str) -> None:
    assert detect(text) == language


def test_a_mixed_text_is_split_by_script() -> None:
    (english, praise, share), (chinese, complaint, rest) = parts("The quality is great. 但是物流太慢了")

    assert (english, praise.strip()) == ("en", "The quality is great.")
    assert (chinese, "物流太慢了" in complaint, "quality" in complaint) == ("zh", True, False)
    assert share + rest == pytest.approx(1)


def test_texts_of_one_meaning_are_near(models: Models) -> None:
    kettle, boiler, dress = models.embedder.encode(["electric kettle", "water boiler", "summer dress with flowers"])

    assert kettle @ boiler > kettle @ dress


def test_a_vector_that_was_handed_out_is_not_the_one_remembered(models: Models) -> None:
    first = models.embedder.encode(["garden chair"])
    kept = first.copy()
    first[:] = 0

    assert np.array_equal(models.embedder.encode(["garden chair"]), kept)


@pytest.mark.parametrize(
    ("more", "less"),
    [("purchase", "add_to_cart"), ("add_to_cart", "click"), ("click", "view"), ("search", "view"), ("like", "view")],
)
def test_what_costs_more_says_more(models: Models, more: str, less: str) -> None:
    one, other = models.embedder.encode(["electric kettle", "summer dress with flowers"])
    same_time = (60.0, 60.0)

    first, last = models.interest.vectors(
        [
            history(np.stack([one, other]), more, less, ages=same_time),
            history(np.stack([one, other]), less, more, ages=same_time),
        ]
    )

    assert first @ one > last @ one
    assert first @ other < last @ other


def test_a_dislike_pushes_away(models: Models) -> None:
    one, other = models.embedder.encode(["electric kettle", "summer dress with flowers"])

    without, disliked, only = models.interest.vectors(
        [
            history(one[None], "click"),
            history(np.stack([other, one]), "dislike", "click"),
            history(other[None], "dislike"),
        ]
    )

    assert disliked @ other < without @ other
    assert only @ other < 0


def test_older_events_say_less(models: Models) -> None:
    pair = models.embedder.encode(["electric kettle", "summer dress with flowers"])

    fresh, stale = models.interest.vectors(
        [
            history(pair, "click", "click", ages=(120.0, 60.0)),
            history(pair, "click", "click", ages=(30 * 86400.0, 60.0)),
        ]
    )

    assert stale @ pair[0] < fresh @ pair[0]


@pytest.mark.parametrize("count", [1, 8, 9, LONGEST, LONGEST + 40])
def test_an_interest_has_length_one_whatever_the_history(models: Models, count: int) -> None:
    vectors = models.embedder.encode([f"item number {n}" for n in range(count)])
    kinds = ["view", "dislike", "purchase", "search"]

    found = models.interest.vectors([history(vectors, *(kinds[n % 4] for n in range(count)))])

    assert np.linalg.norm(found[0]) == pytest.approx(1, abs=1e-4)


def test_ages_of_a_century_and_of_the_future_are_taken(models: Models) -> None:
    vectors = models.embedder.encode(["electric kettle", "summer dress with flowers"])

    found = models.interest.vectors([history(vectors, "view", "view", ages=(3.2e9, -5.0))])

    assert np.isfinite(found).all()


def test_nothing_asked_gives_nothing(models: Models) -> None:
    assert models.embedder.encode([]).shape == (0, models.embedder.size)
    assert models.sentiment.judge([], []) == []
    assert models.interest.vectors([]).shape == (0, models.embedder.size)
