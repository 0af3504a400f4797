"""What a worker exports: names, series that exist beforehand, what lists are counted as, lag that does not outlive its owner."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from agents.engine.delivery import Delivery, Load
from agents.engine.topics import read_by
from agents.metrics import REASONS, Metrics
from agents.processor import Stage
from agents.settings import Settings
from agents.shoppers.options import Options
from agents.shoppers.tally import TALLIES
from agents.wiring import stages
from schemas.clicks import Click, ListShown
from tests.doubles import MODELS
from tests.shoppers import START, World, facts

AGENTS = Path(__file__).parents[2] / "agents"
STAGES = stages(Settings(), MODELS)


def metrics(*declared: Stage) -> Metrics:
    made = Metrics(CollectorRegistry())
    for stage in declared:
        made.declare(stage, read_by(stage))
    return made


def samples(of: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """Return the values of one series name by the values of its labels."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in of.registry.collect()
        for sample in family.samples
        if sample.name == name
    }


def rejections() -> Iterator[tuple[str, str]]:
    """Yield stage and reason of every refusal in the code."""
    for path in AGENTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Rejection":
                stage, reason = (ast.literal_eval(argument) for argument in node.args[:2])
                yield stage, reason


def test_names_follow_the_practices_of_prometheus() -> None:
    families = list(metrics(*STAGES).registry.collect())

    assert len(families) > 30
    for family in families:
        assert re.fullmatch(r"vitrine_[a-z]+(_[a-z]+)*", family.name), family.name
        assert family.documentation.endswith("."), family.name
        assert not family.name.endswith(("_total", "_count", "_sum", "_ms", "_info")), family.name
        if family.type == "histogram":
            assert family.name.endswith(("_seconds", "_size", "_slots", "_categories")), family.name


def test_every_reason_of_a_dead_letter_is_declared() -> None:
    declared = {(stage, reason) for stage, reasons in REASONS.items() for reason in reasons}

    assert set(rejections()) == declared


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_the_series_of_a_processor_exist_before_anything_happens(stage: Stage) -> None:
    made = metrics(stage)

    events = samples(made, "vitrine_events_total")
    assert {(stage.name, topic.name, "folded") for topic in read_by(stage)} <= events.keys()
    assert set(samples(made, "vitrine_outputs_total")) >= {(topic.name,) for topic in stage.outputs}
    assert samples(made, "vitrine_shed_total") == {(stage.name,): 0}
    assert samples(made, "vitrine_batch_size_count") == {(stage.name,): 0}
    assert len(samples(made, "vitrine_dead_letters_total")) == 7 * len(read_by(stage))


def test_the_labels_of_lists_exist_before_the_first_list() -> None:
    made = metrics(*STAGES)

    assert samples(made, "vitrine_lists_total") == {
        ("shoppers", basis): 0 for basis in ("personal", "fallback", "request", "empty", "other")
    }
    assert samples(made, "vitrine_slots_total").keys() >= {("shoppers", source) for source in TALLIES["slots"]}


def test_a_label_that_nobody_declared_makes_no_series() -> None:
    made = metrics(*STAGES)
    before = samples(made, "vitrine_slots_total").keys()

    made.tally("shoppers", [("slots", f"surprise {n}", 2) for n in range(50)])

    after = samples(made, "vitrine_slots_total")
    assert after.keys() == before
    assert after["shoppers", "other"] == 100


def world(*items: str, **card: Any) -> World:
    made = World()
    made.stock(*(facts(item, f"brass lamp {item}", category="light") for item in items), **card)
    return made


def test_a_list_for_somebody_unknown_is_a_fallback() -> None:
    counted = world("a", "b", views=9, heat=9.0).counted("nobody")

    assert ("lists", "fallback", 1) in counted
    assert ("list_slots", "", 2) in counted
    assert ("slots", "trending", 2) in counted
    assert ("copies", "made", 2) in counted


def test_one_slot_that_knows_the_shopper_makes_a_list_personal() -> None:
    shop = world("a", "b", "c", views=9, heat=9.0)
    shop.feed(Click(shopper="ann", item="a", at=START))

    counted = shop.counted("ann")

    assert ("lists", "personal", 1) in counted


def test_a_list_of_items_that_the_page_named_is_neither() -> None:
    counted = world("a", "b").counted("ann", candidates=("a", "b"))

    assert ("lists", "request", 1) in counted
    assert ("slots", "request", 2) in counted


def test_an_empty_list_misses_no_words() -> None:
    counted = World().counted("ann")

    assert {name for name, _, number in counted if number} == {"lists"}
    assert ("lists", "empty", 1) in counted


def test_top_slots_without_words_are_missing() -> None:
    shop = world("a", "b", "c", "d")
    outputs = shop.outputs("ann")
    copies = [output for output in outputs if output.topic.name == "copy.v1"]
    assert len(copies) == 3

    counted = list(shop.folder.tally(shop.job("ann"), [output for output in outputs if output not in copies[1:]]))

    assert ("copies", "made", 1) in counted
    assert ("copies", "missing", 2) in counted


def test_what_was_drawn_by_lot_or_seen_before_is_marked() -> None:
    shop = World(Options(explore=0.4))
    shop.stock(*(facts(item, f"lamp {item}", category=f"of {item in 'abc'}") for item in "abcdef"))
    shop.feed(ListShown(shopper="ann", at=START, items=("a", "b", "gone")))

    first, again = shop.counted("ann", limit=5), shop.counted("bob", limit=5)

    explored = sum(("marks", "explored", 1) in shop.counted(f"shopper {n}", limit=5) for n in range(100))
    marks = {label: number for name, label, number in first if name == "marks"}
    listed = {slot.item for slot in shop.recommend("ann", limit=5).slots}
    assert marks["repeated"] == len(listed & {"a", "b"})
    assert 8 < explored < 35  # a fifth: half of what is drawn from two is what would have been there
    assert ("categories", "", 2) in first
    assert ("marks", "repeated", 0) in again
    assert ("items", "known", 6) in first


def test_items_that_were_listed_are_counted_once() -> None:
    shop = world("a", "b", "c", "d", views=9, heat=9.0)

    found = [
        {label: number for name, label, number in shop.counted(who, candidates=named) if name == "items"}
        for who, named in (("ann", "ab"), ("bob", "bc"))
    ]

    assert found == [{"listed": 2, "known": 4}, {"listed": 3, "known": 4}]


def test_a_gauge_is_set_to_what_was_counted() -> None:
    made = metrics(*STAGES)

    made.tally("shoppers", [("items", "known", 7)])
    made.tally("shoppers", [("items", "known", 5)])

    assert samples(made, "vitrine_items")["shoppers", "known"] == 5


def test_what_is_counted_is_what_is_declared() -> None:
    shop = world("a", "b", "c", views=9, heat=9.0)
    shop.feed(Click(shopper="ann", item="a", at=START))
    counted = [*shop.counted("ann"), *shop.counted("bob"), *shop.counted("eve", candidates=("a",))]

    assert {name for name, _, _ in counted} <= TALLIES.keys()
    assert all(label in (TALLIES[name] or ("",)) for name, label, _ in counted)


def test_a_model_that_had_to_fall_back_says_so() -> None:
    made = metrics()

    made.model("embedder", version="a@1", provider="cpu", wanted="cuda")
    made.model("sentiment", version="b@1", provider="cuda", wanted="cuda")
    made.model("interest", version="c@1", provider="cpu", wanted="auto")

    assert samples(made, "vitrine_model_fallback") == {("embedder",): 1, ("sentiment",): 0, ("interest",): 0}
    assert ("embedder", "a@1", "cpu", "cuda") in samples(made, "vitrine_model_info")


def test_the_oldest_record_that_is_not_committed_is_known_by_its_time() -> None:
    delivery = Delivery(1_000, Load(1_000, 1 << 20))
    for partition in delivery.assign([("a", 0), ("a", 1)]).values():
        delivery.open(partition, 0)
    delivery.skip(("a", 0), 0, 2)  # control records have no time
    first = delivery.deliver(("a", 0), 2, 5, 3, 1, 7_000)
    delivery.deliver(("a", 0), 5, 6, 1, 1, 9_000)
    assert first is not None

    assert delivery.oldest() == {("a", 0): 7_000}
    delivery.committed(first.partition, 5)
    assert delivery.oldest() == {("a", 0): 9_000}
    delivery.committed(first.partition, 6)
    assert delivery.oldest() == {}


def engine(made: Metrics, delivery: Delivery) -> Any:
    """An engine's numbers, without its parts."""
    from agents.engine.engine import Engine  # noqa: PLC0415  Faust, which the other tests do not need
    from agents.engine.reporting import Report  # noqa: PLC0415  the same

    bare: Any = Engine.__new__(Engine)
    bare.metrics, bare.delivery, bare._clear_owed = made, delivery, lambda: None
    bare._report = Report([], delivery, {"a": "a"}, made)
    return bare


def test_lag_is_told_in_records_and_seconds_and_disappears_with_its_partition() -> None:
    made = metrics()
    bare = engine(made, Delivery(1_000, Load(1_000, 1 << 20)))
    (partition,) = bare.begin_assignment([("a", 3)])
    bare.delivery.open(partition, 10)
    bare.delivery.deliver(("a", 3), 10, 12, 2, 1, 1_000)
    bare.note_ends({("a", 3): 15})

    bare.report()

    assert samples(made, "vitrine_lag_records") == {("a", "3"): 5}
    assert samples(made, "vitrine_lag_seconds")["a", "3"] > 1e9  # the record is of 1970
    bare.begin_assignment([("a", 4)])
    bare.report()
    assert samples(made, "vitrine_lag_records") == {}
    assert samples(made, "vitrine_lag_seconds") == {}
