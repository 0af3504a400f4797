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
_LABEL, _SHARE = 14, 6
_BAR = 30
UNLIKELY, RARE = 1.96, 3.0
"""How far z is from 0 by chance in one case of 20, and in one of 370."""


def worth(tallies: dict[Group, Tally], width: int, height: int) -> Lines:
    """Return a bar for each group and, where there is room, a sentence for each control; else words beside the bars."""
    own = tallies["personal"]
    top = max((it.ctr for it in tallies.values()), default=0.0) or 1.0
    wordy = height > len(GROUPS)
    length = min(_BAR, max(6, width - _LABEL - _SHARE - (24 if wordy else 46)))
    lines = []
    for group in GROUPS:
        it = tallies[group]
        said = f"{it.clicks:,} clicks, {it.slots:,} slots" if wordy or group == "personal" else beaten(own, it)
        colour = GOOD if group == "personal" else BAR
        lines.append(
            row(
                Cell(NAMES[group], _LABEL, style=STRONG if group == "personal" else ""),
                Cell(f"{it.ctr:.1%}", _SHARE, right=True, style=STRONG),
                Cell(bar(it.ctr / top, length), length, style=colour),
                Cell(said, width - _LABEL - _SHARE - length - 3),
            )
        )
    if wordy:
        for group, rival in _RIVALS.items():
            text = f"Own lists are clicked {beaten(own, tallies[group], f' as {rival}')}."
            lines += [line(part) for part in wrap(text, width)]
    return lines


def beaten(own: Tally, other: Tally, rival: str = "") -> str:
    """Return how much more often *own* is clicked, and whether that may be chance."""
    if not own.clicks or not other.clicks:
        return "too seldom yet to compare"
    z = z_score(own, other)
    sure = "not by chance" if abs(z) >= RARE else "hardly by chance" if abs(z) >= UNLIKELY else "perhaps by chance"
    return f"{own.ctr / other.ctr:.1f} times as often{rival}, {sure} (z {z:+.1f})"
