"""Laws of sharing partitions out."""

from hypothesis import given
from hypothesis import strategies as st

from agents.engine.shares import share_out

UNITS = [("shopper", n) for n in range(8)] + [("item", n) for n in range(5)]
members = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d", "e"]),
    st.lists(st.sampled_from([*UNITS, ("gone", 1)]), unique=True),
    min_size=1,
)


@given(members)
def test_each_unit_goes_to_one_member(held: dict[str, list[tuple[str, int]]]) -> None:
    shares = share_out(UNITS, held)

    assert sorted(unit for share in shares.values() for unit in share) == sorted(UNITS)
    assert shares.keys() == held.keys()


@given(members)
def test_shares_differ_by_one_at_most(held: dict[str, list[tuple[str, int]]]) -> None:
    sizes = [len(share) for share in share_out(UNITS, held).values()]

    assert max(sizes) - min(sizes) <= 1


@given(members)
def test_a_share_that_was_given_is_given_again(held: dict[str, list[tuple[str, int]]]) -> None:
    first = share_out(UNITS, held)

    again = share_out(UNITS, first)

    assert {member: sorted(share) for member, share in again.items()} == {m: sorted(s) for m, s in first.items()}


@given(members, st.randoms())
def test_the_order_of_members_does_not_matter(held: dict[str, list[tuple[str, int]]], random: object) -> None:
    shuffled = list(held)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' Random

    assert share_out(UNITS, {member: held[member] for member in shuffled}) == share_out(UNITS, held)


def test_when_a_member_joins_the_others_keep_all_that_they_may() -> None:
    before = share_out(UNITS, {"a": [], "b": []})

    after = share_out(UNITS, {**before, "c": []})

    kept = {member: set(before[member]) & set(after[member]) for member in before}
    assert all(kept[member] == set(after[member]) for member in before)


def test_nobody_gets_nothing() -> None:
    assert share_out(UNITS, {}) == {}
