"""How well titles match queries, and how that is measured."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from agents.__main__ import main
from models.api import Vectors
from models.files import FileError
from models.search.bm25 import BM25
from models.search.evaluate import Quality, evaluate, measure
from models.search.judged import Judged, read
from models.search.match import Numbers, match, match_all, share, wanted
from models.search.terms import terms

TABLE = """product_title,search_term,relevance
Angle bracket zinc,angle bracket,3
Lamp,angle bracket,1
Bracket for shelves,angle bracket,2
Desk lamp,reading light,2.67
Angle bracket zinc,reading light,1
"""


class SameEmbedder:
    """Every text is the same to it."""

    version, size = "same@1", 2

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector for all."""
        return np.tile(np.array([1, 0], np.float32), (len(texts), 1))


def measured(given: Judged, pairs: Numbers) -> Quality:
    """Measure the scores of the pairs; titles that are not judged for a query come last."""

    def score(query: int) -> Numbers:
        scores = np.full(len(given.titles), -9.0)
        scores[given.title[given.query == query]] = pairs[given.query == query]
        return scores

    return measure(given, score)


def judged(path: Path) -> Judged:
    path.write_text(TABLE)
    return read(path)


def test_a_perfect_order_has_gain_one_and_ties_share_theirs(tmp_path: Path) -> None:
    given = judged(tmp_path / "j.csv")
    first, second, third = (2**relevance - 1 for relevance in (3, 2, 1))
    best = first + second / math.log2(3) + third / 2
    mean = (first + second + third) / 3 * (1 + 1 / math.log2(3) + 1 / 2)
    [two, one] = 2**2.67 - 1, 1
    pair = (two + one) / 2 * (1 + 1 / math.log2(3)) / (two + one / math.log2(3))

    right = measured(given, given.relevance)
    assert (right.ndcg, right.spearman, right.catalogue) == (1, 1, 1)
    wrong = measured(given, -given.relevance)
    assert wrong.ndcg < 1
    assert wrong.spearman == -1
    assert measured(given, np.zeros(5)).ndcg == pytest.approx((mean / best + pair) / 2, abs=1e-4)


def test_only_ten_titles_of_a_query_count() -> None:
    relevance = np.array([0.0] * 10 + [3.0])
    given = Judged(["q"], [str(n) for n in range(11)], np.zeros(11, np.int64), np.arange(11), relevance)

    assert measured(given, -np.arange(11.0)).ndcg == 0
    assert measured(given, np.arange(11.0)).ndcg == 1


def test_among_all_titles_those_that_nobody_judged_gain_nothing() -> None:
    given = Judged(["q", "r"], [str(n) for n in range(30)], np.array([0, 1]), np.array([3, 4]), np.array([3.0, 2.0]))

    found = measure(given, lambda query: np.eye(30)[3 if query == 0 else 9])

    assert found.ndcg == 1
    # Of the second query all titles but one share the rest: a thirtieth each, the judged one among them.
    rest = sum(1 / math.log2(place + 1) for place in range(2, 11)) / 29
    assert found.catalogue == pytest.approx((1 + rest) / 2, abs=1e-4)


def test_bm25_is_that_of_its_authors() -> None:
    titles = ["red red lamp", "blue lamp", "green chair with arms"]
    length = 3 / 3

    found = BM25(titles).score("Red lamp")[0]

    rare = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5)), math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    parts = (2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * length)), 2.2 / (1 + 1.2 * (0.25 + 0.75 * length)))
    assert found == pytest.approx(rare[0] * parts[0] + rare[1] * parts[1])
    assert BM25(titles).score("lamp lamp")[1] == pytest.approx(2 * BM25(titles).score("lamp")[1])
    assert not BM25(titles).score("sofa").any()


def test_rare_words_weigh_more_and_the_sense_counts_from_a_cosine_on() -> None:
    counts = {"lamp": 9, "tugboat": 1}
    query = wanted("Tugboat lamp", 10, lambda term: counts.get(term, 0))

    assert share(query, frozenset(terms("a tugboat"))) > 0.5 > share(query, frozenset(terms("a lamp"))) > 0
    assert share(query, frozenset(terms("lamp, tugboat"))) == pytest.approx(1)
    assert share(query, frozenset()) == 0
    assert match(1, 1) == pytest.approx(1)
    pairs = np.random.default_rng(1).random((50, 2))
    assert match_all(pairs[:, 0], pairs[:, 1]).tolist() == [match(*pair) for pair in pairs.tolist()]
    assert match(0.5, 0.3) == match(0.5, -1) == pytest.approx(0.3)


def test_the_search_of_workers_is_measured_beside_bm25(tmp_path: Path) -> None:
    found = evaluate(judged(tmp_path / "j.csv"), SameEmbedder())

    assert (found.pairs, found.queries, found.titles) == (5, 2, 4)
    assert found.model == "same@1"
    assert 0.5 < found.ndcg <= 1
    assert found.baseline["bm25"].ndcg > 0.9


def test_the_command_prints_the_keys(tmp_path: Path) -> None:
    judged(tmp_path / "j.csv")

    done = CliRunner().invoke(main, ["model", "evaluate", "search", "--data", str(tmp_path / "j.csv"), "--json"])

    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert {"ndcg@10", "spearman"} <= set(result) & set(result["baseline"]["bm25"])
    assert result["ndcg@10"] > 0.8
    shown = CliRunner().invoke(main, ["model", "evaluate", "search", "--data", str(tmp_path / "j.csv")])
    assert "BM25" in shown.stdout


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("j.txt", TABLE, "no table"),
        ("j.csv", "a,b\n1,2\n", "it has only a, b"),
        ("j.csv", "search_term,product_title,relevance\nq,t,good\n", "record 1: relevance 'good'"),
        ("j.csv", "search_term,product_title,relevance\nq,t,-1\n", "record 1: relevance '-1'"),
        ("j.csv", "search_term,product_title,relevance\n", "has no record"),
    ],
)
def test_judgements_that_can_not_be_used_are_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(FileError, match=said):
        read(tmp_path / name)
