"""The agent that joins what shoppers do to the lists and the copy that they did it with."""

from operator import attrgetter
from typing import Any

import msgspec

from agents.outcomes.events import List, Words
from agents.outcomes.fold import fold
from agents.outcomes.state import Memory
from agents.processor import Effects, Folder, Input, Origin
from agents.topics import COPY, OUTCOMES, RECOMMENDATIONS, RESPONSES

_SHOPPER = attrgetter("shopper")


class Outcomes(Folder):
    """Remembers a shopper's newest lists and copy, and says what became of them."""

    name = "outcomes"
    state = Memory
    inputs = (
        Input(RESPONSES, _SHOPPER),
        Input(RECOMMENDATIONS, _SHOPPER, msgspec.json.Decoder(List).decode),
        Input(COPY, _SHOPPER, msgspec.json.Decoder(Words).decode),
    )
    outputs = facts = (OUTCOMES,)

    def fold(self, state: Memory, event: Any, origin: Origin) -> Effects | None:
        """Remember a list or a copy; tell what became of it."""
        return fold(state, event, origin)
