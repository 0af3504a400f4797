# ruff: noqa: RUF001  Chinese punctuation is meant
"""Laws of reading reviews."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.processor import Origin
from agents.reviews.agent import Reviews
from agents.reviews.aspects import load
from agents.reviews.clauses import MAX_CLAUSES, MAX_QUOTE, clauses
from agents.topics import FEEDBACK, SENTIMENTS
from schemas.reviews import Review
from tests.doubles import MODELS
from tests.records import values

AGENT = Reviews(MODELS)
LEXICON = load()

pieces = [
    "price",
    "The fit",
    "feels cheap",
    "bad",
    " but ",
    ", ",
    ". ",
    "质量",
    "很好",
    "，",
    "。",
    "但是",
    " ",
    "\n",
    "😀",
]
texts = st.lists(st.sampled_from(pieces) | st.text(max_size=5), max_size=60).map("".join)


@given(values(Review))
@settings(max_examples=50)
def test_every_review_leads_to_one_sentiment_and_one_feedback(review: Review) -> None:
    job = AGENT.plan(review, Origin("reviews.v1", 0, 0, 0))

    outputs = AGENT.finish(job, AGENT.score([job])[0])

    assert [(output.topic, output.key) for output in outputs] == [(SENTIMENTS, review.shopper), (FEEDBACK, review.item)]


@given(texts)
def test_clauses_are_parts_of_the_text_in_their_order(text: str) -> None:
    found = clauses(text, LEXICON)

    start = 0
    for clause in found:
        start = text.index(clause.text, start) + len(clause.text)
    assert len(found) <= MAX_CLAUSES
    assert all(clause.aspects for clause in found)


@given(texts)
def test_quotes_are_short_and_hold_the_words_that_name_the_aspect(text: str) -> None:
    for clause in clauses(text, LEXICON):
        for aspect, place in clause.aspects.items():
            quote = clause.quote(aspect)

            assert len(quote) <= MAX_QUOTE
            assert text[place.start : place.end] in quote
