# ruff: noqa: ARG002  the processors have the signatures of their contract

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec.structs
import pytest

from agents.headers import rekeyed, replay
from agents.intake import partition_of
from agents.processor import (
    Effects,
    Folder,
    Input,
    Mapper,
    Origin,
    Output,
    Owed,
    Stage,
    State,
    View,
    fact_id,
    list_id,
    moment,
)
from agents.replay.driver import Replayer
from agents.replay.log import LogRecord
from agents.topics import CLICKS, FEEDBACK, ITEM_CARDS, PAIRS, RECOMMENDATIONS, REKEY_SHOPPERS, REVIEWS, SENTIMENTS
from schemas.base import Record
from schemas.cards import ItemCard
from schemas.clicks import ClickEvent, Interaction
from schemas.pairs import Pair
from schemas.recommendations import Reason, Recommendations, Slot
from schemas.reviews import Review
from schemas.sentiments import Feedback, Sentiment

PARTITIONS = 4
NOON = int(datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp() * 1000)
SENTIMENT = {"label": "positive", "polarity": 1.0, "probability": 0.9, "language": "en", "model": "m@1"}


class Seen(State):
    items: list[str] = []
    from_places: list[tuple[str, int, int]] = []


class Shoppers(Folder):
    """Keeps the items of a shopper; owes a list of them with what the view says of each."""

    name = "shoppers"
    state = Seen

    def __init__(self) -> None:
        self.cards: dict[str, int] = {}
        self.inputs = (Input(CLICKS, key=lambda it: it.shopper), Input(SENTIMENTS, key=lambda it: it.shopper))
        self.views = (View(ITEM_CARDS, lambda key, card: self.cards.update({key: card.views})),)
        self.facts = (PAIRS,)
        self.outputs = (PAIRS, RECOMMENDATIONS)
        self.jobs: list[int] = []

    def fold(self, state: Seen, event: ClickEvent | Sentiment, origin: Origin) -> Effects:
        owed = (Owed("home", linger=60.0),)
        state.from_places.append((origin.topic, origin.partition, origin.offset))
        if not isinstance(event, Interaction):
            return Effects(owed=owed)
        state.items.append(event.item)
        pair = Pair(item=event.item, at=event.at, kind="view")
        return Effects([Output(PAIRS, event.item, pair, fact_id(origin, "pair"), event.at)], owed)

    def plan(self, state: Seen, owed: Owed, epoch: int) -> Any:
        return state.revision, epoch, [(item, self.cards.get(item, 0)) for item in state.items]

    def score(self, jobs: Sequence[Any]) -> Sequence[Any]:
        self.jobs.append(len(jobs))
        return [[views * 0.5 for _, views in items] for _, _, items in jobs]

    def finish(self, job: Any, scored: Any) -> Sequence[Output]:
        revision, epoch, items = job
        slots = [
            Slot(item=item, score=score, source="new", propensity=1.0, reason=Reason(code="new", text={}))
            for (item, _), score in zip(items, scored, strict=True)
        ]
        name = list_id("ada", epoch, revision, "home", "list")
        value = Recommendations(
            recommendation_id=name,
            shopper="ada",
            placement="home",
            epoch=epoch,
            revision=revision,
            at=moment(NOON),
            valid_until=moment(NOON),
            slots=tuple(slots),
            models={},
            view=0,
        )
        return [Output(RECOMMENDATIONS, "ada", value, name, value.at)]

    def owes(self, state: Seen, event: Any, origin: Origin) -> Sequence[Owed]:
        return ()


class Items(Folder):
    """Counts the views of an item; owes its card."""

    name = "items"
    state = State
    outputs = (ITEM_CARDS,)

    def __init__(self) -> None:
        self.inputs = (Input(PAIRS, key=lambda it: it.item), Input(FEEDBACK, key=lambda it: it.item))
        self.planned = 0

    def fold(self, state: State, event: Pair | Feedback, origin: Origin) -> Effects:
        return Effects(owed=[Owed(event.item)])

    def plan(self, state: State, owed: Owed, epoch: int) -> ItemCard:
        self.planned += 1
        return ItemCard(item=owed.slot, revision=state.revision, at=moment(NOON), views=state.revision)

    def finish(self, job: ItemCard, scored: Any) -> Sequence[Output]:
        return [Output(ITEM_CARDS, job.item, job, f"{job.item}-{job.revision}", job.at)]

    def owes(self, state: State, event: Any, origin: Origin) -> Sequence[Owed]:
        return ()


class Reviews(Mapper):
    """Praises everything, once for the shopper and once for the item."""

    name = "reviews"
    inputs = (Input(REVIEWS),)
    outputs = (SENTIMENTS, FEEDBACK)

    def plan(self, event: Review, origin: Origin) -> tuple[Review, Origin]:
        return event, origin

    def finish(self, job: tuple[Review, Origin], scored: Any) -> Sequence[Output]:
        event, origin = job
        shared: Any = {"item": event.item, "review_id": event.review_id, "at": event.at} | SENTIMENT
        return [
            Output(
                SENTIMENTS, event.shopper, Sentiment(shopper=event.shopper, **shared), fact_id(origin, "s"), event.at
            ),
            Output(FEEDBACK, event.item, Feedback(**shared), fact_id(origin, "f"), event.at),
        ]


class Run:
    """A replay and what came out of it."""

    def __init__(self, *stages: Stage, wanted: Sequence[str] = ()) -> None:
        self.out: list[LogRecord] = []
        self.replayer = Replayer(stages, partitions=PARTITIONS, emit=self.out.append, wanted=wanted)

    def feed(self, *records: LogRecord) -> "Run":
        for record in records:
            self.replayer.feed(record)
        return self

    def values(self, topic: str) -> list[Any]:
        return [json.loads(it.value or b"null") for it in self.out if it.topic == topic]

    def states(self) -> dict[tuple[str, str], dict[str, Any]]:
        lines = map(json.loads, self.replayer.state_lines())
        return {(line["processor"], line["key"]): line["state"] for line in lines}


def view(item: str = "lamp", shopper: str = "ada", offset: int = 0, **place: Any) -> LogRecord:
    body = {"kind": "view", "shopper": shopper, "item": item, "at": "2026-01-01T12:00:00Z"}
    given: dict[str, Any] = {
        "partition": partition_of(shopper.encode(), PARTITIONS),
        "key": shopper.encode(),
        "value": json.dumps(body).encode(),
    }
    return LogRecord(topic=CLICKS.name, offset=offset, timestamp=NOON, **(given | place))


def review(shopper: str = "ada", item: str = "lamp") -> LogRecord:
    body = {"review_id": "r1", "shopper": shopper, "item": item, "text": "good", "at": "2026-01-01T12:00:00Z"}
    return LogRecord(REVIEWS.name, 3, 7, NOON, None, json.dumps(body).encode())


def test_a_list_is_made_for_each_event_and_nothing_lingers() -> None:
    run = Run(Shoppers(), wanted=["recommendations.v1"]).feed(view("lamp", offset=0), view("vase", offset=1))

    lists = run.values("recommendations.v1")
    assert [it["revision"] for it in lists] == [1, 2]
    assert [[slot["item"] for slot in it["slots"]] for it in lists] == [["lamp"], ["lamp", "vase"]]


def test_an_output_is_a_cloud_event_at_the_place_of_its_key() -> None:
    run = Run(Shoppers(), wanted=["recommendations.v1"]).feed(view(offset=0), view(offset=1))

    first, second = run.out
    headers = dict(second.headers)
    assert headers["ce_id"] == list_id("ada", 0, 2, "home", "list").encode()
    assert headers["ce_source"] == b"/vitrine/shoppers"
    assert (second.key, second.partition) == (b"ada", partition_of(b"ada", PARTITIONS))
    assert (first.offset, second.offset, second.timestamp) == (0, 1, NOON)


def test_a_list_sees_the_cards_that_its_own_event_led_to() -> None:
    run = Run(Shoppers(), Items(), wanted=["recommendations.v1"]).feed(view())

    assert run.values("recommendations.v1")[0]["slots"][0]["score"] == 0.5


def test_what_one_stage_tells_another_is_folded_before_the_next_event() -> None:
    run = Run(Reviews(), Shoppers(), Items()).feed(review(), view())

    states = run.states()
    assert states["shoppers", "ada"]["from_places"] == [
        ["sentiments.v1", partition_of(b"ada", PARTITIONS), 0],
        ["clicks.v1", partition_of(b"ada", PARTITIONS), 0],
    ]
    assert states["items", "lamp"]["revision"] == 2
    assert states["items", "lamp"]["offsets"] == [-1, 0, 0]


def test_facts_are_fed_on_although_nobody_wants_them_written() -> None:
    run = Run(Shoppers(), Items(), wanted=["item-cards.v1"]).feed(view())

    assert {it.topic for it in run.out} == {"item-cards.v1"}
    assert run.replayer.outputs["pairs.v1"] == 1


def test_a_fact_that_is_wanted_is_written_and_fed_on() -> None:
    run = Run(Shoppers(), Items(), wanted=["pairs.v1"]).feed(view())

    assert [it["item"] for it in run.values("pairs.v1")] == ["lamp"]
    assert run.states()["items", "lamp"]["revision"] == 1
    assert run.states()["items", "lamp"]["recent"] == []  # the engine knows repeats of facts by their place


def test_what_nobody_wants_is_not_made() -> None:
    shoppers, items = Shoppers(), Items()

    Run(shoppers, items, wanted=["pairs.v1"]).feed(view())

    assert shoppers.jobs == []
    assert items.planned == 0


def test_cards_are_made_for_the_view_of_a_list_that_is_wanted() -> None:
    items = Items()

    Run(Shoppers(), items, wanted=["recommendations.v1"]).feed(view())

    assert items.planned == 1


def test_each_job_is_scored_alone() -> None:
    shoppers = Shoppers()

    Run(shoppers, wanted=["recommendations.v1"]).feed(*(view(shopper=name) for name in "abc"))

    assert shoppers.jobs == [1, 1, 1]


def test_a_record_read_again_is_not_folded_again() -> None:
    run = Run(Shoppers(), wanted=["recommendations.v1"]).feed(view(), view())

    assert run.replayer.outcomes["shoppers", "clicks.v1", "redelivered"] == 1
    assert len(run.out) == 1


def test_an_event_sent_twice_by_its_producer_is_folded_once() -> None:
    twice = [view(offset=offset, headers=(("ce_id", b"e-1"),)) for offset in (0, 1)]

    run = Run(Shoppers(), wanted=["recommendations.v1"]).feed(*twice)

    assert run.replayer.outcomes["shoppers", "clicks.v1", "duplicate"] == 1
    assert run.states()["shoppers", "ada"]["revision"] == 1


@pytest.mark.parametrize(
    "place", [{"key": None}, {"key": b"bob"}, {"key": b"\xff"}, {"partition": partition_of(b"ada", PARTITIONS) ^ 1}]
)
def test_a_misplaced_record_is_folded_once_under_its_right_key(place: dict[str, Any]) -> None:
    misplaced = view(offset=41, **place)

    run = Run(Shoppers()).feed(misplaced)

    state = run.states()["shoppers", "ada"]
    assert state["offsets"] == [0, -1, -1]
    assert state["from_places"] == [["clicks.v1", misplaced.partition, 41]]
    assert run.replayer.outcomes == {
        ("shoppers", "clicks.v1", "rekeyed"): 1,
        ("shoppers", REKEY_SHOPPERS.name, "folded"): 1,
    }


def test_a_misplaced_record_that_is_sent_on_twice_is_folded_once() -> None:
    run = Run(Shoppers()).feed(view(offset=41, key=None), view(offset=41, key=None))

    state = run.states()["shoppers", "ada"]
    assert (state["revision"], state["recent"]) == (1, [[f"clicks.v1/{partition_of(b'ada', PARTITIONS)}/41"]])
    assert run.replayer.outcomes["shoppers", REKEY_SHOPPERS.name, "duplicate"] == 1


def test_a_misplaced_record_does_not_hide_those_in_their_place() -> None:
    run = Run(Shoppers()).feed(view("lamp", offset=41, key=None), view("vase", offset=3), view("mug", offset=4))

    assert run.states()["shoppers", "ada"]["items"] == ["lamp", "vase", "mug"]


def test_a_bad_record_becomes_a_dead_letter_with_its_bytes_and_its_neighbours_are_untouched() -> None:
    bad = view(offset=1, value=b"\xff{", headers=(("trace", None),))

    run = Run(Shoppers(), wanted=["dlq.clicks.v1"]).feed(view(offset=0), bad, view(offset=2))

    (letter,) = run.out
    headers = dict(letter.headers)
    assert (letter.key, letter.value, letter.partition) == (b"ada", b"\xff{", bad.partition)
    assert (headers["__dlq.errors.reason"], headers["__dlq.errors.offset"]) == (b"undecodable", b"1")
    assert letter.headers[0] == ("trace", None)
    assert rekeyed(letter.headers) is None
    assert run.replayer.outcomes == {
        ("shoppers", "clicks.v1", "folded"): 2,
        ("shoppers", "clicks.v1", "dead_letter"): 1,
    }


def test_an_event_in_other_words_is_folded_and_one_that_tells_nothing_is_ignored() -> None:
    said = {
        "type": "track",
        "userId": "ada",
        "timestamp": moment(NOON).isoformat(),
        "properties": {"product_id": "lamp"},
    }
    values = [json.dumps(said | {"event": name}).encode() for name in ("Product Viewed", "Cart Viewed")]

    run = Run(Shoppers()).feed(*(view(offset=offset, value=value) for offset, value in enumerate(values)))

    assert run.states()["shoppers", "ada"]["items"] == ["lamp"]
    assert run.replayer.outcomes == {("shoppers", "clicks.v1", "folded"): 1, ("shoppers", "clicks.v1", "ignored"): 1}


def test_a_tombstone_where_none_belongs_is_a_dead_letter() -> None:
    run = Run(Shoppers()).feed(view(value=None))

    assert run.replayer.outputs == {"dlq.clicks.v1": 1}


def test_what_the_agents_make_themselves_is_left_out_of_a_log() -> None:
    derived = [
        msgspec.structs.replace(view(), topic=topic) for topic in ("pairs.v1", "rekey.shoppers.v1", "dlq.clicks.v1")
    ]

    run = Run(Shoppers(), Items()).feed(*derived)

    assert run.states() == {}
    assert set(run.replayer.outcomes) == {("", record.topic, "derived") for record in derived}


def test_a_topic_that_no_agent_reads_is_counted() -> None:
    run = Run(Shoppers()).feed(msgspec.structs.replace(view(), topic="weather.v1"))

    assert run.replayer.outcomes == {("", "weather.v1", "unread"): 1}


def test_a_fact_that_no_reader_could_use_is_a_dead_letter_as_on_a_broker() -> None:
    class Shouting(Reviews):
        def finish(self, job: tuple[Review, Origin], scored: Any) -> Sequence[Output]:
            return [
                msgspec.structs.replace(output, value=msgspec.structs.replace(output.value, polarity=9.0))
                for output in super().finish(job, scored)
                if isinstance(output.value, Record)
            ]

    run = Run(Shouting(), Shoppers()).feed(review())

    assert run.replayer.outcomes["shoppers", "sentiments.v1", "dead_letter"] == 1


def test_states_are_listed_by_processor_and_key() -> None:
    run = Run(Shoppers(), Items()).feed(*(view(item, shopper) for item, shopper in (("b", "z"), ("a", "y"))))

    assert list(run.states()) == [("items", "a"), ("items", "b"), ("shoppers", "y"), ("shoppers", "z")]


def replayed(record: LogRecord, origin: Origin, *, only_output: bool = False, offset: int = 0) -> LogRecord:
    """Return *record* as `vitrine dlq replay` sends it."""
    headers = tuple(replay(origin, record.headers, failed=1, only_output=only_output))
    return msgspec.structs.replace(record, topic=REKEY_SHOPPERS.name, offset=offset, headers=headers)


def test_a_dead_letter_that_was_mended_and_replayed_is_folded_once_where_it_was_refused() -> None:
    bad = view(offset=4, value=b"{")
    origin = Origin(CLICKS.name, bad.partition, 4, NOON)

    run = Run(Shoppers(), Items()).feed(bad, replayed(view(), origin), replayed(view(), origin, offset=1))

    assert run.states()["shoppers", "ada"]["from_places"] == [[CLICKS.name, bad.partition, 4]]
    assert run.replayer.outcomes["shoppers", REKEY_SHOPPERS.name, "folded"] == 1
    assert run.replayer.outcomes["shoppers", REKEY_SHOPPERS.name, "duplicate"] == 1


def test_a_replayed_dead_letter_that_is_still_bad_is_one_of_its_first_place() -> None:
    bad = replayed(view(value=b"{"), Origin(CLICKS.name, 2, 4, NOON))

    run = Run(Shoppers(), wanted=["dlq.clicks.v1"]).feed(bad)

    headers = dict(run.out[0].headers)
    assert (headers["__dlq.errors.offset"], headers["__dlq.errors.delivery.count"]) == (b"4", b"2")


def test_a_list_that_was_asked_for_again_is_made_again_and_nothing_is_folded() -> None:
    class Owing(Shoppers):
        def owes(self, state: Seen, event: Any, origin: Origin) -> Sequence[Owed]:
            return (Owed("home"),)

    again = replayed(view(), Origin(CLICKS.name, view().partition, 0, NOON), only_output=True)

    run = Run(Owing(), wanted=["recommendations.v1"]).feed(again, view(), again)

    assert [it["revision"] for it in run.values("recommendations.v1")] == [1, 1]
    assert run.replayer.outcomes["shoppers", REKEY_SHOPPERS.name, "reasked"] == 2


def test_a_replayed_dead_letter_of_nobody_here_is_not_read() -> None:
    run = Run(Items()).feed(replayed(view(), Origin(CLICKS.name, 0, 0, NOON)))

    assert run.replayer.outcomes["", REKEY_SHOPPERS.name, "unread"] == 1


def test_a_replayed_review_has_the_facts_of_its_first_place() -> None:
    again = msgspec.structs.replace(review(), headers=tuple(replay(Origin(REVIEWS.name, 1, 2, NOON), (), failed=1)))

    run = Run(Reviews(), wanted=["feedback.v1"]).feed(again)

    assert dict(run.out[0].headers)["ce_id"] == fact_id(Origin(REVIEWS.name, 1, 2, NOON), "f").encode()
