"""The sequence model that workers use: what was taken to what comes next."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.api import Vectors
from models.card import ModelError
from models.runtime import Runtime, Scorer
from models.sequence.data import Catalog, Numbers

NAME = "sequence"
"""Of the artefact's folder."""
ITEMS = "items.txt"
"""The names of the items, one a line, in the order of their numbers."""


class NextItems:
    """Histories to scores of the items that the model knows."""

    def __init__(self, directory: Path, runtime: Runtime) -> None:
        """Load the artefact in *directory*."""
        self.scorer = Scorer(directory, runtime)
        self.version = self.scorer.card.id
        self.provider, self.note, self.warm_up = self.scorer.provider, self.scorer.note, self.scorer.warm_up
        try:
            self.catalog = Catalog.of((directory / ITEMS).read_text(encoding="utf-8").splitlines())
        except OSError as error:
            message = f"{directory / ITEMS}: can't be read ({error.strerror}); train the model again"
            raise ModelError(message) from error

    def score(self, histories: Sequence[Numbers]) -> Vectors:
        """Return (histories, items)."""
        return np.stack([scores for scores, *_ in self.scorer.results(self._rows(histories))])

    def top(self, histories: Sequence[Numbers]) -> list[tuple[Numbers, Vectors]]:
        """Return for each history the best items and their scores, best first."""
        return [(items, values) for _, items, values in self.scorer.results(self._rows(histories))]  # type: ignore[misc]  # numbers are one of the outputs

    def next(self, histories: Sequence[Sequence[str]]) -> list[dict[str, float]]:
        """Return for each history of names the likeliest items with their probabilities, best first; see `models.api.SequenceModel`."""
        known = [self.catalog.encode(history) for history in histories]
        listed = iter(self.top([history for history in known if len(history)]))
        names = self.catalog.names
        found = []
        for history in known:
            items, values = next(listed) if len(history) else ((), ())
            found.append(
                {names[int(item)]: float(value) for item, value in zip(items, values, strict=True) if value > 0}
            )
        return found

    def _rows(self, histories: Sequence[Numbers]) -> list[Numbers]:
        """Return tokens, at least one: padding stands for a history without any item that the model knows."""
        longest = self.scorer.card.lengths[-1]
        return [history[-longest:] + 1 if len(history) else np.zeros(1, np.int64) for history in histories]
