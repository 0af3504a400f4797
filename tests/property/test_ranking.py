"""The order of a ranking is that of sorting, whatever was put and dropped, and a reader's view of it stays sorted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.shoppers import ranking
from agents.shoppers.ranking import Ranking

ITEMS = st.integers(0, 60).map(str)
KEYS = st.integers(-5, 5).map(float)
CHANGES = st.lists(st.tuples(ITEMS, KEYS | st.none()), max_size=200)


@given(CHANGES, st.integers(0, 70), st.integers(0, 70))
def test_a_ranking_is_what_sorting_makes_of_the_newest_keys(
    changes: list[tuple[str, float | None]], count: int, start: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "CHUNK", 3)
        found, keys = Ranking(), dict[str, float]()
        for item, key in changes:
            if key is None:
                found.drop(item)
                keys.pop(item, None)
            else:
                found.put(item, key)
                keys[item] = key

            assert all(chunk for chunk in found._chunks) or found._chunks == [[]]
            assert max(map(len, found._chunks)) <= 6

    expected = sorted(keys, key=lambda item: (-keys[item], item))
    assert len(found) == len(expected)
    assert found.top(count, start) == tuple(expected[start : start + count])
    assert found.among([*"123", "1", "none"]) == tuple(item for item in expected if item in {"1", "2", "3"})
