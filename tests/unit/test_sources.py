import msgspec
import pytest

from agents.settings import load
from agents.sources import SOURCES, Sources
from agents.wiring import options


def test_a_text_leaves_some_out() -> None:
    assert set(Sources()) == set(SOURCES)
    assert set(SOURCES) - Sources(" -new, -recent ,") == {"recent", "new"}
    assert repr(Sources("-new,-recent")) == "-recent,-new"  # in the declared order
    assert Sources(repr(Sources("-new,-recent"))) == Sources("-new,-recent")


def test_the_settings_reach_the_options() -> None:
    given = options(load({"VITRINE_SOURCES": "-together", "VITRINE_CROWDING": "0.5"}))

    assert "together" not in given.sources
    assert given.crowding == 0.5


@pytest.mark.parametrize("text", ["new", "-serch", "-", "-request"])  # what a page names is never left out
def test_a_wrong_source_is_a_settings_error_with_its_cure(text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="VITRINE_SOURCES: ") as refusal:
        load({"VITRINE_SOURCES": text})

    assert f"'{text}' leaves out no source; expected some of: -search, -recent, -next" in str(refusal.value)
