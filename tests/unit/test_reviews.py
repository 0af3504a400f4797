# ruff: noqa: RUF001  Chinese punctuation is what is tested

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.processor import Origin, Output
from agents.reviews.agent import MAX_TEXT, Reviews
from agents.reviews.clauses import MAX_CLAUSES
from agents.topics import FEEDBACK, SENTIMENTS
from models.api import Judgement, Part
from schemas.base import Language
from schemas.reviews import Review
from schemas.sentiments import Feedback, Sentiment
from tests.doubles import MODELS, WordSentiment

AT = datetime(2026, 1, 1, tzinfo=UTC)
BROKER = int(AT.timestamp() * 1000)


class CountingSentiment(WordSentiment):
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.languages: list[Language | None] = []
        self.parts: list[Sequence[Part]] = []

    def judge(
        self,
        texts: Sequence[str],
        languages: Sequence[Language | None],
        parts: Sequence[Sequence[Part]] | None = None,
    ) -> list[Judgement]:
        self.calls.append(list(texts))
        self.languages += languages
        self.parts += parts or ()
        return super().judge(texts, languages, parts)


def review(**fields: Any) -> Review:
    given: dict[str, Any] = {"review_id": "r1", "shopper": "ada", "item": "lamp", "at": AT}
    return Review(**given | fields)


def origin(offset: int = 7) -> Origin:
    return Origin("reviews.v1", 3, offset, BROKER)


def outputs(*reviews: Review, sentiment: WordSentiment | None = None) -> list[Sequence[Output]]:
    agent = Reviews(MODELS._replace(sentiment=sentiment or WordSentiment()))
    jobs = [agent.plan(event, origin(offset)) for offset, event in enumerate(reviews)]
    return [agent.finish(job, scored) for job, scored in zip(jobs, agent.score(jobs), strict=True)]


def judged(**fields: Any) -> Sentiment:
    [[sentiment, _]] = outputs(review(**fields))
    assert isinstance(sentiment.value, Sentiment)
    return sentiment.value


def test_a_review_becomes_a_sentiment_of_its_author_and_a_feedback_on_its_item() -> None:
    [[sentiment, feedback]] = outputs(review(text="A great lamp", stars=4, language="en"))

    assert (sentiment.topic, sentiment.key, feedback.topic, feedback.key) == (SENTIMENTS, "ada", FEEDBACK, "lamp")
    assert sentiment.value == Sentiment(
        shopper="ada",
        item="lamp",
        review_id="r1",
        at=AT,
        polarity=1,
        label="positive",
        probability=0.9,
        language="en",
        model="words@1",
        stars=4,
    )
    assert feedback.value == Feedback(
        item="lamp",
        review_id="r1",
        at=AT,
        polarity=1,
        label="positive",
        probability=0.9,
        language="en",
        model="words@1",
        stars=4,
    )
    assert sentiment.at == feedback.at == AT


def test_the_ids_of_the_facts_come_from_the_place_of_the_review_alone() -> None:
    agent = Reviews(MODELS)

    def ids(event: Review, offset: int) -> list[str]:
        job = agent.plan(event, origin(offset))
        return [output.id for output in agent.finish(job, agent.score([job])[0])]

    first = ids(review(text="good"), 7)

    assert first == ids(review(text="good"), 7)
    assert len({*first, *ids(review(text="good"), 8)}) == 4


def test_each_aspect_has_its_own_polarity_and_quote() -> None:
    found = judged(text="The colour is great, I love it. But the delivery was terrible, and it broke!").aspects

    assert [(aspect.name, aspect.polarity) for aspect in found] == [("looks", 1), ("delivery", -1), ("quality", -1)]
    assert [aspect.quote for aspect in found] == [
        "The colour is great, I love it",
        "the delivery was terrible",
        "it broke!",
    ]


def test_an_aspect_named_twice_has_the_mean_and_the_clearest_words() -> None:
    [aspect] = judged(text="The fabric is good but itchy and bad. The fabric is great.").aspects

    assert (aspect.name, aspect.polarity, aspect.quote) == ("quality", 0.3333, "The fabric is good")


def test_a_chinese_review_is_read_like_an_english_one() -> None:
    found = judged(text="质量很好，但是物流太差。颜色喜欢", language="zh")

    assert found.language == "zh"
    assert [(aspect.name, aspect.polarity, aspect.quote) for aspect in found.aspects] == [
        ("quality", 1, "质量很好"),
        ("delivery", -1, "物流太差"),
        ("looks", 1, "颜色喜欢"),
    ]


def test_a_review_in_two_scripts_is_read_whole() -> None:
    found = judged(text="质量 very good, but delivery 太差 😡")

    assert [(aspect.name, aspect.polarity) for aspect in found.aspects] == [("quality", 1), ("delivery", -1)]


def test_the_title_counts_as_text() -> None:
    assert judged(title="Terrible", text=" ").label == "negative"


@pytest.mark.parametrize(
    ("stars", "polarity", "label", "probability"),
    [(5, 1, "positive", 0.9), (4, 0.5, "positive", 0.7), (3, 0, "neutral", 0.5), (3.5, 0.25, "neutral", 0.5),
     (2, -0.5, "negative", 0.7), (1.5, -0.75, "negative", 0.7), (1, -1, "negative", 0.9)],
)  # fmt: skip
def test_stars_stand_in_for_a_missing_text(stars: float, polarity: float, label: str, probability: float) -> None:
    found = judged(stars=stars, text=" \n")

    assert (found.polarity, found.label, found.probability) == (polarity, label, probability)
    assert (found.model, found.stars, found.language) == ("stars@1", stars, "en")


def test_text_counts_more_than_stars() -> None:
    found = judged(stars=5, text="It broke.")

    assert (found.polarity, found.stars) == (-1, 5)


def test_a_review_that_says_nothing_is_neutral_unsure_and_not_lost() -> None:
    found = judged(language="zh")

    assert (found.polarity, found.label, found.model, found.language) == (0, "neutral", "nothing@1", "zh")
    assert found.probability < 0.5


@pytest.mark.parametrize("text", ["🎉🎉🎉", "12345", "!!!", "¯\\_(ツ)_/¯", "صباح الخير"])
def test_what_has_no_words_is_judged_by_the_model(text: str) -> None:
    found = judged(text=text)

    assert (found.label, found.model, found.aspects) == ("neutral", "words@1", ())


def test_a_text_is_judged_in_its_own_language_and_recorded_in_the_one_that_is_said() -> None:
    sentiment = CountingSentiment()

    [[output, _]] = outputs(review(text="a good price", language="zh"), sentiment=sentiment)

    assert sentiment.languages == [None]
    assert isinstance(output.value, Sentiment)
    assert output.value.language == "zh"


@pytest.mark.parametrize(("tag", "language"), [("zh-TW", "zh"), ("en_AU", "en")])
def test_a_variant_of_a_language_is_that_language(tag: str, language: Language) -> None:
    assert judged(text="a good price", language=tag).language == language


def test_a_text_in_another_language_is_judged_by_its_stars() -> None:
    sentiment = CountingSentiment()

    [[output, _]] = outputs(review(text="Qualité terrible, bad bad", stars=5, language="fr"), sentiment=sentiment)

    assert isinstance(output.value, Sentiment)
    assert (output.value.polarity, output.value.model, output.value.aspects) == (1, "stars@1", ())
    assert not any(sentiment.calls)


def test_a_text_in_another_language_without_stars_is_neutral_and_unsure() -> None:
    found = judged(text="とても良い", language="ja-JP")

    assert (found.label, found.polarity, found.model) == ("neutral", 0, "nothing@1")
    assert found.probability < 0.5


def test_texts_and_mentions_of_a_batch_are_judged_in_one_call() -> None:
    sentiment = CountingSentiment()

    outputs(review(text="good fit"), review(stars=1), review(text="bad"), review(text="好 price"), sentiment=sentiment)

    assert sentiment.calls == [["good fit", "bad", "好 price"]]
    assert sentiment.parts == [[(5, 8)], [], [(2, 7)]]


def test_a_batch_equals_its_rows() -> None:
    events = [review(text="good fit, bad price"), review(stars=1), review(text="价格好"), review(title="bad")]

    together = [[output.value for output in found] for found in outputs(*events)]

    assert together == [[output.value for output in outputs(event)[0]] for event in events]


@pytest.mark.parametrize(
    "unit", ["The quality is good, the price is bad. ", "质量很好，", "good ", "价", "x", ",", "\n "]
)
def test_a_review_of_100_kb_costs_no_more_than_a_long_one(unit: str) -> None:
    sentiment = CountingSentiment()

    [[output, _]] = outputs(review(text=(unit * 100_000)[:100_000]), sentiment=sentiment)

    assert sum(map(len, sentiment.calls)) <= 1
    assert sum(map(len, sentiment.parts)) <= 2 * MAX_CLAUSES
    assert all(part.end <= MAX_TEXT for parts in sentiment.parts for part in parts)
    assert isinstance(output.value, Sentiment)
    assert all(len(aspect.quote) <= 120 for aspect in output.value.aspects)


def test_a_time_in_the_future_is_cut_back_to_the_brokers() -> None:
    assert judged(text="good", at=datetime(2100, 1, 1, tzinfo=UTC)).at == AT + timedelta(seconds=5)


def test_a_time_before_1970_is_1970() -> None:
    at = datetime(1, 1, 1, tzinfo=UTC).replace(tzinfo=UTC)

    assert judged(text="good", at=at).at == datetime(1970, 1, 1, tzinfo=UTC)
