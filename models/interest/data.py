"""Histories with texts: the ratings of MovieLens 100k, from the folder of real data."""

import csv
import gzip
import io
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.api import Embedder, History, Vectors
from models.interest.features import LONGEST

TEST, TRAIN = slice(300), slice(300, None)
"""Of the users, in random order."""
LIKED = 4
"""Stars."""
KIND_OF_STARS = {1: "dislike", 2: "dislike", 3: "view", 4: "add_to_cart", 5: "like"}
"""Ratings stand for what a shopper does."""


class Rating(NamedTuple):
    """One user's word on one film."""

    item: int
    stars: float
    at: float
    """Unix time."""


class Ratings(NamedTuple):
    """What each user rated, in time order."""

    vectors: Vectors
    """(items, size)."""
    users: list[list[Rating]]


class Question(NamedTuple):
    """A history and what came next."""

    items: list[int]
    history: History
    target: int


def movies(folder: Path, embedder: Embedder) -> Ratings:
    """Read the ratings, and embed titles with their genres."""
    films = list(_rows(folder / "ml100k/ml-100k.item.tsv.gz"))
    number = {row["item_id:token"]: n for n, row in enumerate(films)}
    texts = [f"{row['movie_title:token_seq']}. {row['class:token_seq']}" for row in films]
    users: dict[str, list[Rating]] = {}
    for row in _rows(folder / "ml100k/ml-100k.inter.tsv.gz"):
        rated = Rating(number[row["item_id:token"]], float(row["rating:float"]), float(row["timestamp:float"]))
        users.setdefault(row["user_id:token"], []).append(rated)
    ordered = [sorted(events, key=lambda event: event.at) for _, events in sorted(users.items())]
    random.Random(0).shuffle(ordered)  # noqa: S311  an order, no secret
    return Ratings(embedder.encode(texts), ordered)


def question(ratings: Ratings, events: list[Rating], position: int) -> Question:
    """Ask for the item at *position* of a user's *events*, from those before."""
    target, past = events[position], events[:position]
    newest = past[-LONGEST:]
    kinds = [KIND_OF_STARS[int(rating.stars)] for rating in newest]
    ages = [target.at - rating.at for rating in newest]
    vectors = ratings.vectors[[rating.item for rating in newest]]
    return Question([rating.item for rating in past], History(vectors, kinds, ages), target.item)


def liked(ratings: Ratings, users: slice, each: int, seed: int) -> list[Question]:
    """Ask for at most *each* random items of each of *users*, of those that got four or five stars."""
    generator = random.Random(seed)  # noqa: S311  a sample, no secret
    return [
        question(ratings, events, position)
        for events in ratings.users[users]
        for positions in [[n for n in range(2, len(events)) if events[n].stars >= LIKED]]
        for position in generator.sample(positions, min(each, len(positions)))
    ]


def ranks(vectors: Vectors, queries: Vectors, questions: Sequence[Question]) -> NDArray[np.int64]:
    """Return the rank, from 0, of each target among all items that its user has not seen; ties count against it."""
    found = []
    for query, asked in zip(queries, questions, strict=True):
        scores = vectors @ query
        scores[[item for item in asked.items if item != asked.target]] = -np.inf
        found.append(int((scores >= scores[asked.target]).sum()) - 1)
    return np.array(found)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    return csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode()), delimiter="\t")
