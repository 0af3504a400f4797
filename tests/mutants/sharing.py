"""Mistakes in who gets which partitions."""

from tests.mutants.mutant import SHARES, Mutant

_FILE = "agents/engine/shares.py"


def _mutant(old: str, new: str, why: str) -> Mutant:
    return Mutant(_FILE, old, new, why, SHARES)


MUTANTS = [
    _mutant("for member in sorted(held)}", "for member in held}", "two leaders share out differently"),
    _mutant(
        "full = len(shares[member]) >= room or (room > least and not places[member in light])",
        "full = len(shares[member]) >= room",
        "some have two more than others",
    ),
    _mutant(
        "if unit in free and not full:\n                    del free[unit]\n",
        "if not full:\n                    free.pop(unit, None)\n",
        "a unit has two owners",
    ),
    _mutant(
        "shares[member].append(unit)\n                    places[member in light] -= room > least\n",
        "shares[member].append(unit)\n",
        "some have two more than others, because they had them before",
    ),
    _mutant(
        "        member = min(burden, key=lambda member: (len(shares[member]), burden[member], member))\n",
        "        member = min(burden)\n",
        "what is free goes to one member",
    ),
    _mutant(
        "held.values()))):\n        for room in (least, least + 1):\n",
        "held.values()))):\n        for room in (least,):\n",
        "states move that might have stayed",
    ),
    _mutant(
        "(len(shares[member]), burden[member], member)",
        "(len(shares[member]), member)",
        "one member gets what is over of every kind",
    ),
    _mutant(
        "    places = {True: min(surplus, len(light)), False: max(0, surplus - len(light))}\n",
        "    places = {True: surplus, False: surplus}\n",
        "who has one more of a kind has one more of each",
    ),
    _mutant("    for unit in free:\n", "    for unit in list(free)[1:]:\n", "a unit has no owner"),
]
