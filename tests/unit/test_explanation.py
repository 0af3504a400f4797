from io import StringIO

import msgspec
from rich.console import Console

from agents.inspect.explanation import Explanation, explain
from agents.inspect.explanation_text import told
from agents.shoppers.options import Options
from schemas.clicks import Click
from schemas.copy import Copy
from schemas.policies import Boost, Cap, Hide, Only, Pin, Policy
from schemas.recommendations import Decision, Recommendations
from tests.shoppers import START, World, facts

SHELF = [facts(f"l{n}", f"brass lamp {n}", category="light", price=9.5) for n in range(9)]
SHELF += [facts(f"b{n}", f"walnut board {n}", category="kitchen") for n in range(9)]


def made(
    options: Options | None = None, limit: int = 4, *policies: Policy
) -> tuple[Recommendations, Decision, list[Copy]]:
    """Return a list, what it was made from, and its copies."""
    world = World(options or Options(explore=0))
    world.stock(*SHELF)
    world.set(*policies)
    world.feed(Click(shopper="ann", item="l0", at=START))
    values = [output.value for output in world.outputs("ann", limit=limit)]
    [found] = [value for value in values if isinstance(value, Recommendations)]
    [decision] = [value for value in values if isinstance(value, Decision)]
    return found, decision, [value for value in values if isinstance(value, Copy)]


def printed(it: Explanation) -> str:
    console = Console(width=160, file=StringIO())
    with console.capture() as text:
        console.print(*told(it), sep="\n")
    return text.get()


def test_every_slot_has_the_parts_of_its_score() -> None:
    found, decision, copies = made()

    it = explain(found, decision, copies)

    assert it.sound
    assert [(one.item, one.score, one.place) for one in it.items] == [
        (slot.item, slot.score, place) for place, slot in enumerate(found.slots, 1)
    ]
    for one in it.items:
        points = [part.points for part in one.contributions]
        assert abs(sum(points) - one.score) < 1e-5
        assert [abs(value) for value in points] == sorted((abs(value) for value in points), reverse=True)
    assert it.items[0].copy is not None
    assert [one.place for one in it.next] == [None] * 5
    assert it.considered == len(SHELF)


def test_the_words_show_reason_bars_copy_and_check() -> None:
    found, decision, copies = made()

    text = printed(msgspec.structs.replace(explain(found, decision, copies), titles={"l0": "\x1b[31mlamp"}))

    assert "█" in text
    assert "rests on" in text
    assert "\\x1b[31mlamp (l0)" in text
    assert f"Checked: each of the {len(SHELF)} scores is the sum of its parts" in text


def test_a_score_that_is_not_the_sum_of_its_parts_is_found() -> None:
    found, decision, _ = made()
    wrong = msgspec.structs.replace(decision.candidates[7], score=decision.candidates[7].score + 0.000_01)
    decision = msgspec.structs.replace(decision, candidates=(*decision.candidates[:7], wrong, *decision.candidates[8:]))

    it = explain(found, decision)

    assert not it.sound
    assert it.wrong == (wrong.item,)
    assert "Wrong: 1 of 18 scores are not the sum of their parts" in printed(it)


def test_other_weights_than_recorded_do_not_check() -> None:
    found, decision, _ = made()

    it = explain(found, msgspec.structs.replace(decision, weights=decision.weights | {"category": 1.0}))

    assert it.wrong


def test_a_decision_without_its_weights_is_not_checked() -> None:
    found, decision, _ = made()
    old = msgspec.structs.replace(decision, weights={}, models=decision.models | {"score": "weights@0"})

    it = explain(found, old)

    assert not it.sound
    assert "made with weights@0 and does not say its weights" in printed(it)


def test_a_list_that_its_decision_did_not_choose_is_named() -> None:
    found, decision, _ = made()

    it = explain(msgspec.structs.replace(found, slots=found.slots[::-1]), decision)

    assert it.problem == "the list is not the one that its decision chose"


def test_without_a_decision_the_list_says_what_it_can() -> None:
    found, _, copies = made()

    it = explain(found, None, copies)

    assert not it.sound
    assert [one.item for one in it.items] == [slot.item for slot in found.slots]
    assert "no decision of this list is recorded" in printed(it)


def test_an_item_of_interest_has_its_verdict() -> None:
    found, decision, _ = made(limit=6)
    listed = found.slots[0].item
    least = min(slot.score for slot in found.slots)
    first, second, *_ = (one for one in decision.candidates if one.slot is None)
    put_aside = [msgspec.structs.replace(first, score=least + 1), msgspec.structs.replace(second, score=least - 1)]
    chosen = [one for one in decision.candidates if one.slot is not None]
    decision = msgspec.structs.replace(decision, candidates=(*chosen, *put_aside))

    verdicts = {item: explain(found, decision, item=item).verdict for item in (listed, first.item, second.item, "sofa")}

    assert {item: it.why for item, it in verdicts.items() if it} == {
        listed: "listed", first.item: "spread", second.item: "outscored", "sofa": "not_considered"
    }  # fmt: skip


def test_an_item_drawn_by_lot_is_told_as_such() -> None:
    for seed in range(20):
        found, decision, _ = made(Options(explore=1.0, seed=seed))
        it = explain(found, decision, item=found.slots[-1].item)
        if it.items[-1].rank > len(found.slots):
            assert it.items[-1].by_lot
            assert it.verdict is not None
            assert it.verdict.why == "by_lot"
            assert "drawn by lot" in printed(it)
            return
    raise AssertionError


def test_what_policies_did_is_told_of_each_item() -> None:
    found, decision, _ = made(
        None,
        4,
        Hide(policy="recall", at=START, items=("l1",)),
        Only(policy="sale", at=START, items=(*(f"l{n}" for n in range(9)), "b0", "b1", "b2")),
        Pin(policy="new", at=START, items=("b2",), slot=1),
        Cap(policy="few", at=START, categories=("light",), most=2),
        Boost(policy="more", at=START, items=("l3",), points=9),
    )
    told_of = {
        item: explain(found, decision, item=item).verdict for item in ("l1", "b8", "b2", "l3", "l8", "sofa", "b1")
    }

    assert explain(found, decision).sound
    assert [slot.item for slot in found.slots][:2] == ["l3", "b2"]
    assert {item: it.why for item, it in told_of.items() if it} == {
        "l1": "kept_out", "b8": "kept_out", "b2": "pinned", "l3": "listed", "l8": "kept_out", "sofa": "not_considered", "b1": "outscored",
    }  # fmt: skip
    words = {item: it.words for item, it in told_of.items() if it}
    assert words["l1"] == "was not considered: the policy recall hides it"
    assert words["b8"] == "was not considered: the policy sale lets only others be listed"
    assert "the policy few caps how many such items" in words["l8"]
    assert words["b2"].startswith("is at place 2, to which a policy pinned it, and ranks ")
    assert "kept out by a policy" in words["sofa"]
    assert "boost" in printed(explain(found, decision))


def test_pinned_items_do_not_lower_what_it_takes_to_be_chosen() -> None:
    far_below = Boost(policy="b", at=START, items=("b0",), points=-50)
    pinned = [Pin(policy=f"p{n}", at=START, items=(f"b{n}",), slot=n) for n in range(3)]
    found, decision, _ = made(None, 3, far_below, pinned[0])
    full, of_full, _ = made(None, 3, *pinned)
    [best, *_] = sorted((one for one in decision.candidates if one.slot is None), key=lambda one: -one.score)

    verdicts = [explain(found, decision, item=best.item).verdict, explain(full, of_full, item=best.item).verdict]

    assert [it.why for it in verdicts if it] == ["outscored", "outscored"]
    assert [it.words.endswith("every place is pinned") for it in verdicts if it] == [False, True]


def test_a_lot_for_another_slot_than_the_last_is_told_as_such() -> None:
    for seed in range(20):
        found, decision, _ = made(Options(explore=1.0, seed=seed), 4, Pin(policy="p", at=START, items=("b2",), slot=3))
        it = explain(found, decision, item=found.slots[2].item)
        if it.items[2].by_lot:
            assert it.verdict is not None
            assert "for the last slot that is not pinned" in it.verdict.words
            return
    raise AssertionError


def test_an_empty_list_says_so() -> None:
    found, decision, _ = made()

    text = printed(explain(msgspec.structs.replace(found, slots=()), msgspec.structs.replace(decision, candidates=())))

    assert "is empty: no item may be listed" in text
