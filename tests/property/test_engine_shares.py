"""Laws of sharing partitions out."""

from collections import Counter
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from agents.engine.shares import keep_warm, share_out

Unit = tuple[str, int]
Held = dict[str, list[list[Unit]]]

KINDS = [[("shopper", n) for n in range(8)], [("item", n) for n in range(5)], [("shop", 0)]]
UNITS = [unit for kind in KINDS for unit in kind]
NAMES = ["a", "b", "c", "d", "e"]
some_units = st.lists(st.sampled_from([*UNITS, ("gone", 1)]), unique=True)
members = st.dictionaries(st.sampled_from(NAMES), st.lists(some_units, max_size=3), min_size=1)
copies = st.integers(0, 3)


@st.composite
def groups(draw: st.DrawFn) -> Held:
    """Members as they are in life: what is in use is in use by one of them."""
    users = draw(st.lists(st.sampled_from([*NAMES, ""]), min_size=len(UNITS), max_size=len(UNITS)))
    names = draw(st.sets(st.sampled_from(NAMES), min_size=1))
    used = {name: [unit for unit, user in zip(UNITS, users, strict=True) if user == name] for name in names}
    return {name: [used[name], draw(some_units), draw(some_units)] for name in sorted(names)}


def kept(before: Held, after: dict[str, list[Unit]]) -> int:
    return sum(len(set(tiers[0]) & set(after[member])) for member, tiers in before.items() if tiers)


def in_use(shares: dict[str, list[Unit]]) -> Held:
    return {member: [share] for member, share in shares.items()}


@given(members)
def test_each_unit_goes_to_one_member(held: Held) -> None:
    shares = share_out(KINDS, held)

    assert sorted(unit for share in shares.values() for unit in share) == sorted(UNITS)
    assert shares.keys() == held.keys()


@given(members)
def test_shares_differ_by_one_at_most_in_all_and_of_each_kind(held: Held) -> None:
    shares = share_out(KINDS, held)

    for kind in (UNITS, *KINDS):
        sizes = [len(set(share) & set(kind)) for share in shares.values()]
        assert max(sizes) - min(sizes) <= 1


@given(members)
def test_a_share_that_was_given_is_given_again(held: Held) -> None:
    first = share_out(KINDS, held)

    again = share_out(KINDS, in_use(first))

    assert {member: sorted(share) for member, share in again.items()} == {m: sorted(s) for m, s in first.items()}


@given(members, copies, st.randoms())
def test_the_order_of_members_does_not_matter(held: Held, count: int, random: object) -> None:
    shuffled = list(held)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' Random
    other = {member: held[member] for member in shuffled}

    shares = share_out(KINDS, held)

    assert share_out(KINDS, other) == shares
    assert keep_warm(shares, other, count, KINDS) == keep_warm(shares, held, count, KINDS)


@given(groups())
def test_no_more_moves_of_a_single_kind_than_must(held: Held) -> None:
    least, surplus = divmod(len(UNITS), len(held))
    sizes = [len(tiers[0]) for tiers in held.values()]
    most = sum(min(size, least) for size in sizes) + min(surplus, sum(size > least for size in sizes))

    assert kept(held, share_out([UNITS], held)) == most


@given(groups())
def test_whatever_a_member_uses_of_a_kind_stays_up_to_an_equal_share(held: Held) -> None:
    shares = share_out(KINDS, held)

    for kind in KINDS:
        for member, (used, *_) in held.items():
            mine = set(used) & set(kind)
            assert len(mine & set(shares[member])) >= min(len(mine), len(kind) // len(held))


@given(groups())
def test_who_has_it_warm_comes_before_who_has_it_on_disk(held: Held) -> None:
    """Nobody takes from the disk what another has warm and has room for."""
    shares = share_out(KINDS, held)
    for member, (used, warm, _) in held.items():
        given_cold = [unit for unit in shares[member] if unit not in used and unit not in warm]
        for other, tiers in held.items():
            for kind in KINDS:
                wanted = set(given_cold) & set(tiers[1]) & set(kind) if other != member else set()
                assert not wanted or len(set(shares[other]) & set(kind)) >= len(kind) // len(held)


@given(members, copies)
def test_copies_are_never_where_the_owner_is_and_as_many_as_can_be(held: Held, count: int) -> None:
    shares = share_out(KINDS, held)

    warm = keep_warm(shares, held, count, KINDS)

    assert warm.keys() == shares.keys()
    assert not any(set(units) & set(shares[member]) for member, units in warm.items())
    assert all(len(units) == len(set(units)) for units in warm.values())
    found = Counter(unit for units in warm.values() for unit in units)
    assert all(found[unit] == min(count, len(held) - 1) for unit in UNITS)


@given(members, copies)
def test_the_copies_of_an_owner_are_spread_evenly(held: Held, count: int) -> None:
    shares = share_out(KINDS, held)

    warm = keep_warm(shares, held, count, KINDS)

    for (owner, share), kind in product(shares.items(), KINDS):
        counts = [len(set(share) & set(kind) & set(units)) for member, units in warm.items() if member != owner]
        assert not counts or max(counts) - min(counts) <= 1


@given(members, copies)
def test_copies_stay_where_they_are(held: Held, count: int) -> None:
    shares = share_out(KINDS, held)
    first = keep_warm(shares, held, count, KINDS)

    again = keep_warm(shares, {member: [shares[member], first[member]] for member in held}, count, KINDS)

    assert {member: sorted(units) for member, units in again.items()} == {m: sorted(u) for m, u in first.items()}


@given(members, st.data())
def test_whoever_dies_is_replaced_by_its_copies(held: Held, data: st.DataObject) -> None:
    """Takeover needs no restore: but for what makes shares equal, a dead member's units go to where the copies are."""
    shares = share_out(KINDS, held)
    warm = keep_warm(shares, held, 1, KINDS)
    dead = data.draw(st.sampled_from(sorted(held)))

    after = share_out(KINDS, {member: [shares[member], warm[member]] for member in held if member != dead})

    cold = [u for member, units in after.items() for u in units if u in shares[dead] and u not in warm[member]]
    assert all(len(set(cold) & set(kind)) <= max(0, len(after) - 1) for kind in KINDS)


@given(members, copies)
def test_only_members_that_can_keep_copies(held: Held, count: int) -> None:
    """A member of the version before keeps none, and what it owns is kept by others."""
    shares = share_out(KINDS, held)
    old = min(held)

    warm = keep_warm(shares, {member: tiers for member, tiers in held.items() if member != old}, count, KINDS[:1])

    assert not warm[old]
    assert {unit for units in warm.values() for unit in units} <= set(UNITS[:8])


def test_when_a_member_joins_the_others_keep_all_that_they_may() -> None:
    before = share_out(KINDS, {"a": [], "b": []})

    after = share_out(KINDS, {**in_use(before), "c": []})

    found = {member: set(before[member]) & set(after[member]) for member in before}
    assert all(found[member] == set(after[member]) for member in before)


def test_nobody_gets_nothing() -> None:
    assert share_out(KINDS, {}) == {}
    assert keep_warm({}, {}, 1, KINDS) == {}
