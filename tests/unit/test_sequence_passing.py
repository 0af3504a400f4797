"""The lists that a stream is measured against."""

import math
from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from models.sequence.passing import HOUR, NEAREST, RARITY, LastHour, Sessions


def test_the_last_hour_forgets() -> None:
    hour = LastHour()
    for item, at in (("old", 0), ("old", 1), ("new", HOUR // 2), ("also", HOUR // 2)):
        hour.learn(item, at)

    assert hour.top(2, HOUR - 1) == ["old", "also"]
    assert hour.top(9, HOUR + 1) == ["also", "new"]
    assert hour.top(9, 2 * HOUR) == []


def test_what_sessions_like_this_one_took_comes_first() -> None:
    known = Sessions()
    for session, items in (("1", "abc"), ("2", "abd"), ("3", "xy"), ("4", "xy")):
        for item in items:
            known.learn(session, item)
    known.learn("me", "a")
    known.learn("me", "b")

    assert known.top("me", 9)[:2] in (["c", "d"], ["d", "c"])
    assert "x" not in known.top("me", 9)
    assert known.top("nobody", 9) == []


@given(st.lists(st.tuples(st.sampled_from("pqrst"), st.sampled_from("abcde")), max_size=30))
@settings(max_examples=50)
def test_scores_are_those_of_a_plain_reading_of_the_paper(events: list[tuple[str, str]]) -> None:
    known = Sessions()
    sessions: dict[str, list[str]] = {}
    for session, item in events:
        known.learn(session, item)
        sessions.setdefault(session, []).append(item)

    for session, own in sessions.items():
        place = {item: n for n, item in enumerate(own, 1)}
        others = [other for name, other in sessions.items() if name != session and set(other) & set(own)]
        assert len(others) <= NEAREST
        having = Counter(item for items in sessions.values() for item in set(items))
        scores: Counter[str] = Counter()
        for other in others:
            likeness = sum((place[item] / len(own)) ** 2 for item in set(other) & set(own)) / len(set(own))
            back = min(len(own) - place[item] + 1 for item in set(other) & set(own))
            for item in set(other):
                rare = math.log(len(sessions) / having[item])
                scores[item] += likeness / back**2 * (1 + RARITY * rare)  # type: ignore[assignment]
        found = known.top(session, 9)
        assert len(found) == len(scores)
        values = [scores[item] for item in found]
        assert all(before >= after - 1e-9 for before, after in pairwise(values))
