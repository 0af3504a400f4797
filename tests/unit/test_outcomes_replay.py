"""In a replay, too, outcomes meet the lists that the same replay makes."""

from typing import Any

import msgspec

from agents.intake import partition_of
from agents.items.agent import Items
from agents.outcomes.agent import Outcomes
from agents.replay.driver import Replayer
from agents.replay.log import LogRecord
from agents.shoppers.agent import Shoppers
from agents.shoppers.options import Options
from schemas.clicks import Click, View
from tests.doubles import MODELS
from tests.outcomes import MILLISECONDS, after
from tests.shoppers import facts

PARTITIONS = 4


class Run:
    """A replay of a small shop."""

    def __init__(self, *wanted: str) -> None:
        self.emitted: list[LogRecord] = []
        stages = (Shoppers(MODELS, Options(explore=0)), Items(MODELS), Outcomes())
        self.replayer = Replayer(stages, partitions=PARTITIONS, emit=self.emitted.append, wanted=wanted)
        self._offset = 0
        for item in ("i1", "i2"):
            self.feed("catalog.v1", item, facts(item))

    def feed(self, topic: str, key: str, event: Any) -> None:
        place = (partition_of(key.encode(), PARTITIONS), self._offset, MILLISECONDS + self._offset)
        self.replayer.feed(LogRecord(topic, *place, key.encode(), msgspec.json.encode(event)))
        self._offset += 1

    def on(self, topic: str) -> list[dict[str, Any]]:
        return [msgspec.json.decode(it.value or b"") for it in self.emitted if it.topic == topic]


def test_a_click_that_names_a_list_of_the_same_replay_is_joined_to_it() -> None:
    run = Run("recommendations.v1", "outcomes.v1")
    run.feed("clicks.v1", "ann", View(shopper="ann", item="i1", at=after(0)))
    [listed] = run.on("recommendations.v1")
    chosen = listed["slots"][0]

    run.feed(
        "clicks.v1",
        "ann",
        Click(shopper="ann", item=chosen["item"], at=after(1), recommendation_id=listed["recommendation_id"]),
    )

    [told] = run.on("outcomes.v1")
    assert (told["kind"], told["slot"], told["score"]) == ("click", 0, chosen["score"])
    assert (told["epoch"], told["revision"], told["models"]) == (listed["epoch"], listed["revision"], listed["models"])
    assert run.replayer.outcomes["outcomes", "responses.v1", "folded"] == 1


def test_outcomes_alone_have_lists_made() -> None:
    run = Run("outcomes.v1")

    run.feed("clicks.v1", "ann", View(shopper="ann", item="i1", at=after(0)))

    assert run.replayer.outputs["recommendations.v1"] == 1
    assert run.on("recommendations.v1") == []


def test_outcomes_that_nobody_wants_make_no_lists() -> None:
    run = Run("pairs.v1")

    run.feed("clicks.v1", "ann", View(shopper="ann", item="i1", at=after(0)))

    assert run.replayer.outputs["recommendations.v1"] == 0
    assert not any(name == "outcomes" for name, _, _ in run.replayer.outcomes)
