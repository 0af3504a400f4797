"""Who gets which partitions, and who keeps a warm copy of which, decided as arithmetic."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import TypeVar

U = TypeVar("U", bound=Hashable)

Held = Mapping[str, Sequence[Sequence[U]]]
"""Member to the units whose state it has, in tiers: what is nearest to being usable first."""


def share_out(kinds: Iterable[Sequence[U]], held: Held[U]) -> dict[str, list[U]]:
    """Give each unit to one member, where it is held if that can be.

    Of the units of each of *kinds* every member gets equally many (some one more), for one kind may be most of the work;
    so it does of all together.  The same arguments give the same shares.
    """
    shares: dict[str, list[U]] = {member: [] for member in sorted(held)}
    for units in kinds if shares else ():
        burden = {member: len(share) for member, share in shares.items()}
        for member, share in _share_kind(units, held, burden).items():
            shares[member] += share
    return shares


def _share_kind(units: Sequence[U], held: Held[U], burden: Mapping[str, int]) -> dict[str, list[U]]:
    """Share out *units* of one kind; the members' *burden*, in units of other kinds, differs by one at most."""
    least, surplus = divmod(len(units), len(burden))
    lightest = min(burden.values())
    light = {member for member in burden if burden[member] == lightest}
    places = {True: min(surplus, len(light)), False: max(0, surplus - len(light))}
    """For one unit more: of the light members, and of the others, whose turn comes when all of those have one."""
    shares: dict[str, list[U]] = {member: [] for member in burden}
    free = dict.fromkeys(units)
    for tier in range(max(map(len, held.values()))):
        for room in (least, least + 1):
            for member, unit in _claims(held, burden, tier):
                full = len(shares[member]) >= room or (room > least and not places[member in light])
                if unit in free and not full:
                    del free[unit]
                    shares[member].append(unit)
                    places[member in light] -= room > least
    for unit in free:
        member = min(burden, key=lambda member: (len(shares[member]), burden[member], member))
        shares[member].append(unit)
    return shares


def keep_warm(
    shares: Mapping[str, Sequence[U]], held: Held[U], copies: int, kinds: Sequence[Collection[U]]
) -> dict[str, list[U]]:
    """Give each unit to *copies* members that don't own it, as far as there are so many.

    The copies of what one member owns of one of *kinds* are spread evenly over the others, so that whoever takes over
    takes over a part; they stay where the state is held if that can be.  *shares* are those of `share_out`.
    """
    keepers = sorted(held)
    warm: dict[str, list[U]] = {member: [] for member in shares}
    for owner, units in product(sorted(shares), kinds):
        others = [member for member in keepers if member != owner]
        wanted = dict.fromkeys((unit for unit in shares[owner] if unit in units), min(copies, len(others)))
        if not others or not wanted:
            continue
        least, surplus = divmod(sum(wanted.values()), len(others))
        got: Counter[str] = Counter()
        for tier in range(max(len(held[member]) for member in others)):
            for room in (least, least + 1):
                for member, unit in _claims(held, others, tier):
                    full = got[member] >= room or (room > least and surplus <= 0)
                    if wanted.get(unit) and not full and unit not in warm[member]:
                        wanted[unit] -= 1
                        warm[member].append(unit)
                        got[member] += 1
                        surplus -= room > least
        for unit in [unit for unit, missing in wanted.items() for _ in range(missing)]:
            member = min(others, key=lambda member: (got[member], unit in warm[member], len(warm[member]), member))
            got[member] += 1
            warm[member].append(_exchange(unit, member, others, warm, wanted) if unit in warm[member] else unit)
    return warm


def _exchange(unit: U, member: str, others: Sequence[str], warm: Mapping[str, list[U]], owned: Collection[U]) -> U:
    """Give *unit* to one that lacks it, and return what that one gives away for *member*, who has *unit* already.

    There is such a one: it has no fewer of *owned* than *member*, and *unit* is none of them.
    """
    other, spare = next(
        (other, it)
        for other in others
        if unit not in warm[other]
        for it in reversed(warm[other])
        if it in owned and it not in warm[member]
    )
    warm[other][warm[other].index(spare)] = unit
    return spare


def _claims(held: Held[U], members: Iterable[str], tier: int) -> Iterator[tuple[str, U]]:
    for member in members:
        for unit in held[member][tier] if tier < len(held[member]) else ():
            yield member, unit
