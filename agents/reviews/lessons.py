"""Parts of reviews with what is surely said of them, for training: a clause judged by itself, told of its place in the whole.

What a model says of a clause alone is what it should say of the clause's aspect when it reads the whole review.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from agents.reviews.aspects import Lexicon
from agents.reviews.clauses import clauses
from models.api import Sentiment
from models.sentiment.clean import tidy
from models.sentiment.targets import PLACE

MOST_CHARACTERS = 600
"""Of a review that is looked at."""

_SIGNS = {"negative": -1, "neutral": 0, "positive": 1}


def lessons(
    texts: Iterable[str], judge: Sentiment, lexicon: Lexicon, *, at_least: float, most: int
) -> Iterator[tuple[str, str, int]]:
    """Yield (sentence with $T$, part, polarity -1 0 1) of what *judge* gives *at_least* this probability; of each polarity *most*.

    It ends when there are *most* good and bad ones: neutral is rare, and would have all texts read.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        if min(counts["negative"], counts["positive"]) >= most:
            return
        whole = " ".join(tidy(text[:MOST_CHARACTERS]).split())
        found = clauses(whole, lexicon) if PLACE not in whole else []
        judged = judge.judge([clause.text for clause in found], [None] * len(found))
        for clause, judgement in zip(found, judged, strict=True):
            if judgement.probability < at_least or counts[judgement.label] >= most:
                continue
            counts[judgement.label] += 1
            place = next(iter(clause.aspects.values()))
            sentence = f"{whole[: place.start]}{PLACE}{whole[place.end :]}"
            yield sentence, whole[place.start : place.end], _SIGNS[judgement.label]
