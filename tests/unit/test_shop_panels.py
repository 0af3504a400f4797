# ruff: noqa: RUF001  Chinese punctuation is what is tested
"""Lines of an exact width, and what the panels say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from agents.shop.groups import Group, Tally
from agents.shop.meter import Batches, Reading
from agents.shop.panels.ink import Cell, bar, beside, boxed, fit, ms, row, spark, wrap
from agents.shop.panels.machine import brief, machine
from agents.shop.panels.worth import beaten, worth

TEXTS = st.text(st.sampled_from("ab cé护肤，。“”→█🎧\n\x1b"), max_size=60)


@given(text=TEXTS, width=st.integers(0, 50))
def test_a_fitted_text_has_its_width(text: str, width: int) -> None:
    assert fit(Text(text), width).cell_len == width


@given(texts=st.lists(st.tuples(TEXTS, st.integers(0, 30), st.booleans()), min_size=1, max_size=5))
def test_a_row_is_as_wide_as_its_cells_and_the_spaces_between(texts: list[tuple[str, int, bool]]) -> None:
    wide = [width for _, width, _ in texts if width]

    assert row(*(Cell(*it) for it in texts)).cell_len == sum(wide) + max(0, len(wide) - 1)


@given(title=TEXTS, texts=st.lists(TEXTS, max_size=8), width=st.integers(8, 60), height=st.integers(2, 10))
def test_a_box_has_its_size(title: str, texts: list[str], width: int, height: int) -> None:
    lines = boxed(title, [Text(it) for it in texts], width, height)

    assert {it.cell_len for it in lines} == {width}
    assert len(lines) == height


@given(text=TEXTS, width=st.integers(4, 40))
def test_wrapped_text_fits_and_loses_nothing_but_spaces(text: str, width: int) -> None:
    lines = wrap(text, width)

    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(it) <= width or " " not in it for it in lines)


def test_chinese_is_broken_between_characters_and_no_line_begins_with_a_comma() -> None:
    assert wrap("厚实稳重，不伤刀刃", 8) == ["厚实稳", "重，不伤", "刀刃"]


def test_columns_stand_beside_each_other() -> None:
    assert [it.plain for it in beside([Text("a")], [Text("b"), Text("c")], 3)] == ["a   b", "    c"]


@pytest.mark.parametrize(
    ("share", "drawn"), [(0, ""), (0.001, "▏"), (0.5, "██"), (0.53, "██▏"), (1, "████"), (7, "████"), (-1, "")]
)
def test_a_bar_is_as_long_as_its_share(share: float, drawn: str) -> None:
    assert bar(share, 4) == drawn


def test_a_spark_has_gaps_and_the_newest_values_at_the_right() -> None:
    assert spark([9.0, None, 0.0, 4.0], 3) == " ▁▇"
    assert spark([1.0], 4) == "   ▇"
    assert spark([], 2) == "  "
    assert spark([None, None], 2) == "  "


def test_one_value_out_of_many_does_not_flatten_the_others() -> None:
    assert spark([5.0] * 39 + [5_000.0], 40) == "▇" * 39 + "█"


def test_times_are_written_for_people() -> None:
    assert [ms(None), ms(0.0123), ms(2.34)] == ["-", "12 ms", "2.3 s"]


def test_what_may_be_chance_is_called_so() -> None:
    own = Tally(slots=1_000, clicks=120)

    assert (
        beaten(own, Tally(slots=1_000, clicks=118), "theirs")
        == "1.0 times as often as theirs, perhaps by chance (z +0.1)"
    )
    assert "hardly by chance" in beaten(own, Tally(slots=1_000, clicks=92), "theirs")
    assert "not by chance" in beaten(own, Tally(slots=1_000, clicks=70), "theirs")
    assert "0.8 times" in beaten(own, Tally(slots=1_000, clicks=150), "theirs")
    assert beaten(own, Tally(), "theirs") == "too seldom yet to compare with theirs"


@pytest.mark.parametrize("width", [50, 80, 120])
@pytest.mark.parametrize("height", [3, 5, 7])
def test_clicks_of_groups_fit(width: int, height: int) -> None:
    tallies: dict[Group, Tally] = {
        "personal": Tally(123_456, 14_321),
        "popular": Tally(123_456, 4_321),
        "shuffled": Tally(5, 0),
    }

    lines = worth(tallies, width, height)

    assert len(lines) <= height
    if width >= 80:
        assert max(it.cell_len for it in lines) <= width


def test_a_worker_that_was_not_read_is_no_worker_that_does_nothing() -> None:
    assert "once a second" in brief([], 80).plain
    assert "once a second" in machine([], {}, 80)[0].plain
    assert "no call just now" in brief([Reading()], 80).plain


def test_calls_of_a_while_ago_are_not_forgotten() -> None:
    before = Reading({"reviews": Batches(3, 2, 0.02, 0.3)})

    text = "\n".join(it.plain for it in machine([before, Reading()], {}, 100))

    assert "reviews         0.0      2.0    20 ms   300 ms" in text


def test_the_worker_s_calls_lag_and_models_are_shown() -> None:
    readings = [Reading({"shoppers": Batches(20, 1.5, 0.012, 0.034)}, 12, 3, 4)]

    text = "\n".join(it.plain for it in machine(readings, {"words": "phrases@1"}, 100))

    for word in (
        "lists          20.0      1.5    12 ms    34 ms",
        "lag 12 records, 3 owed, 4 lists shed",
        "words phrases@1",
    ):
        assert word in text
