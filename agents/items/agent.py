"""The agent `items`: facts, counts, neighbours and reviews of each item, as a card and a vector for every worker."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.items.card import card
from agents.items.fold import begin_anew, hear, life, touch, write
from agents.items.state import Item
from agents.items.text import text
from agents.languages import read_item
from agents.processor import Effects, Folder, Input, Life, Origin, Outcome, Output, Owed, event_time, list_id, moment
from agents.topics import CATALOG, FEEDBACK, ITEM_CARDS, ITEM_VECTORS, PAIRS
from models.api import Models
from schemas.cards import ItemCard, ItemVector
from schemas.catalog import CatalogItem
from schemas.pairs import Pair

LINGER = 0.5
"""Seconds that a card waits for more of what is only counted; what the shop says of an item leaves at once."""

_CARD_LATER = (Owed("card", linger=LINGER, shed=False),)
_CARD = (Owed("card", shed=False),)
_CARD_AND_VECTOR = (*_CARD, Owed("vector", shed=False))
_FOLDED = Effects(owed=_CARD_LATER)
_CLAMPED = Effects(owed=_CARD_LATER, outcome="clamped")


class _Card(NamedTuple):
    """A card to be sent as it is; *record* None: it goes away."""

    item: str
    record: ItemCard | None
    id: str
    at: datetime


class _Vector(NamedTuple):
    """A text to be embedded."""

    item: str
    text: str
    """Empty: the vector goes away."""
    id: str
    at: datetime


class Items(Folder):
    """Folds the catalogue, what is done with items and what is said of them."""

    name = "items"
    state = Item
    inputs = (
        Input(CATALOG, key=lambda event: event.item, decode=read_item, tombstones=True),
        Input(PAIRS, key=lambda event: event.item, patient=True),
        Input(FEEDBACK, key=lambda event: event.item, patient=True),
    )
    outputs = (ITEM_CARDS, ITEM_VECTORS)

    def __init__(self, models: Models) -> None:
        self.models = models

    def fold(self, state: Item, event: Any, origin: Origin) -> Effects:
        """Change *state* by a catalogue record, a tombstone (None), a pair or a feedback."""
        if event is None:
            at = max(0, origin.timestamp)
            begin_anew(state, at)
            return self._write(state, None, at, origin)
        at, clamped = event_time(event.at, origin)
        at = max(0, at)
        begin_anew(state, at)
        if isinstance(event, CatalogItem):
            return self._write(state, event, at, origin, "clamped" if clamped else "folded")
        if isinstance(event, Pair):
            touch(state, event, at)
        else:
            hear(state, event, at)
        return _CLAMPED if clamped else _FOLDED

    def owes(self, state: Item, event: Any, origin: Origin) -> Sequence[Owed]:  # noqa: ARG002  the driver's signature
        """Return the card, and for a catalogue record the vector, whose text may have been new."""
        return _CARD_AND_VECTOR if event is None or isinstance(event, CatalogItem) else _CARD_LATER

    def life(self, state: Item) -> Life:
        """Return how long *state* is of use: without end while the item is in the catalogue."""
        return life(state)

    def farewell(self, state: Item, epoch: int) -> Sequence[Output]:
        """Take the card back, if there is one; the vector went with the facts."""
        if not state.item or card(state) is None:
            return ()
        gone = list_id(state.item, epoch, state.revision, "card", "gone")
        return (Output(ITEM_CARDS, state.item, None, gone, moment(state.at)),)

    def plan(self, state: Item, owed: Owed, epoch: int) -> _Card | _Vector | None:
        """Make the card, or note the text to be embedded."""
        if not state.item:
            return None
        made = list_id(state.item, epoch, state.revision, owed.slot, owed.slot)
        if owed.slot == "card":
            return _Card(state.item, card(state), made, moment(state.at))
        return _Vector(state.item, text(state.facts) if state.facts else "", made, moment(state.at))

    def score(self, jobs: Sequence[Any]) -> Sequence[Any]:
        """Embed the texts among *jobs*; return None for cards."""
        embedder = self.models.embedder
        texts = [job.text for job in jobs if isinstance(job, _Vector) and job.text]
        rows = iter(embedder.encode(texts).astype("<f2") if texts else ())
        return [_embedded(job, embedder.version, rows) for job in jobs]

    def finish(self, job: _Card | _Vector, scored: Any) -> Sequence[Output]:
        """Return the card or the vector, or a tombstone where there is none any more."""
        if isinstance(job, _Card):
            return (Output(ITEM_CARDS, job.item, job.record, job.id, job.at),)
        model, vector = scored
        record = ItemVector(item=job.item, model=model, vector=vector) if vector else None
        return (Output(ITEM_VECTORS, f"{job.item}\n{model}", record, job.id, job.at),)

    @staticmethod
    def _write(state: Item, facts: CatalogItem | None, at: int, origin: Origin, outcome: Outcome = "folded") -> Effects:
        before = text(state.facts) if state.facts else ""
        if not write(state, facts, at, origin):
            return Effects(owed=_CARD, outcome="late")
        if not state.item:
            return Effects(outcome="empty")
        after = text(facts) if facts else ""
        return Effects(owed=_CARD if before == after else _CARD_AND_VECTOR, outcome=outcome)


def _embedded(job: _Card | _Vector, model: str, rows: Iterator[NDArray[np.float16]]) -> tuple[str, bytes] | None:
    """Return the model's version and the bytes of the next row of *rows*, none if *job* has no text; None for a card."""
    if isinstance(job, _Card):
        return None
    return model, next(rows).tobytes() if job.text else b""
