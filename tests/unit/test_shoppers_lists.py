"""The lists that shoppers get."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from agents.shoppers.lottery import chance
from agents.shoppers.options import Options
from agents.shoppers.searches import Remembered
from agents.shoppers.signals import signals_of
from agents.sources import Sources
from agents.weights import VERSION, WEIGHTS, Weights, weigh
from schemas.base import Localized
from schemas.cards import ItemCard, Neighbour, Praise
from schemas.clicks import Click, ListShown, Purchase, View
from schemas.copy import Copy
from schemas.recommendations import Decision, Recommendations
from schemas.searches import Search
from tests.doubles import MODELS, Successor
from tests.shoppers import START, STEADY, World, after, facts, sentiment


def boards_and_lamps(world: World, **more: object) -> None:
    """Twelve items in two categories."""
    for n in range(6):
        names: Localized = {"en": f"walnut board {n}", "zh": f"胡桃木砧板{n}"}
        world.stock(facts(f"b{n}", title=names, category="kitchen", category_name={"en": "Kitchen"}, **more))
        world.stock(facts(f"l{n}", title={"en": f"brass lamp {n}"}, category="light", brand="Lux", **more))


def test_somebody_unknown_gets_what_is_new() -> None:
    world = World()
    boards_and_lamps(world)

    found = world.recommend("nobody")

    assert len(found.slots) == 10
    assert {slot.source for slot in found.slots} == {"new"}
    assert {slot.reason.code for slot in found.slots} == {"new"}


def test_somebody_unknown_gets_what_is_popular_first() -> None:
    world = World()
    boards_and_lamps(world)
    world.stock(facts("hit", "blue chair"), views=50, heat=40.0)

    first = world.recommend("nobody").slots[0]

    assert (first.item, first.source, first.reason.code) == ("hit", "trending", "popular")


def test_without_items_an_empty_list_is_sent() -> None:
    world = World()
    world.feed(Click(shopper="ann", item="gone", at=START))

    found = world.recommend("ann", request_id="q1")

    assert (found.slots, found.request_id) == ((), "q1")


def test_a_shop_without_a_catalogue_gets_lists_of_what_was_seen() -> None:
    world = World()
    world.card(ItemCard(item="a", revision=1, at=START, views=9, heat=9.0))
    world.card(ItemCard(item="b", revision=1, at=START, views=2, heat=1.0, neighbours=(Neighbour(item="c", weight=2),)))
    world.card(ItemCard(item="c", revision=1, at=START, views=1, heat=0.5))
    world.feed(Click(shopper="ann", item="b", at=START))

    slots = {slot.item: slot for slot in world.recommend("ann").slots}

    assert set(slots) == {"a", "b", "c"}
    assert (slots["c"].source, slots["c"].reason.code, slots["c"].reason.about) == ("together", "together", "b")


def test_items_that_the_catalogue_does_not_have_are_not_listed() -> None:
    world = World()
    world.card(ItemCard(item="stranger", revision=1, at=START, views=99, heat=99.0))
    world.stock(facts("known"))

    assert world.items("ann") == ["known"]
    assert world.items("ann", candidates=("stranger", "known", "never heard of")) == ["known"]


def test_what_is_out_of_stock_is_not_listed() -> None:
    world = World()
    world.stock(facts("a", stock=0), facts("b", stock=1), facts("c", stock=None))
    world.feed(Click(shopper="ann", item="a", at=START))

    assert sorted(world.items("ann")) == ["b", "c"]
    assert sorted(world.items("ann", candidates=("a", "b"))) == ["b"]


def test_a_shop_that_is_sold_out_gets_an_empty_list() -> None:
    world = World()
    boards_and_lamps(world, stock=0)

    assert world.items("ann") == []


def test_what_was_bought_comes_again_only_if_one_buys_it_again() -> None:
    world = World()
    world.stock(facts("sofa"), facts("tea", rebuy=True), facts("lamp"))

    world.feed(*(Purchase(shopper="ann", item=item, at=START) for item in ("sofa", "tea")))

    assert sorted(world.items("ann")) == ["lamp", "tea"]


def test_what_the_shopper_complained_of_does_not_come() -> None:
    world = World()
    world.stock(facts("bad"), facts("fine"))

    world.feed(sentiment("ann", "bad", -0.8))

    assert world.items("ann") == ["fine"]


def test_clicks_bring_more_of_the_same_kind() -> None:
    world = World()
    boards_and_lamps(world)

    world.feed(*(Click(shopper="ann", item=f"l{n}", at=after(n)) for n in range(2)))

    slots = world.recommend("ann").slots
    assert {slot.item[0] for slot in slots[:4]} == {"l"}
    assert any(slot.reason.about in {"light", "l0", "l1", "Lux"} for slot in slots[:4])


@pytest.mark.parametrize(("query", "kind"), [("walnut board", "b"), ("砧板", "b"), ("brass lamp", "l")])
def test_a_search_brings_what_was_searched_for_and_says_so(query: str, kind: str) -> None:
    world = World()
    boards_and_lamps(world)

    world.feed(Search(shopper="ann", query=query, at=START))

    first = world.recommend("ann").slots[0]
    assert (first.item[0], first.source, first.reason.code, first.reason.about) == (kind, "search", "search", query)
    assert first.reason.text["en"] == f"Because you searched for “{query}”"


def test_neighbours_of_what_was_touched_come_with_the_reason_why() -> None:
    world = World()
    boards_and_lamps(world)
    world.stock(facts("pan", "iron pan"), neighbours=(Neighbour(item="lid", weight=5.0),))
    world.stock(facts("lid", "glass lid"))

    world.feed(Click(shopper="ann", item="pan", at=START))

    slots = {slot.item: slot for slot in world.recommend("ann").slots}
    assert slots["lid"].source == "together"
    assert slots["lid"].reason.text == {"en": "Often seen together with iron pan", "zh": "常与“iron pan”一起浏览"}


def test_what_was_looked_at_lately_comes_first_for_a_while() -> None:
    world = World()
    boards_and_lamps(world)

    world.feed(*(Click(shopper="ann", item=item, at=after(place)) for place, item in enumerate(("l0", "b0", "b1"))))
    soon = [(slot.item, slot.source, slot.reason.code) for slot in world.recommend("ann").slots]
    world.feed(Search(shopper="ann", query="brass lamp", at=after(86_400)))
    later = [slot.item for slot in world.recommend("ann").slots]

    assert soon[0] == ("b1", "recent", "recent")
    assert soon[1][:2] == ("b0", "recent")
    assert later.index("b0") > 1


def test_what_the_shops_own_model_expects_is_listed_with_its_version() -> None:
    world = World(models=MODELS._replace(sequence=Successor()))
    world.stock(*(facts(item, f"thing {number}") for number, item in enumerate("abcdefg")))
    world.feed(Click(shopper="ann", item="b", at=START))

    found, nobody = world.recommend("ann"), world.recommend("nobody")
    features = {it.item: it.features for it in world.decision("ann").candidates}

    slots = {slot.item: slot for slot in found.slots}
    assert (slots["c"].source, slots["c"].reason.code) == ("next", "next")
    assert (features["c"]["next"], features["d"]["next"], "next" in features["e"]) == (1.0, 0.5, False)
    assert found.models["sequence"] == nobody.models["sequence"] == "alphabet@1"
    assert "next" not in {slot.source for slot in nobody.slots}


def test_interest_in_what_a_page_named_is_what_it_is_in_all_items() -> None:
    world = World()
    boards_and_lamps(world)
    world.feed(Click(shopper="ann", item="b0", at=START))
    jobs = [world.job("ann", candidates=("l3", "b2", "unknown")), world.job("ann")]

    named, whole = (signals.interest for signals in signals_of(jobs, MODELS, Remembered()))

    assert named is not None
    assert whole is not None
    rows = [jobs[0].look.vectors.rows[item] for item in ("l3", "b2")]
    assert named[rows].tolist() == whole[rows].tolist()
    assert np.count_nonzero(named) <= 2 < np.count_nonzero(whole)


def test_a_source_that_is_left_out_brings_nothing() -> None:
    worlds = [World(Options(explore=0, sources=Sources(text))) for text in ("", "-recent, -new")]
    for world in worlds:
        boards_and_lamps(world)
        world.feed(Click(shopper="ann", item="b1", at=START))

    everything, less = ({slot.source for slot in world.recommend("ann").slots} for world in worlds)

    assert "recent" in everything
    assert less.isdisjoint({"recent", "new"})


def test_the_more_crowding_counts_the_more_kinds_are_in_a_list() -> None:
    def kinds(crowding: float) -> set[str]:
        world = World(Options(explore=0, crowding=crowding))
        boards_and_lamps(world)
        world.feed(*(Click(shopper="ann", item=f"b{n}", at=after(n)) for n in range(4)))
        return {slot.item[0] for slot in world.recommend("ann", limit=2).slots}

    assert kinds(0) == {"b"}
    assert kinds(9) == {"b", "l"}


def test_what_reviews_praise_is_a_reason() -> None:
    world = World()
    world.stock(facts("a"), reviews=9, polarity=0.9, aspects={"quality": Praise(positive=6), "fit": Praise(negative=3)})

    reason = world.recommend("ann").slots[0].reason

    assert (reason.code, reason.about, reason.text["en"]) == ("praised", "quality", "Buyers praise its quality")


def test_what_was_shown_and_passed_over_sinks() -> None:
    world = World()
    boards_and_lamps(world)
    first = world.items("ann")[0]

    world.feed(*(ListShown(shopper="ann", items=(first,), at=after(n)) for n in range(8)))

    assert world.items("ann")[0] != first


def test_every_reason_is_in_both_languages() -> None:
    world = World(Options(explore=1))
    boards_and_lamps(world)
    world.feed(Click(shopper="ann", item="b0", at=START), Search(shopper="ann", query="lamp", at=after(1)))

    texts = [slot.reason.text for slot in world.recommend("ann").slots]

    assert texts
    assert all(text["en"] and text["zh"] for text in texts)


def test_no_category_has_all_the_slots_when_another_is_nearly_as_good() -> None:
    world = World()
    world.stock(*(facts(f"a{n}", category="a") for n in range(20)), views=9, heat=10.0)
    world.stock(*(facts(f"b{n}", category="b") for n in range(20)), views=9, heat=9.0)

    counts = Counter(item[0] for item in world.items("ann"))

    assert counts == {"a": 5, "b": 5}


def test_a_request_says_how_many_and_which() -> None:
    world = World()
    boards_and_lamps(world)

    assert len(world.items("ann", limit=3)) == 3
    assert sorted(world.items("ann", candidates=("b1", "l1", "b1"))) == ["b1", "l1"]
    assert world.recommend("ann", candidates=("b1",)).slots[0].source == "request"


def test_a_list_says_what_it_was_made_from() -> None:
    world = World()
    boards_and_lamps(world)
    world.feed(Click(shopper="ann", item="b0", at=after(5)))

    found = world.recommend("ann", placement="cart", request_id="q7")

    assert (found.placement, found.request_id, found.revision, found.at) == ("cart", "q7", 1, after(5))
    assert found.valid_until == after(5) + timedelta(minutes=30)
    assert found.models == {"embedder": "words@1", "interest": "mean@1", "score": VERSION, "words": "phrases@1"}
    assert found.view == 24


def test_the_top_three_get_words_that_belong_to_the_list() -> None:
    world = World()
    boards_and_lamps(world)

    records = [output.value for output in world.outputs("ann")]

    listed, copies = records[0], [record for record in records if isinstance(record, Copy)]
    assert isinstance(listed, Recommendations)
    assert [copy.item for copy in copies] == [slot.item for slot in listed.slots[:3]]
    assert {copy.recommendation_id for copy in copies} == {listed.recommendation_id}
    assert all(copy.text for copy in copies)


def test_items_with_a_title_in_one_language_have_words_in_it() -> None:
    world = World()
    world.stock(facts("a", title={"zh": "砧板"}), facts("b", title={"en": "board"}))

    copies = {output.value.item: output.value for output in world.outputs("ann") if isinstance(output.value, Copy)}

    assert "砧板" in copies["a"].text["zh"]
    assert "board" in copies["b"].text["en"]


def test_a_decision_lets_the_list_be_made_again() -> None:
    world = World()
    boards_and_lamps(world)
    world.feed(Click(shopper="ann", item="b0", at=START), ListShown(shopper="ann", items=("l1",), at=after(1)))

    found, decision = world.recommend("ann"), world.decision("ann")

    slots = sorted((one for one in decision.candidates if one.slot is not None), key=lambda one: one.slot or 0)
    assert [(one.item, one.score, one.propensity) for one in slots] == [
        (s.item, s.score, s.propensity) for s in found.slots
    ]
    assert decision.weights == WEIGHTS
    assert all(weigh(one.features, decision.weights) == one.score for one in decision.candidates)
    order = list(WEIGHTS)
    assert all(list(one.features) == sorted(one.features, key=order.index) for one in decision.candidates)


def test_changed_weights_change_the_list_and_are_told_with_it() -> None:
    default, changed = World(), World(Options(explore=0, weights=Weights("category=0,brand=1")))
    for world in (default, changed):
        boards_and_lamps(world)
        world.feed(Click(shopper="ann", item="l0", at=START))

    found, decision = changed.recommend("ann"), changed.decision("ann")

    assert [slot.item for slot in found.slots] != default.items("ann")
    assert found.models["score"] == decision.models["score"] != default.recommend("ann").models["score"]
    assert decision.weights["brand"] == 1
    assert all(weigh(one.features, decision.weights) == one.score for one in decision.candidates)


def test_what_only_a_changed_weight_speaks_for_needs_no_reason_of_its_own() -> None:
    world = World(Options(explore=0, weights=Weights("touched=5,passed=5")))
    boards_and_lamps(world)

    world.feed(Click(shopper="ann", item="b0", at=START), ListShown(shopper="ann", items=("l1",), at=after(1)))

    assert {"touched", "passed"}.isdisjoint(slot.reason.code for slot in world.recommend("ann").slots)


def test_decisions_are_a_share_of_the_lists() -> None:
    world = World(Options(decisions=0.5))
    world.stock(facts("a"))

    kept = sum(isinstance(world.outputs(f"s{n}")[-1].value, Decision) for n in range(400))

    assert 150 < kept < 250


def test_the_last_slot_is_drawn_as_often_as_its_propensity_says() -> None:
    world = World(Options(explore=0.5, list_size=3))
    world.stock(*(facts(f"i{n}") for n in range(6)))
    shown: Counter[str] = Counter()
    expected: Counter[str] = Counter()

    for n in range(600):
        decision = world.decision(f"s{n}", limit=3)
        for one in decision.candidates:
            if one.slot == 2:
                shown[str(one.propensity)] += 1
                expected[str(one.propensity)] += 1
    greedy, drawn = "0.625", "0.125"

    assert set(shown) == {greedy, drawn}
    assert 0.55 < shown[greedy] / 600 < 0.7


def test_chance_is_fixed_by_its_arguments_and_even() -> None:
    drawn = [chance(7, "ann", n) for n in range(2000)]

    assert drawn == [chance(7, "ann", n) for n in range(2000)]
    assert 0.45 < sum(drawn) / len(drawn) < 0.55
    assert all(0 <= number < 1 for number in drawn)


def test_implied_and_requested_lists_of_one_revision_have_ids_of_their_own() -> None:
    world = World(STEADY)
    boards_and_lamps(world)
    effects = world.feed(View(shopper="ann", item="b0", at=START))

    job = world.folder.plan(world.profile("ann"), effects.owed[0], 0)
    implied = world.folder.finish(job, world.folder.score([job])[0])

    assert not {output.id for output in implied} & {output.id for output in world.outputs("ann")}


def test_an_item_without_a_vector_can_be_listed() -> None:
    world = World()
    world.card(ItemCard(item="a", revision=1, at=START, facts=facts("a")))
    world.feed(Click(shopper="ann", item="a", at=START), Search(shopper="ann", query="sofa", at=START))

    assert world.items("ann") == ["a"]
