"""Whether personal lists are clicked more often than those of both controls, in bars and in words."""

from agents.shop.groups import GROUPS, Group, Tally, z_score
from agents.shop.panels.ink import BAR, GOOD, STRONG, Cell, Lines, bar, line, row, wrap

NAMES: dict[Group, str] = {
    "personal": "their own list",
    "popular": "most popular",
    "shuffled": "another's list",
}
_RIVALS: dict[Group, str] = {
    "popular": "the most popular items",
    "shuffled": "somebody else's list",
}
_LABEL, _SHARE, _BAR = 14, 6, 30
_BESIDE = 46
"""Columns of the longest words beside a bar."""
UNLIKELY, RARE = 1.96, 3.0
"""How far z is from 0 by chance in one case of 20, and in one of 370."""


def worth(tallies: dict[Group, Tally], width: int, height: int) -> Lines:
    """Return a bar for each group and, where there is room, a sentence for each control; else words beside the bars."""
    own = tallies["personal"]
    compared = {group: beaten(own, tallies[group], rival) for group, rival in _RIVALS.items()}
    if height <= len(GROUPS):
        return _bars(tallies, width, {group: beaten(own, tallies[group]) for group in _RIVALS})
    full = [line(part) for said in compared.values() for part in wrap(f"Own lists are clicked {said}.", width)]
    if len(GROUPS) + len(full) > height:
        full = [line(beaten(own, tallies[group], NAMES[group], short=True)) for group in _RIVALS]
    return [*_bars(tallies, width, {}), *full]


def _bars(tallies: dict[Group, Tally], width: int, said: dict[Group, str]) -> Lines:
    top = max((it.ctr for it in tallies.values()), default=0.0) or 1.0
    counts = {group: f"{it.clicks:,} of {it.slots:,}" for group, it in tallies.items()}
    room = _BESIDE if said else max(map(len, counts.values()))
    length = min(_BAR, max(6, width - _LABEL - _SHARE - room - 3))
    return [
        row(
            Cell(NAMES[group], _LABEL, style=STRONG if group == "personal" else ""),
            Cell(f"{tallies[group].ctr:.1%}", _SHARE, right=True, style=STRONG),
            Cell(bar(tallies[group].ctr / top, length), length, style=GOOD if group == "personal" else BAR),
            Cell(said.get(group, counts[group]), width - _LABEL - _SHARE - length - 3),
        )
        for group in GROUPS
    ]


def beaten(own: Tally, other: Tally, rival: str = "", *, short: bool = False) -> str:
    """Return how much more often *own* is clicked than *other*, and whether that may be chance."""
    if not own.clicks or not other.clicks:
        return f"too seldom yet to compare with {rival}" if rival else "too seldom yet to compare"
    z = z_score(own, other)
    times = f"{own.ctr / other.ctr:.1f} times"
    sure = "not by chance" if abs(z) >= RARE else "hardly by chance" if abs(z) >= UNLIKELY else "perhaps by chance"
    if short or not rival:
        sure = sure.replace("by ", "")
        return f"{times} {rival}: {sure} (z {z:+.1f})" if rival else f"own {times} as often, {sure} (z {z:+.1f})"
    return f"{times} as often as {rival}, {sure} (z {z:+.1f})"
