"""Lists, copy and what shoppers do with them, in a few lines."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from agents.intake import Admitted, Intake
from agents.outcomes.agent import Outcomes
from agents.outcomes.state import Memory
from agents.processor import Effects, Origin, fold_once, sources
from schemas.copy import Copy
from schemas.outcomes import Outcome
from schemas.recommendations import Reason, Recommendations, Slot

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
MILLISECONDS = int(START.timestamp() * 1000)
REASON = Reason(code="trending", text={"en": "Many look at it"})
RESPONSES, RECOMMENDATIONS, COPY = "responses.v1", "recommendations.v1", "copy.v1"


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def listing(name: str, *items: str, at: float = 0, revision: int = 1, **more: Any) -> Recommendations:
    return Recommendations(
        recommendation_id=name,
        shopper="ann",
        epoch=2,
        revision=revision,
        at=after(at),
        valid_until=after(at + 60),
        slots=tuple(
            Slot(item=item, score=9.5 - n, source="interest", propensity=1 - n / 10, reason=REASON)
            for n, item in enumerate(items)
        ),
        models={"score": "points@1"},
        view=7,
        **{"placement": "home"} | more,
    )


def copy(name: str, item: str, of: str | None = None) -> Copy:
    return Copy(
        copy_id=name,
        shopper="ann",
        item=item,
        placement="home",
        epoch=2,
        revision=1,
        at=START,
        valid_until=after(60),
        text={"en": "Look"},
        claims=(),
        writer="phrases@1",
        recommendation_id=of,
    )


class Told:
    """The outcomes of one shopper, `ann`."""

    def __init__(self) -> None:
        self.folder = Outcomes()
        self.places = [topic.name for topic in sources(self.folder)]
        self.memory: Memory = self.folder.new()
        self.memory.offsets = [-1] * len(self.places)
        self.facts: dict[str, Outcome] = {}
        self._intakes = {source.topic.name: Intake(source) for source in self.folder.inputs}
        self._offsets = itertools.count()

    def read(self, event: Any, *, seconds: float = 0, offset: int | None = None, ce_id: str | None = None) -> Any:
        """Fold a record as it lies on its topic, written *seconds* after the start; return what `fold_once` says."""
        topic = (
            RECOMMENDATIONS if isinstance(event, Recommendations) else COPY if isinstance(event, Copy) else RESPONSES
        )
        found = self._intakes[topic].read(msgspec.json.encode(event), ())
        assert isinstance(found, Admitted)
        offset = next(self._offsets) if offset is None else offset
        origin = Origin(topic, 0, offset, MILLISECONDS + int(seconds * 1000), ce_id)
        done = fold_once(self.folder, self.memory, self.places.index(topic), offset, found.event, origin)
        for fact in done.facts if isinstance(done, Effects) else ():
            assert fact.id not in self.facts
            assert isinstance(fact.value, Outcome)
            self.facts[fact.id] = fact.value
        return done

    @property
    def last(self) -> Outcome:
        return list(self.facts.values())[-1]
