"""Who gets which partitions, decided as arithmetic."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

U = TypeVar("U", bound=Hashable)


def share_out(units: Sequence[U], held: Mapping[str, Sequence[U]]) -> dict[str, list[U]]:
    """Give each of *units* to one member, equally many to each (one more to some), where they are held if that can be.

    *held*: member to the units whose state it has, those in use first.  The same arguments give the same shares.
    """
    members = sorted(held)
    if not members:
        return {}
    least, surplus = divmod(len(units), len(members))
    shares: dict[str, list[U]] = {member: [] for member in members}
    free = dict.fromkeys(units)
    for room in (least, least + 1):
        for member in members:
            for unit in held[member]:
                full = len(shares[member]) >= room or (room > least and surplus <= 0)
                if full:
                    break
                if unit in free:
                    del free[unit]
                    shares[member].append(unit)
                    surplus -= room > least
    for unit in free:
        member = min(members, key=lambda member: (len(shares[member]), member))
        shares[member].append(unit)
    return shares
