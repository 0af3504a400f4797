import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from agents.replay.difference import Difference, compare
from agents.replay.difference_text import told
from agents.replay.errors import LogError
from agents.replay.lists_moved import ListsMoved, overlap, places
from agents.replay.log import LogRecord, created, encode
from agents.replay.texts_changed import words_changed
from schemas.recommendations import Reason, Slot

AT = "2026-01-05T12:00:00Z"


def slot(item: str, score: float = 1.0, source: str = "new") -> dict[str, Any]:
    return {"item": item, "score": score, "source": source, "propensity": 1.0, "reason": {"code": source, "text": {}}}


def a_list(items: Sequence[str], shopper: str = "ann", revision: int = 1, **more: Any) -> LogRecord:
    body = {
        "recommendation_id": f"{shopper}-{revision}-{more.get('epoch', 0)}", "shopper": shopper, "placement": "home", "epoch": 0,
        "revision": revision, "at": AT, "valid_until": AT, "slots": [slot(item) for item in items], "models": {}, "view": 1,
    }  # fmt: skip
    return record("recommendations.v1", body | more, key=shopper, ce_id=f"{shopper}/{revision}/{more.get('epoch', 0)}")


def record(topic: str, body: Any, *, key: str = "ann", ce_id: str = "", offset: int = 0) -> LogRecord:
    headers = (("ce_id", ce_id.encode()),) if ce_id else ()
    return LogRecord(topic, 0, offset, 1, key.encode(), json.dumps(body).encode(), headers)


def decision(of: LogRecord, features: dict[str, dict[str, float]], weights: dict[str, float]) -> LogRecord:
    body = json.loads(of.value or b"")
    kept = {
        name: body[name]
        for name in ("recommendation_id", "shopper", "placement", "epoch", "revision", "at", "models", "view")
    }
    candidates = [{"item": item, "source": "new", "score": 0, "features": it} for item, it in features.items()]
    return record("decisions.v1", kept | {"candidates": candidates, "weights": weights}, ce_id=f"d{body['revision']}")


def card(item: str, title: str) -> LogRecord:
    facts = {"item": item, "title": {"zh": "标题", "en": title}, "at": AT}
    return record("item-cards.v1", {"item": item, "revision": 1, "at": AT, "facts": facts}, key=item)


def sentiment(review: str, polarity: float, label: str) -> LogRecord:
    body = {
        "shopper": "ann", "item": "lamp", "review_id": review, "at": AT, "polarity": polarity, "label": label,
        "probability": 0.9, "language": "en", "model": "m@1",
    }  # fmt: skip
    return record("sentiments.v1", body, ce_id=review)


def copy(text: str, item: str = "lamp") -> LogRecord:
    body = {
        "copy_id": "c", "shopper": "ann", "item": item, "placement": "home", "epoch": 0, "revision": 1, "at": AT,
        "valid_until": AT, "text": {"en": text}, "claims": [], "writer": "phrases@1",
    }  # fmt: skip
    return record("copy.v1", body, ce_id=item)


def difference(folder: Path, old: Sequence[LogRecord], new: Sequence[LogRecord], **options: Any) -> Difference:
    for name, records in (("old", old), ("new", new)):
        with created(folder / name) as file:
            file.writelines(map(encode, records))
    found = Difference()
    compare(folder / "old", folder / "new", found, **options)
    return found


def counts(found: Difference, topic: str) -> tuple[int, int, int, int]:
    it = found.topics[topic]
    return it.equal, it.changed, it.only_old, it.only_new


def printed(found: Difference) -> str:
    console = Console(width=160, file=StringIO())
    with console.capture() as text:
        console.print(*told(found, "old", "new"), sep="\n")
    return text.get()


def test_the_same_records_do_not_differ_whatever_their_order(tmp_path: Path) -> None:
    records = [a_list(["a"]), a_list(["b"], "bob"), copy("good")]

    same, turned = difference(tmp_path, records, records), difference(tmp_path, records, records[::-1])

    assert same.equal
    assert turned.equal
    assert counts(turned, "recommendations.v1") == (2, 0, 0, 0)
    assert "No difference: all 3 records are the same." in printed(turned)


def test_what_only_one_has_is_counted_and_does_not_shift_the_rest(tmp_path: Path) -> None:
    many = [a_list(["a"], revision=n) for n in range(9)]

    found = difference(tmp_path, many[1:], [*many[:4], *many[5:]])

    assert not found.equal
    assert counts(found, "recommendations.v1") == (7, 0, 1, 1)


def test_lists_of_two_epochs_are_the_same_list(tmp_path: Path) -> None:
    found = difference(tmp_path, [a_list(["a", "b"], epoch=0)], [a_list(["a", "b"], epoch=7)])

    assert counts(found, "recommendations.v1") == (0, 1, 0, 0)
    assert (found.lists.reordered, found.lists.rescored) == (0, 0)
    assert set(found.fields["recommendations.v1"]) == {"epoch", "recommendation_id"}


def test_facts_belong_together_by_their_id_and_others_by_their_place(tmp_path: Path) -> None:
    old = [record("pairs.v1", {"n": 1}, ce_id="x", offset=5), record("clicks.v1", {"n": 1}, offset=3)]
    new = [record("pairs.v1", {"n": 2}, ce_id="x", offset=9), record("clicks.v1", {"n": 1}, offset=4)]

    found = difference(tmp_path, old, new)

    assert counts(found, "pairs.v1") == (0, 1, 0, 0)
    assert counts(found, "clicks.v1") == (0, 0, 1, 1)


def test_records_of_one_identity_belong_together_one_by_one(tmp_path: Path) -> None:
    found = difference(tmp_path, [a_list(["a"]), a_list(["a"])], [a_list(["a"])])

    assert counts(found, "recommendations.v1") == (1, 0, 1, 0)


def test_a_dead_letter_is_known_by_the_place_of_its_record(tmp_path: Path) -> None:
    def letter(reason: bytes, offset: int) -> LogRecord:
        place = (("topic", b"clicks.v1"), ("partition", b"0"), ("offset", b"7"), ("reason", reason))
        headers = tuple((f"__dlq.errors.{name}", value) for name, value in place)
        return LogRecord("dlq.clicks.v1", 0, offset, 1, b"ann", b"\xff", headers)

    found = difference(tmp_path, [letter(b"invalid", 0)], [letter(b"invalid", 1)])

    assert found.equal


def test_movement_is_summed_up_over_lists(tmp_path: Path) -> None:
    old = [card("a", "Lamp"), a_list(["a", "b", "c"]), a_list(["a", "b"], "bob"), a_list(["a"], "cid")]
    new = [
        card("a", "Lamp"),
        a_list(["b", "a", "d"]),
        a_list(["a", "b"], "bob"),
        a_list(["a"], "cid", models={"score": "2"}),
    ]

    found = difference(tmp_path, old, new)

    lists = found.lists.summary(5)
    assert (lists["reordered"], lists["first_changed"], lists["rescored"]) == (1, 1, 0)
    assert lists["mean_overlap_at_10"] == 0.6667
    assert lists["mean_places_moved"] == 1.0
    assert [(item, it.places) for item, it in lists["gained"].items()] == [("b", 1), ("d", 1)]
    assert [(item, it.places) for item, it in lists["lost"].items()] == [("c", -1), ("a", -1)]
    assert found.titles == {"a": "Lamp"}
    assert "Lamp (a)" in printed(found)


def test_another_score_in_the_same_order_is_no_movement(tmp_path: Path) -> None:
    found = difference(tmp_path, [a_list(["a"])], [a_list([], slots=[slot("a", 2.0, "search")])])

    assert (found.lists.reordered, found.lists.rescored, found.lists.examples) == (0, 1, [])
    assert found.lists.summary(1)["sources"] == {"new": {"before": 1, "after": 0}, "search": {"before": 0, "after": 1}}


def test_examples_are_the_first_of_each_shopper_and_say_what_moved_their_items(tmp_path: Path) -> None:
    old, new = ([a_list(items), a_list(items, revision=2)] for items in (["a", "b"], ["b", "a"]))
    features = {"a": {"interest": 1.0, "category": 0.5}, "b": {"interest": 0.5}}
    old.insert(1, decision(old[0], features, {"interest": 1.0, "category": 2.0}))
    new.insert(1, decision(new[0], features, {"interest": 1.5, "category": 0.0}))

    found = difference(tmp_path, old, new)

    [example] = found.lists.examples
    assert example.new.revision == 1
    assert example.why == {"a": [("category", -1.0), ("interest", 0.5)], "b": [("interest", 0.25)]}
    assert found.weights == {"interest": (1.0, 1.5), "category": (2.0, 0.0)}
    assert "category -1.00, interest +0.50" in printed(found)
    assert "weights: interest 1 → 1.5, category 2 → 0" in printed(found)


def test_versions_that_differ_are_named(tmp_path: Path) -> None:
    found = difference(
        tmp_path, [a_list(["a"], models={"score": "weights@1"})], [a_list(["a"], models={"score": "weights@2"})]
    )

    assert "made with: score weights@1 → weights@2" in printed(found)


def test_a_changed_copy_shows_what_went_and_what_came(tmp_path: Path) -> None:
    found = difference(tmp_path, [copy("A good lamp")], [copy("A bad lamp")])

    assert found.copies.changed == 1
    assert "A [-good -]{+bad +}lamp" in printed(found)


@pytest.mark.parametrize(
    ("old", "new", "stretches"),
    [
        ("a good lamp", "a bad lamp", [("same", "a "), ("gone", "good "), ("came", "bad "), ("same", "lamp")]),
        ("橡木制成", "榉木制成", [("gone", "橡"), ("came", "榉"), ("same", "木制成")]),
        ("", "new", [("came", "new")]),
        ("same", "same", [("same", "same")]),
    ],
)
def test_texts_are_compared_by_words_or_characters(old: str, new: str, stretches: list[tuple[str, str]]) -> None:
    assert words_changed(old, new) == stretches


def test_reviews_that_are_judged_otherwise_are_told_the_furthest_first(tmp_path: Path) -> None:
    old = [sentiment("r1", 0.5, "positive"), sentiment("r2", 0.5, "positive"), sentiment("r3", 0.1, "neutral")]
    new = [sentiment("r1", 0.4, "positive"), sentiment("r2", -0.5, "negative"), sentiment("r3", 0.1, "neutral")]

    found = difference(tmp_path, old, new)

    assert found.sentiments.summary()["polarity_changed"] == 2
    assert [it.old.review_id for it in found.sentiments.examples] == ["r2", "r1"]
    assert "positive → negative: 1" in printed(found)


def test_only_some_topics_can_be_compared(tmp_path: Path) -> None:
    found = difference(tmp_path, [a_list(["a"]), copy("x")], [a_list(["b"]), copy("x")], only=["copy.v1"])

    assert found.equal
    assert set(found.topics) == {"copy.v1"}


def test_a_prefix_is_no_difference(tmp_path: Path) -> None:
    it = a_list(["a"])
    prefixed = msgspec.structs.replace(it, topic="shop." + it.topic)

    assert difference(tmp_path, [it], [prefixed], prefix="shop.").equal


def test_outputs_of_other_events_are_named_as_such(tmp_path: Path) -> None:
    old, new = ([a_list(["a"], shopper, revision=n) for n in range(5)] for shopper in ("ann", "bob"))

    [warning] = difference(tmp_path, [*old, copy("x")], new).warnings()

    assert "only 0 of 5 records of recommendations.v1 are in both" in warning


def test_a_topic_that_only_one_has_is_named(tmp_path: Path) -> None:
    [warning] = difference(tmp_path, [a_list(["a"]), copy("x")], [a_list(["a"])]).warnings()

    assert "copy.v1 is in the old one only" in warning


def test_states_are_compared_by_processor_and_key(tmp_path: Path) -> None:
    for name, revision in (("old", 1), ("new", 2)):
        lines = [
            {"key": key, "processor": "shoppers", "state": {"revision": revision if key == "ann" else 0}}
            for key in ("ann", "bob")
        ]
        (tmp_path / name).write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    found = Difference()

    compare(tmp_path / "old", tmp_path / "new", found)

    assert counts(found, "states of shoppers") == (1, 1, 0, 0)
    assert found.fields["states of shoppers"] == {"revision": 1}


def test_records_that_are_no_json_differ_and_stop_nothing(tmp_path: Path) -> None:
    def bad(value: bytes) -> LogRecord:
        return LogRecord("recommendations.v1", 0, 0, 1, b"ann", value)

    found = difference(tmp_path, [bad(b"\xff")], [bad(b"{}")])

    assert counts(found, "recommendations.v1") == (0, 1, 0, 0)
    assert found.fields["recommendations.v1"] == {"(unreadable)": 1}


def test_a_file_that_is_no_log_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("nonsense\n")
    (tmp_path / "new").write_text("")

    with pytest.raises(LogError, match="old:1: not a record"):
        compare(tmp_path / "old", tmp_path / "new", Difference())


def test_places_count_what_left_and_what_came() -> None:
    def slots(*items: str) -> list[Slot]:
        return [
            Slot(item=item, score=1, source="new", propensity=1, reason=Reason(code="new", text={})) for item in items
        ]

    moved = [(it.item, it.before, it.after) for it in places(slots("a", "b"), slots("b", "c"))]

    assert moved == [("b", 1, 0), ("c", None, 1), ("a", 0, None)]
    assert overlap(slots("a", "b"), slots("b", "c")) == 0.5
    assert overlap([], []) == 1.0
    assert ListsMoved(1).summary(1)["mean_overlap_at_10"] is None
