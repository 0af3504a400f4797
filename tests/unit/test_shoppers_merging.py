"""Anonymous visitors who become known."""

from agents.shoppers.profile import likes_of
from agents.topics import MERGES
from schemas.clicks import Click, ListShown, Purchase, View
from schemas.identifies import Identify, Merge, Opinion
from schemas.searches import Search
from tests.shoppers import START, World, after, sentiment

ANN = Identify(anonymous="x", shopper="ann", at=after(10))


def touched(world: World, shopper: str) -> list[str]:
    return [touch.item for touch in world.profile(shopper).touches]


def test_all_that_a_visitor_did_goes_to_the_shopper_once() -> None:
    world = World()
    world.feed(
        View(shopper="x", item="a", at=after(1), language="zh"),
        Purchase(shopper="x", item="b", at=after(2)),
        Search(shopper="x", query="tea", at=after(3)),
        sentiment("x", "b", 0.5, after(4)),
        View(shopper="ann", item="c", at=START),
    )

    effects = world.feed(ANN)

    ann, visitor = world.profile("ann"), world.profile("x")
    assert [fact.topic for fact in effects.facts] == [MERGES]
    assert effects.facts[0].key == "ann"
    assert touched(world, "ann") == ["c", "a", "b"]
    assert (set(ann.bought), [query.text for query in ann.queries]) == ({"b"}, ["tea"])
    assert (ann.opinions["b"].polarity, likes_of(ann.likes, ann.opinions)) == (500, {"quality": 500})
    assert ann.language == (0, "zh")
    assert (visitor.touches, visitor.queries, visitor.bought, visitor.opinions) == ([], [], {}, {})


def test_a_merge_that_comes_twice_under_another_offset_is_folded_once() -> None:
    world = World()
    world.feed(View(shopper="x", item="a", at=after(1)), sentiment("x", "a", 0.5, after(2)))
    merge = world.feed(ANN).facts[0]
    world.profile("ann").recent.clear()
    before = (list(world.profile("ann").touches), dict(world.profile("ann").opinions))

    world.fold(merge.value, offset=99, ce_id=merge.id)

    assert (world.profile("ann").touches, world.profile("ann").opinions) == before


def test_of_two_reviews_of_an_item_that_come_late_the_newer_one_counts() -> None:
    world = World()
    world.feed(View(shopper="x", item="b", at=after(1)), ANN)

    world.feed(sentiment("x", "b", 0.75, after(4)), sentiment("x", "b", 0.25, after(2)))

    ann = world.profile("ann")
    assert likes_of(ann.likes, ann.opinions) == {"quality": 750}


def test_what_the_version_before_merged_counts_as_it_did() -> None:
    world = World()
    at = int(after(2).timestamp() * 1000)

    world.feed(
        Merge(
            shopper="ann",
            anonymous="x",
            at=after(10),
            opinions=(Opinion(item="b", polarity=0.5, at=at),),
            likes={"quality": 0.5},
        )
    )

    ann = world.profile("ann")
    assert (ann.opinions["b"].polarity, likes_of(ann.likes, ann.opinions)) == (500, {"quality": 500})


def test_a_second_identification_hands_over_only_what_came_since() -> None:
    world = World()
    world.feed(View(shopper="x", item="a", at=after(1)), ANN, View(shopper="x", item="b", at=after(20)))

    effects = world.feed(Identify(anonymous="x", shopper="ann", at=after(30)))

    merge = effects.facts[0].value
    assert isinstance(merge, Merge)
    assert [touch.item for touch in merge.touches] == ["b"]
    assert touched(world, "ann") == ["a", "b"]


def test_what_a_visitor_did_before_follows_when_it_comes_late() -> None:
    world = World()
    world.feed(View(shopper="x", item="a", at=after(1)), ANN)

    world.feed(Click(shopper="x", item="b", at=after(2)), Search(shopper="x", query="tea", at=after(3)))

    assert touched(world, "ann") == ["a", "b"]
    assert [query.text for query in world.profile("ann").queries] == ["tea"]
    assert touched(world, "x") == []


def test_what_a_visitor_does_afterwards_stays() -> None:
    world = World()
    world.feed(ANN)

    effects = world.feed(View(shopper="x", item="a", at=after(11)))

    assert touched(world, "x") == ["a"]
    assert [owed.slot for owed in effects.owed] == ["home"]


def test_a_visitor_of_whom_nothing_is_known_hands_nothing_over() -> None:
    world = World()
    world.feed(ListShown(shopper="x", items=("a",), at=START))

    effects = world.feed(ANN)

    assert (effects.facts, effects.outcome) == ((), "empty")


def test_nobody_becomes_oneself() -> None:
    world = World()
    world.feed(View(shopper="x", item="a", at=START))

    effects = world.feed(Identify(anonymous="x", shopper="x", at=after(1)))

    assert effects.facts == ()
    assert touched(world, "x") == ["a"]


def test_two_who_become_each_other_come_to_rest() -> None:
    world = World()
    world.feed(View(shopper="x", item="a", at=START), ANN)

    world.feed(Identify(anonymous="ann", shopper="x", at=after(20)))

    assert (touched(world, "x"), touched(world, "ann")) == (["a"], [])
