"""What became of copies and of the judgement of reviews between two runs."""

import re
from collections import Counter
from difflib import SequenceMatcher
from typing import Any, Literal, NamedTuple

import msgspec

from schemas.copy import Copy
from schemas.sentiments import Sentiment

_PIECES = re.compile(r"[\u2e80-\uffff]|[^\s\u2e80-\uffff]+\s*|\s+")
"""Words with the space behind them; Chinese, which has no spaces, by characters."""

Change = Literal["same", "gone", "came"]

_decode_copy = msgspec.json.Decoder(Copy).decode
_decode_sentiment = msgspec.json.Decoder(Sentiment).decode


class TextsChanged:
    """Takes pairs of copies that are not the same bytes."""

    def __init__(self, examples: int) -> None:
        self.changed = 0
        """Copies with another text in some language."""
        self.examples: list[tuple[Copy, Copy]] = []
        self._wanted = examples
        self._shown: set[tuple[str, str]] = set()

    def take(self, before: bytes, after: bytes) -> None:
        """Compare two copies about the same item for the same list."""
        old, new = _decode_copy(before), _decode_copy(after)
        if old.text == new.text:
            return
        self.changed += 1
        if len(self.examples) < self._wanted and (old.shopper, old.item) not in self._shown:
            self._shown.add((old.shopper, old.item))
            self.examples.append((old, new))

    def summary(self) -> dict[str, Any]:
        """Return the sums as a mapping that encodes to JSON."""
        examples = [
            {"shopper": old.shopper, "item": old.item, "old": old.text, "new": new.text} for old, new in self.examples
        ]
        return {"text_changed": self.changed, "examples": examples}


class Rejudged(NamedTuple):
    """A review that is judged otherwise."""

    old: Sentiment
    new: Sentiment


class Judgements:
    """Takes pairs of sentiments that are not the same bytes."""

    def __init__(self, examples: int) -> None:
        self.changed = 0
        """Reviews with another polarity."""
        self.distance = 0.0
        """Sum of how far the polarities moved."""
        self.labels: Counter[tuple[str, str]] = Counter()
        """Old and new label, where they differ."""
        self.examples: list[Rejudged] = []
        """Those that moved furthest, the furthest first."""
        self._wanted = examples

    def take(self, before: bytes, after: bytes) -> None:
        """Compare two judgements of the same review."""
        old, new = _decode_sentiment(before), _decode_sentiment(after)
        if old.label != new.label:
            self.labels[old.label, new.label] += 1
        if old.polarity == new.polarity:
            return
        self.changed += 1
        self.distance += abs(old.polarity - new.polarity)
        self.examples.append(Rejudged(old, new))
        self.examples.sort(key=lambda it: (-abs(it.old.polarity - it.new.polarity), it.old.review_id))
        del self.examples[self._wanted :]

    def summary(self) -> dict[str, Any]:
        """Return the sums as a mapping that encodes to JSON."""
        return {
            "polarity_changed": self.changed,
            "mean_distance": round(self.distance / self.changed, 4) if self.changed else None,
            "labels": [{"old": old, "new": new, "reviews": n} for (old, new), n in sorted(self.labels.items())],
            "examples": [
                {"review_id": it.old.review_id, "item": it.old.item, "old": it.old.polarity, "new": it.new.polarity}
                for it in self.examples
            ],
        }


def words_changed(old: str, new: str) -> list[tuple[Change, str]]:
    """Return the stretches of two texts: what both have, what only *old* has, what only *new* has; by words."""
    one, other = _PIECES.findall(old), _PIECES.findall(new)
    found: list[tuple[Change, str]] = []
    for kind, start, end, new_start, new_end in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(("same", "".join(one[start:end])))
            continue
        if end > start:
            found.append(("gone", "".join(one[start:end])))
        if new_end > new_start:
            found.append(("came", "".join(other[new_start:new_end])))
    return found
