"""The shipped models on real data; needs the folder beside the project."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.embedder.encode import MiniLMEmbedder
from models.interest.data import TEST, liked, movies
from models.interest.evaluate import measure
from models.interest.pool import PooledInterest
from models.runtime import start
from models.sentiment.data import NEUTRAL, Example, Part, chinese, english
from models.sentiment.judge import Judge
from schemas.base import Language

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "models" / "artifacts"
DATA = ROOT.parent / "shared" / "data"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.exists(), reason="real data absent: no folder shared/data beside the project"),
]


@pytest.mark.parametrize(("language", "texts", "least"), [("en", english, 0.88), ("zh", chinese, 0.91)])
def test_reviews_that_it_has_not_seen_are_told_apart(
    language: Language, texts: Callable[[Path, Part], list[Example]], least: float
) -> None:
    judge = Judge(ARTIFACTS / "sentiment-en", ARTIFACTS / "sentiment-zh", start("cpu", 2))
    examples = [example for example in texts(DATA, "test") if example.label != NEUTRAL][::25]

    judgements = judge.judge([example.text for example in examples], [language] * len(examples))

    right = [
        (judgement.polarity > 0) == (example.label > NEUTRAL)
        for judgement, example in zip(judgements, examples, strict=True)
    ]
    assert np.mean(right) > least


def test_interest_finds_the_next_film_more_often_than_a_mean_or_the_last_film_does() -> None:
    runtime = start("cpu", 2)
    ratings = movies(DATA, MiniLMEmbedder(ARTIFACTS / "embedder", runtime))
    questions = liked(ratings, TEST, 10, 7)
    histories = [asked.history for asked in questions]

    model = measure(ratings.vectors, PooledInterest(ARTIFACTS / "interest", runtime).vectors(histories), questions)

    mean = measure(ratings.vectors, np.stack([history.vectors.mean(0) for history in histories]), questions)
    last = measure(ratings.vectors, np.stack([history.vectors[-1] for history in histories]), questions)
    assert model["hit_at_10"] > max(mean["hit_at_10"], last["hit_at_10"])
    assert model["hit_at_50"] > max(mean["hit_at_50"], last["hit_at_50"])
