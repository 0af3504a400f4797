"""A state's layout changes only so that this version and the one before read each other's, or the format is raised."""

from typing import Any, Literal, NamedTuple

import msgspec
import pytest

from agents.wiring import FOLDERS
from tests import layouts
from tests.layouts import layout, why_not


class Pair(NamedTuple):
    at: int
    item: str


class Longer(NamedTuple):
    at: int
    item: str
    more: int = 0


def struct(*fields: Any, in_order: bool = True) -> Any:
    return layout(msgspec.defstruct("Any", fields, array_like=in_order))


OLD: tuple[Any, ...] = (("at", int), ("name", str, ""), ("pairs", list[Pair], msgspec.field(default_factory=list)))


@pytest.mark.parametrize("folder", layouts.FOLDERS)
def test_states_lie_as_in_the_first_version_of_their_format(folder: Any) -> None:
    formats = layouts.pinned()[folder.name]

    assert list(map(int, formats)) == list(range(1, folder.state.format + 1)), (
        "pin the new one: python -m tests.layouts"
    )
    reason = why_not(formats[str(folder.state.format)], layout(folder.state))
    assert reason is None, f"{reason}: raise {folder.state.__name__}.format, and pin it: python -m tests.layouts"


def test_every_processor_that_keeps_states_is_pinned() -> None:
    assert {it.name for it in layouts.FOLDERS} == set(FOLDERS) == set(layouts.pinned())


@pytest.mark.parametrize(
    "new",
    [
        OLD,
        (*OLD, ("more", dict[str, int], msgspec.field(default_factory=dict))),
    ],
)
def test_what_stays_or_is_appended_with_a_default_can_be_read(new: Any) -> None:
    assert why_not(struct(*OLD), struct(*new)) is None


@pytest.mark.parametrize(
    ("new", "where"),
    [
        (OLD[:2], "$.pairs: gone, renamed or moved"),
        ((OLD[0], ("title", str, ""), OLD[2]), "$.name: gone, renamed or moved"),
        ((OLD[0], OLD[2], OLD[1]), "$.name: gone, renamed or moved"),
        ((("at", float), *OLD[1:]), "$.at: was IntType, is FloatType"),
        ((OLD[0], ("name", str | None, ""), OLD[2]), "$.name: was StrType, is ['union', 'NoneType', 'StrType']"),
        ((*OLD[:2], ("pairs", list[Longer], msgspec.field(default_factory=list))), "$.pairs[].more: new, and in a tuple"),
        ((*OLD[:2], ("pairs", dict[str, Pair], msgspec.field(default_factory=dict))), "$.pairs: was"),
    ],
)  # fmt: skip
def test_what_moves_goes_or_gets_another_type_cannot(new: Any, where: str) -> None:
    assert (why_not(struct(*OLD), struct(*new)) or "").startswith(where)


def test_fields_by_name_may_be_added_with_a_default_only() -> None:
    old = struct(("item", str), in_order=False)

    assert why_not(old, struct(("item", str), ("price", float, 0.0), in_order=False)) is None
    assert (
        why_not(old, struct(("price", float), ("item", str), in_order=False)) == "$.price: new, and without a default"
    )
    assert why_not(old, struct(("item", str))) == "$: fields went by name and go by position"


def test_a_literal_may_not_grow_because_the_version_before_knows_no_more() -> None:
    assert why_not(layout(Literal["en", "zh"]), layout(Literal["de", "en", "zh"])) is not None
