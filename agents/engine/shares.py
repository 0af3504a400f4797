"""Who gets which partitions, and who keeps a warm copy of which, decided as arithmetic."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

U = TypeVar("U", bound=Hashable)

Held = Mapping[str, Sequence[Sequence[U]]]
"""Member to the units whose state it has, in tiers: what is nearest to being usable first."""


def share_out(units: Sequence[U], held: Held[U]) -> dict[str, list[U]]:
    """Give each of *units* to one member, equally many to each (one more to some), where they are held if that can be.

    The same arguments give the same shares.
    """
    members = sorted(held)
    if not members:
        return {}
    least, surplus = divmod(len(units), len(members))
    shares: dict[str, list[U]] = {member: [] for member in members}
    free = dict.fromkeys(units)
    for tier in range(max(map(len, held.values()))):
        for room in (least, least + 1):
            for member, unit in _claims(held, members, tier):
                full = len(shares[member]) >= room or (room > least and surplus <= 0)
                if unit in free and not full:
                    del free[unit]
                    shares[member].append(unit)
                    surplus -= room > least
    for unit in free:
        member = min(members, key=lambda member: (len(shares[member]), member))
        shares[member].append(unit)
    return shares


def keep_warm(
    shares: Mapping[str, Sequence[U]], held: Held[U], copies: int, units: Collection[U]
) -> dict[str, list[U]]:
    """Give each of *units* to *copies* members that don't own it, as far as there are so many.

    The copies of what one member owns are spread evenly over the others, so that whoever takes over takes over a part;
    they stay where the state is held if that can be.  *shares* are those of `share_out`.
    """
    keepers = sorted(held)
    warm: dict[str, list[U]] = {member: [] for member in shares}
    for owner in sorted(shares):
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
            warm[member].append(_exchange(unit, member, others, warm, shares[owner]) if unit in warm[member] else unit)
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


def _claims(held: Held[U], members: Sequence[str], tier: int) -> Iterator[tuple[str, U]]:
    for member in members:
        for unit in held[member][tier] if tier < len(held[member]) else ():
            yield member, unit
