"""The interest model that workers use."""

from collections.abc import Sequence
from pathlib import Path

from models.api import History, Vectors
from models.card import CARD, ModelError
from models.interest.features import COLUMNS, rows
from models.runtime import Runtime, Scorer


class PooledInterest:
    """A history to one vector: what came last, what was bought and what agrees counts most; away from the disliked."""

    def __init__(self, directory: Path, runtime: Runtime) -> None:
        self.scorer = Scorer(directory, runtime, dealt=False)
        self.version = self.scorer.card.id
        self.provider, self.note, self.warm_up = self.scorer.provider, self.scorer.note, self.scorer.warm_up
        if self.scorer.card.features != COLUMNS:
            message = f"{directory / CARD}: its features are {self.scorer.card.features}, this version makes {COLUMNS}; take the release's artefact"
            raise ModelError(message)

    def vectors(self, histories: Sequence[History]) -> Vectors:
        """Return (len(histories), size), each of length 1."""
        return self.scorer.run([rows(history) for history in histories])
