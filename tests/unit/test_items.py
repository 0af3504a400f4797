from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from agents.items.agent import Items
from agents.items.state import Item
from agents.processor import Effects, Origin, Output, Owed, fold_once, sources
from agents.topics import CATALOG, FEEDBACK, ITEM_CARDS, ITEM_VECTORS, PAIRS
from models.api import Vectors
from schemas.cards import ItemCard, ItemVector, Neighbour, Praise
from schemas.catalog import CatalogItem
from schemas.pairs import Pair
from schemas.sentiments import Aspect, Feedback
from tests.doubles import MODELS, SIZE, WordEmbedder

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
LONG_AFTER = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1000)


class CountingEmbedder(WordEmbedder):
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return super().encode(texts)


class Shelf:
    """One item and its log."""

    def __init__(self) -> None:
        self.embedder = CountingEmbedder()
        self.folder = Items(MODELS._replace(embedder=self.embedder))
        self.state = self.folder.new()
        self.state.offsets = [-1] * len(sources(self.folder))
        self.last: Effects | None = None

    def fold(self, *events: Any, timestamp: int = LONG_AFTER) -> "Shelf":
        for event in events:
            source = 2 if isinstance(event, Pair) else 3 if isinstance(event, Feedback) else 1
            offset = self.state.offsets[source] + 1
            origin = Origin(sources(self.folder)[source].name, 0, offset, timestamp)
            effects = fold_once(self.folder, self.state, source, offset, event, origin)
            assert isinstance(effects, Effects)
            self.last = effects
        return self

    def owed(self) -> list[str]:
        assert self.last is not None
        return [owed.slot for owed in self.last.owed]

    def plan(self, slot: str, epoch: int = 1) -> Any:
        return self.folder.plan(self.state, Owed(slot), epoch)

    def output(self, slot: str) -> Output:
        job = self.plan(slot)
        [output] = self.folder.finish(job, self.folder.score([job])[0])
        return output

    def card(self) -> ItemCard:
        value = self.output("card").value
        assert isinstance(value, ItemCard)
        return value


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def facts(hours: float = 0, **fields: Any) -> CatalogItem:
    given: dict[str, Any] = {"item": "lamp", "title": {"en": "Red lamp"}, "at": at(hours)}
    return CatalogItem(**given | fields)


def pair(hours: float = 0, *, kind: Any = "view", others: Sequence[str] = ()) -> Pair:
    return Pair(item="lamp", at=at(hours), kind=kind, others=tuple(others))


def feedback(hours: float = 0, *, review: str = "r1", polarity: float = 1, aspects: Sequence[Aspect] = ()) -> Feedback:
    return Feedback(
        item="lamp",
        review_id=review,
        at=at(hours),
        polarity=polarity,
        label="positive",
        probability=0.9,
        language="en",
        model="words@1",
        aspects=tuple(aspects),
    )


def test_the_topics_are_the_catalogue_pairs_and_feedback() -> None:
    folder = Items(MODELS)

    assert [source.topic for source in folder.inputs] == [CATALOG, PAIRS, FEEDBACK]
    assert [source.tombstones for source in folder.inputs] == [True, False, False]
    assert [source.key and source.key(event) for source, event in zip(folder.inputs, (facts(), pair(), feedback()), strict=True)] == ["lamp"] * 3  # fmt: skip


def test_a_card_holds_facts_counts_neighbours_and_reviews() -> None:
    lamp = facts(price=20.0, stock=3)
    praise = Aspect(name="looks", polarity=0.8, quote="so bright")
    complaint = Aspect(name="price", polarity=-0.9, quote="too dear")
    shelf = Shelf().fold(
        lamp,
        pair(0, others=["sofa", "rug"]),
        pair(0, kind="click"),
        pair(0, kind="add_to_cart"),
        pair(0, kind="purchase"),
        pair(0, kind=None, others=["sofa"]),
        feedback(0, aspects=[praise, complaint]),
        feedback(0, review="r2", polarity=-0.5),
    )

    assert shelf.card() == ItemCard(
        item="lamp",
        revision=8,
        at=START,
        facts=lamp,
        views=1,
        clicks=1,
        carts=1,
        purchases=1,
        heat=11,
        neighbours=(Neighbour(item="sofa", weight=1.5), Neighbour(item="rug", weight=0.25)),
        reviews=2,
        polarity=0.25,
        aspects={"looks": Praise(positive=1, quote="so bright"), "price": Praise(negative=1)},
    )


def test_an_item_that_the_catalogue_does_not_know_has_a_card_without_facts() -> None:
    card = Shelf().fold(pair()).card()

    assert (card.item, card.facts, card.views) == ("lamp", None, 1)


def test_facts_are_those_of_the_newest_event_time() -> None:
    shelf = Shelf().fold(facts(2, price=2.0), facts(1, price=1.0))

    assert shelf.last is not None
    assert shelf.last.outcome == "late"
    assert shelf.card().facts == facts(2, price=2.0)


def test_of_two_catalogue_records_of_the_same_time_the_later_in_the_log_holds() -> None:
    assert Shelf().fold(facts(price=1.0), facts(price=2.0)).card().facts == facts(price=2.0)


def test_a_misplaced_catalogue_record_of_the_same_time_holds_or_not_whenever_it_is_read() -> None:
    here, misplaced = Origin("catalog.v1", 0, 3, LONG_AFTER), Origin("catalog.v1", 1, 4, LONG_AFTER)

    def known(*order: int) -> CatalogItem | None:
        shelf = Shelf()
        for source in order:
            event, origin = [(facts(price=1.0), misplaced), (facts(price=2.0), here)][source]
            fold_once(shelf.folder, shelf.state, source, 0, event, origin)
        return shelf.card().facts

    assert known(0, 1) == known(1, 0) == facts(price=1.0)


def test_a_tombstone_takes_the_facts_away_and_keeps_the_counts() -> None:
    shelf = Shelf().fold(facts(), pair(), feedback(), None)

    card = shelf.card()
    assert (card.facts, card.views, card.reviews) == (None, 1, 1)
    assert shelf.owed() == ["card", "vector"]


def test_a_tombstone_older_than_the_facts_changes_nothing() -> None:
    shelf = Shelf().fold(facts(2)).fold(None, timestamp=int(at(1).timestamp() * 1000))

    assert shelf.card().facts == facts(2)


def test_an_item_that_comes_back_has_its_new_facts() -> None:
    shelf = Shelf().fold(facts(0)).fold(None, timestamp=int(at(1).timestamp() * 1000)).fold(facts(2))

    assert shelf.card().facts == facts(2)


def test_what_goes_away_without_a_trace_leaves_tombstones() -> None:
    shelf = Shelf().fold(facts(), None)

    card, vector = shelf.output("card"), shelf.output("vector")

    assert (card.topic, card.key, card.value) == (ITEM_CARDS, "lamp", None)
    assert (vector.topic, vector.key, vector.value) == (ITEM_VECTORS, "lamp\nwords@1", None)


def test_a_tombstone_of_an_unknown_item_owes_nothing() -> None:
    shelf = Shelf().fold(None)

    assert shelf.last == Effects(outcome="empty")
    assert shelf.plan("card") is None


def test_only_facts_with_another_text_owe_a_vector() -> None:
    shelf = Shelf()

    owed = [
        shelf.fold(event).owed() for event in (facts(0), facts(1, price=9.0), facts(2, title={"en": "Lamp"}), pair())
    ]

    assert owed == [["card", "vector"], ["card"], ["card", "vector"], ["card"]]


def test_nothing_of_an_item_may_be_shed() -> None:
    shelf = Shelf()

    owed = [owed for event in (facts(), pair(), feedback(), None) for owed in shelf.folder.owes(shelf.state, event, Origin("", 0, 0, 0))]  # fmt: skip

    assert [each.slot for each in owed] == ["card", "vector", "card", "card", "card", "vector"]
    assert not any(each.shed for each in owed)


def test_facts_leave_at_once_and_counts_may_wait_for_more() -> None:
    def linger(event: Any) -> list[float]:
        effects = Shelf().fold(event).last
        assert effects is not None
        return [owed.linger for owed in effects.owed]

    assert linger(facts()) == [0, 0]
    assert linger(pair())[0] > 0
    assert linger(feedback())[0] > 0


def test_a_vector_is_the_text_embedded_as_float16() -> None:
    shelf = Shelf().fold(
        facts(description={"en": "Shines"}, category="c1", category_name={"en": "Lights"}, brand="Lux")
    )

    output = shelf.output("vector")

    assert shelf.embedder.texts == ["Red lamp. Shines. Lights. Lux"]
    assert output.key == "lamp\nwords@1"
    assert isinstance(output.value, ItemVector)
    expected = WordEmbedder().encode(["Red lamp. Shines. Lights. Lux"])[0]
    assert np.array_equal(np.frombuffer(output.value.vector, "<f2"), expected.astype(np.float16))
    assert len(output.value.vector) == 2 * SIZE


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"title": {"zh": "红灯"}, "description": {"zh": "亮", "en": "Bright"}, "category": "灯"}, "红灯. 亮. 灯"),
        ({"title": {"zh": "红灯", "en": "Lamp"}, "description": {"zh": "亮"}}, "Lamp"),
        ({"title": {"en": "x" * 10_000}}, "x" * 2_000),
    ],
)
def test_a_vector_is_made_of_english_or_else_chinese_text_of_bounded_length(fields: dict[str, Any], text: str) -> None:
    shelf = Shelf().fold(facts(**fields))

    shelf.output("vector")

    assert shelf.embedder.texts == [text]


def test_an_item_without_any_text_has_no_vector() -> None:
    shelf = Shelf().fold(facts(title={}))

    assert shelf.owed() == ["card"]
    assert shelf.output("vector").value is None


def test_cards_and_vectors_are_scored_together_and_only_texts_are_embedded() -> None:
    shelf, gone = Shelf().fold(facts()), Shelf().fold(facts(), None)
    jobs = [each.plan(slot) for each in (gone, shelf) for slot in ("card", "vector")]

    scored = shelf.folder.score(jobs)

    values = [shelf.folder.finish(job, each)[0].value for job, each in zip(jobs, scored, strict=True)]
    assert [type(value) for value in values] == [type(None), type(None), ItemCard, ItemVector]
    assert shelf.embedder.texts == ["Red lamp"]


def test_ids_follow_epoch_and_revision() -> None:
    shelf = Shelf().fold(facts())

    def ids(epoch: int) -> set[str]:
        return {shelf.plan(slot, epoch).id for slot in ("card", "vector")}

    assert ids(1) == ids(1)
    assert len(ids(1) | ids(2)) == 4
    assert len(ids(1) | {shelf.fold(pair()).plan("card").id}) == 3


def test_a_plan_is_not_changed_by_later_events() -> None:
    shelf = Shelf().fold(facts(), pair(others=["sofa"]))
    job = shelf.plan("card")
    before = msgspec.json.encode(job)

    shelf.fold(pair(1, others=["rug"]), feedback(aspects=[Aspect(name="looks", polarity=1, quote="nice")]), None)

    assert msgspec.json.encode(job) == before


def test_the_newest_praise_is_quoted_whatever_comes_last() -> None:
    new = feedback(2, review="r2", aspects=[Aspect(name="looks", polarity=1, quote="new")])
    old = feedback(1, review="r1", aspects=[Aspect(name="looks", polarity=1, quote="old")])
    complaint = feedback(3, review="r3", aspects=[Aspect(name="looks", polarity=-1, quote="bad")])
    unclear = feedback(4, review="r4", aspects=[Aspect(name="looks", polarity=0.1, quote="hm")])

    card = Shelf().fold(new, old, complaint, unclear).card()

    assert card.aspects == {"looks": Praise(positive=2, negative=1, quote="new")}


def test_heat_halves_in_a_day() -> None:
    assert Shelf().fold(pair(0, kind="purchase"), pair(24)).card().heat == 6 / 2 + 1


def test_a_meeting_counts_half_after_a_week() -> None:
    shelf = Shelf().fold(*[pair(0, others=["sofa"])] * 6, pair(24 * 7, others=["rug"]))

    assert shelf.card().neighbours == (Neighbour(item="sofa", weight=1.5), Neighbour(item="rug", weight=0.5))


def test_what_comes_after_an_item_counts_twice_what_came_before_it() -> None:
    shelf = Shelf().fold(pair(others=["sofa"]), pair(kind=None, others=["rug"]))

    assert shelf.card().neighbours == (Neighbour(item="rug", weight=1), Neighbour(item="sofa", weight=0.5))


def test_a_card_names_twenty_neighbours_and_never_the_item_itself() -> None:
    shelf = Shelf().fold(*[pair(others=[f"n{n:02}"]) for n in range(30)], *[pair(others=["lamp"])] * 3)

    assert [neighbour.item for neighbour in shelf.card().neighbours] == [f"n{n:02}" for n in range(20)]


@pytest.mark.parametrize("moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)])  # fmt: skip
@pytest.mark.parametrize("event", [facts(), pair(others=["sofa"]), feedback()])
def test_strange_times_are_cut_back_and_leave_a_card(moment: datetime, event: Any) -> None:
    shelf = Shelf().fold(pair()).fold(msgspec.structs.replace(event, at=moment), pair(1))

    assert START <= shelf.card().at <= datetime(2027, 1, 1, 0, 0, 5, tzinfo=UTC)
    assert shelf.card().views >= 1  # by the broker's clock a year later, an item that is in no catalogue begins anew


def test_an_event_from_the_future_is_said_to_be_clamped() -> None:
    for event in (facts(), pair(), feedback()):
        effects = Shelf().fold(event, timestamp=0).last

        assert effects is not None
        assert effects.outcome == "clamped"


def test_a_state_that_was_stored_is_the_same_and_makes_the_same_card() -> None:
    elsewhere = facts().at.astimezone().replace(microsecond=123_456)
    shelf = Shelf().fold(
        facts(at=elsewhere), pair(others=["sofa"]), feedback(aspects=[Aspect(name="fit", polarity=1, quote="q")])
    )
    before = msgspec.json.encode(shelf.card())

    restored = msgspec.msgpack.decode(msgspec.msgpack.encode(shelf.state), type=Item)

    assert restored == shelf.state
    shelf.state = restored
    assert msgspec.json.encode(shelf.card()) == before
