"""Whether a list foresaw the next click."""

import json

from agents.replay.log import LogRecord
from agents.replay.next_clicks import PAUSE, K, NextClicks


def record(topic: str, body: object) -> LogRecord:
    return LogRecord(topic, 0, 0, 0, b"k", json.dumps(body).encode(), ())


def click(item: str, shopper: str = "s", kind: str = "view") -> LogRecord:
    return record("clicks.v1", {"kind": kind, "shopper": shopper, "item": item, "at": "2026-01-01T00:00:00Z"})


def listed(*items: str, shopper: str = "s", request: str | None = None) -> LogRecord:
    slots = [{"item": item, "source": "together" if item < "m" else "trending"} for item in items]
    return record("recommendations.v1", {"shopper": shopper, "slots": slots, "request_id": request})


def test_only_the_list_that_was_out_before_counts() -> None:
    asked = NextClicks()
    asked.ask(click("a"), 0)
    asked.take(listed("x", "b", "y"))
    asked.ask(click("b"), 1)
    asked.take(listed("c"))
    asked.take(listed("d", request="r1"))
    asked.ask(click("d"), 2)

    found = asked.result()

    assert (found.clicks, found.n, found.without_list) == (3, 2, 0)
    assert (found.hit, found.mrr) == (0.5, 0.25)
    assert found.hits_by_source == {"together": 1}
    assert found.coverage == round(4 / 3, 4)


def test_the_first_click_of_a_session_is_not_asked_for() -> None:
    asked = NextClicks()
    asked.ask(click("a"), 0)
    asked.ask(click("a"), PAUSE + 1)
    asked.ask(click("a", shopper="t"), PAUSE + 2)
    asked.ask(click("b"), PAUSE + 3)

    found = asked.result()

    assert (found.clicks, found.n, found.without_list) == (4, 1, 1)
    assert found.hit == 0


def test_what_is_no_click_on_an_item_is_passed_over() -> None:
    asked = NextClicks()
    asked.ask(click("a", kind="purchase"), 0)
    asked.ask(record("clicks.v1", {"kind": "order", "lines": []}), 1)
    asked.ask(record("searches.v1", {"text": "a"}), 2)
    asked.ask(LogRecord("clicks.v1", 0, 0, 0, b"k", b"\xff{", ()), 3)
    asked.ask(LogRecord("clicks.v1", 0, 0, 0, b"k", None, ()), 4)

    assert asked.result().clicks == 0


def test_items_behind_the_twentieth_do_not_count() -> None:
    asked = NextClicks()
    asked.ask(click("a"), 0)
    asked.take(listed(*[f"i{n}" for n in range(K)], "b"))
    asked.ask(click("b"), 1)

    assert asked.result().hit == 0


def test_the_baselines_know_the_stream_before_the_click() -> None:
    asked = NextClicks()
    for n, items in enumerate(("ab", "ab", "ab")):
        for step, item in enumerate(items):
            asked.ask(click(item, shopper=str(n)), 10 * n + step)

    found = asked.result()

    assert found.n == 3
    assert found.baseline["vsknn"].hit == round(2 / 3, 4)
    assert found.baseline["popular_last_hour"].hit == round(2 / 3, 4)
