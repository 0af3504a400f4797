"""The agent that joins what shoppers do to the lists and the copy that they did it with."""

from operator import attrgetter
from typing import Any

import msgspec

from agents.outcomes.fold import fold, life
from agents.outcomes.lists import List
from agents.outcomes.state import Memory
from agents.outcomes.tally import TALLIES
from agents.processor import Effects, Folder, Input, Life, Origin
from agents.topics import OUTCOMES, RECOMMENDATIONS, REKEY_OUTCOMES, RESPONSES

_SHOPPER = attrgetter("shopper")


class Outcomes(Folder):
    """Remembers a shopper's newest lists, and says what became of them and of their copy."""

    name = "outcomes"
    state = Memory
    rekey = REKEY_OUTCOMES
    inputs = (
        Input(RESPONSES, _SHOPPER, patient=True),
        Input(RECOMMENDATIONS, _SHOPPER, msgspec.json.Decoder(List).decode, patient=True),
    )
    outputs = facts = (OUTCOMES,)
    tallies = TALLIES

    def fold(self, state: Memory, event: Any, origin: Origin) -> Effects | None:
        """Remember a list, or tell what became of one."""
        return fold(state, event, origin)

    def life(self, state: Memory) -> Life:
        """Return how long the lists may still be chosen from."""
        return life(state)
