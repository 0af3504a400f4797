"""The shipped models on real data; needs the folder beside the project."""

from pathlib import Path

import numpy as np
import pytest

from models.embedder.encode import MiniLMEmbedder
from models.interest.data import TEST, liked, movies
from models.interest.evaluate import measure
from models.interest.pool import PooledInterest
from models.load import sentiment
from models.runtime import start
from models.sentiment import targets
from models.sentiment.evaluate import of_parts, of_texts
from models.sentiment.labelled import read
from schemas.base import Language

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "models" / "artifacts"
DATA = ROOT.parent / "shared" / "data"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.exists(), reason="real data absent: no folder shared/data beside the project"),
]


@pytest.mark.parametrize(
    ("language", "name", "least"),
    [
        ("en", "sentiment/sst_binary.dev.txt.gz", 0.88),
        ("en", "reviews/womens_clothing.csv.gz", 0.75),
        ("zh", "reviews/zh_online_shopping_10_cats.csv.gz", 0.92),
    ],
)
def test_reviews_are_told_apart(language: Language, name: str, least: float) -> None:
    labelled = read(DATA / name)
    some = labelled._replace(examples=labelled.examples[:: max(1, len(labelled.examples) // 200)])

    result = of_texts(some, sentiment(ARTIFACTS, start("cpu", 2)), language)

    assert result.accuracy > least
    assert result.n >= 200


def test_what_is_said_of_a_part_is_told_from_the_rest() -> None:
    given = targets.read(DATA / "aspects/semeval14_Restaurants_train.txt.gz")[::18]

    result = of_parts(given, sentiment(ARTIFACTS, start("cpu", 2)), "en")

    assert result.accuracy > 0.8


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
