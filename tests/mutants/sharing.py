"""Mistakes in who gets which partitions."""

from tests.mutants.mutant import SHARES, Mutant

_FILE = "agents/engine/shares.py"


def _mutant(old: str, new: str, why: str) -> Mutant:
    return Mutant(_FILE, old, new, why, SHARES)


MUTANTS = [
    _mutant("    members = sorted(held)\n", "    members = list(held)\n", "two leaders share out differently"),
    _mutant(
        "full = len(shares[member]) >= room or (room > least and surplus <= 0)",
        "full = len(shares[member]) >= room",
        "some have two more than others",
    ),
    _mutant(
        "if unit in free and not full:\n                    del free[unit]\n",
        "if not full:\n                    free.pop(unit, None)\n",
        "a unit has two owners",
    ),
    _mutant(
        "shares[member].append(unit)\n                    surplus -= room > least\n",
        "shares[member].append(unit)\n",
        "some have two more than others, because they had them before",
    ),
    _mutant(
        "        member = min(members, key=lambda member: (len(shares[member]), member))\n",
        "        member = members[0]\n",
        "what is free goes to one member",
    ),
    _mutant(
        "held.values()))):\n        for room in (least, least + 1):\n",
        "held.values()))):\n        for room in (least,):\n",
        "states move that might have stayed",
    ),
    _mutant("    for unit in free:\n", "    for unit in list(free)[1:]:\n", "a unit has no owner"),
]
