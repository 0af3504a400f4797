"""Compares everything that lies on the broker with the model."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from agents.items.agent import Items
from agents.items.card import card
from agents.outcomes.agent import Outcomes
from agents.outcomes.lists import List, listed
from agents.outcomes.state import LISTS, Listed
from agents.processor import Folder
from agents.replay.log import LogRecord
from agents.shoppers.agent import Shoppers
from agents.topics import DECISIONS, INPUTS, ITEM_CARDS, MERGES, OUTCOMES, RECOMMENDATIONS, RESPONSES
from tests.chaos.comparing import Difference, compare_states, compare_told
from tests.chaos.lists import Reader
from tests.chaos.model import FACTS, LETTERS, Model
from tests.chaos.reading import Told, fold, once, read
from tests.chaos.report import Phase

_decode = msgspec.json.Decoder(List).decode


class Checks:
    """Reads the broker and compares."""

    def __init__(
        self, bootstrap: str, prefix: str, partitions: int, changelogs: Mapping[str, str], model: Model
    ) -> None:
        """*changelogs*: processor to the topic of its states."""
        self._bootstrap, self._prefix, self._partitions = bootstrap, prefix, partitions
        self._changelogs = changelogs
        self._model = model

    def compare(self, *, excused: int = 0, everyone: bool = False, states_only: bool = False) -> Phase:
        """Compare states, and facts and lists unless *states_only*.

        *excused*: lists that may be missing because they were shed.  *everyone*: each shopper's last event asked for a
        list, so its newest list must be of its state as it is.
        """
        model, phase = self._model, Phase()
        model.feed(self._read(*(topic.name for topic in INPUTS)))
        shoppers = self._states(Shoppers)
        phase.states[Shoppers.name] = compare_states(model.states(Shoppers.name), shoppers, merged=model.known)
        items = model.states(Items.name)
        phase.states[Items.name] = compare_states(items, self._states(Items))
        if not states_only:
            self._compare_told(phase)
            phase.told[ITEM_CARDS.name] = self._compare_cards(items)
            lists = self._read(RECOMMENDATIONS.name)
            phase.states[Outcomes.name] = self._compare_memories(phase, lists)
            self._compare_lists(phase, lists, shoppers, excused, everyone=everyone)
        return phase

    def _read(self, *topics: str) -> list[LogRecord]:
        return read(self._bootstrap, [self._prefix + name for name in topics], self._prefix)

    def _states(self, folder: type[Folder]) -> dict[str, Any]:
        return fold(read(self._bootstrap, [self._changelogs[folder.name]]), folder).states

    def _once(self, topic: str) -> Told:
        return once(self._read(topic), self._partitions, letters=topic in LETTERS)

    def _compare_told(self, phase: Phase) -> None:
        for topic in (*FACTS, *LETTERS):
            told = self._once(topic)
            phase.repeated += told.repeated
            phase.misplaced += len(told.misplaced)
            result = compare_told(self._model.facts[topic], told.by_id)
            result.different += len(told.differing)
            result.examples += [f"{name}: came again as other bytes" for name in told.differing[:3]]
            if result.expected or result.wrong:
                phase.told[topic] = result
        merges = self._once(MERGES.name)
        phase.repeated += merges.repeated
        phase.misplaced += len(merges.misplaced)

    def _compare_cards(self, items: Mapping[str, Any]) -> Difference:
        """Compare the last card of each item with what its state gives."""
        cards = {
            (it.key or b"").decode(): msgspec.json.decode(it.value or b"null") for it in self._read(ITEM_CARDS.name)
        }
        expected = {key: msgspec.to_builtins(card(state)) for key, state in items.items() if state.item}
        return compare_told(_in_order(expected), _in_order(cards))

    def _compare_memories(self, phase: Phase, lists: Sequence[LogRecord]) -> Difference:
        """Compare what is remembered of lists with the lists, and outcomes with the responses that they are made of.

        Whether an outcome knows its list depends on how many newer ones were read before; that there is one does not.
        """
        states = self._states(Outcomes)
        outcomes = self._once(OUTCOMES.name)
        phase.outcomes_retold = len(outcomes.differing)
        waiting = {it.id for state in states.values() for it in state.waiting}
        responses = self._model.facts[RESPONSES.name].keys()
        phase.outcomes_missing = len(responses - outcomes.by_id.keys() - waiting)
        result = Difference(extra=len(outcomes.by_id.keys() - responses))
        for shopper, (listed_last, heard) in _heard(lists).items():
            result.expected += 1
            state = states.get(shopper)
            if state is None:
                result.missing += 1
            elif state.listed != listed_last or state.heard != heard:
                result.different += 1
                result.note(
                    f"{shopper}: remembers {[it.id for it in state.listed]}, must {[it.id for it in listed_last]}"
                )
        return result

    def _compare_lists(
        self, phase: Phase, records: Sequence[LogRecord], shoppers: Mapping[str, Any], excused: int, *, everyone: bool
    ) -> None:
        model = self._model
        lists = Reader(records, self._read(DECISIONS.name))
        uncovered = lists.check_covers(model.last, model.last_requests)
        if everyone:
            names = [name for name in model.last if not name.startswith("visitor")]
            uncovered = lists.check_revisions(names, shoppers)
        lists.result.uncovered = max(0, len(uncovered) - excused)
        if lists.result.uncovered:
            lists.result.examples += [f"no list covers the last event of {name}" for name in uncovered[:3]]
        phase.lists = lists.result


def _in_order(values: Mapping[str, Any]) -> dict[str, bytes]:
    """Return JSON values as bytes that do not depend on the order of their fields."""
    return {key: msgspec.json.encode(value, order="deterministic") for key, value in values.items()}


def _heard(lists: Iterable[LogRecord]) -> dict[str, tuple[list[Listed], int]]:
    """Return shopper to what is to be remembered of the newest lists, and the broker's time of the last one."""
    newest: dict[str, dict[str, Listed]] = {}
    heard: dict[str, int] = {}
    for record in lists:
        it = _decode(record.value or b"")
        known = newest.setdefault(it.shopper, {})
        if it.recommendation_id not in known:  # what comes again is not folded again
            known[it.recommendation_id] = listed(it)
            heard[it.shopper] = max(heard.get(it.shopper, 0), record.timestamp)
    return {shopper: (list(its.values())[-LISTS:], heard[shopper]) for shopper, its in newest.items()}
