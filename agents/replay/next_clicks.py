"""Each next click of a log against the list that was out before it, beside what knows the same stream and nothing else."""

from collections import Counter

import msgspec

from agents.replay.log import LogRecord
from agents.topics import CLICKS, RECOMMENDATIONS
from models.sequence.passing import LastHour, Sessions
from schemas.clicks import Click, View

K = 20
"""Items of a list that count."""
PAUSE = 1_800_000
"""Milliseconds without an event after which a shopper's session is another."""


class Quality(msgspec.Struct, frozen=True):
    """Share of clicks whose item was in the list, mean of one through its place, and share of all items clicked that any list had."""

    hit: float = msgspec.field(name=f"hit@{K}")
    mrr: float = msgspec.field(name=f"mrr@{K}")
    coverage: float = msgspec.field(name=f"coverage@{K}")


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How good lists are on a stream."""

    clicks: int
    """Of all shoppers."""
    n: int
    """That were asked for: all but the first of each session."""
    hit: float = msgspec.field(name=f"hit@{K}")
    mrr: float = msgspec.field(name=f"mrr@{K}")
    coverage: float = msgspec.field(name=f"coverage@{K}")
    without_list: int
    """Clicks before which the shopper had no list; they count as missed."""
    hits_by_source: dict[str, int]
    """What had brought the clicked item into the list."""
    baseline: dict[str, Quality]
    without: dict[str, Quality] = {}
    """The same lists with one thing taken away, where that was asked for."""


class _Clicked(msgspec.Struct):
    item: str
    shopper: str
    kind: str


class _Slot(msgspec.Struct):
    item: str
    source: str


class _List(msgspec.Struct):
    shopper: str
    slots: list[_Slot]
    request_id: str | None = None


class _Tally:
    def __init__(self) -> None:
        self.hits, self.gain = 0, 0.0
        self.listed: set[str] = set()

    def count(self, items: list[str], clicked: str) -> int | None:
        """Note a list and what was clicked; return its place."""
        self.listed.update(items[:K])
        if clicked not in items[:K]:
            return None
        place = items.index(clicked)
        self.hits += 1
        self.gain += 1 / (place + 1)
        return place

    def quality(self, n: int, items: int) -> Quality:
        """Return the shares of *n* clicks and of *items* items."""
        return Quality(
            round(self.hits / max(1, n), 4), round(self.gain / max(1, n), 4), round(len(self.listed) / max(1, items), 4)
        )


_KINDS = frozenset(event.__struct_config__.tag for event in (View, Click))
_clicked = msgspec.json.Decoder(_Clicked)
_list = msgspec.json.Decoder(_List)


class NextClicks:
    """Takes lists as they come out, and asks for each click before it is fed."""

    def __init__(self, *, baselines: bool = True) -> None:
        self._lists: dict[str, list[_Slot]] = {}
        self._sessions: dict[str, tuple[int, int]] = {}
        """Shopper to the number and the newest time of the running session."""
        self._ours, self._hour, self._alike = _Tally(), _Tally(), _Tally()
        self._last_hour, self._known, self._baselines = LastHour(), Sessions(), baselines
        self._items: set[str] = set()
        self._sources: Counter[str] = Counter()
        self._clicks = self._asked = self._without = 0

    def take(self, record: LogRecord) -> None:
        """Note a list that came out."""
        if record.topic == RECOMMENDATIONS.name and record.value is not None:
            made = _list.decode(record.value)
            if made.request_id is None:
                self._lists[made.shopper] = made.slots

    def ask(self, record: LogRecord, at: int) -> None:
        """If *record* is a click or a view, which happened *at* this millisecond: look whether it was foreseen, then learn it."""
        clicked = _read(record)
        if clicked is None:
            return
        self._clicks += 1
        number, newest = self._sessions.get(clicked.shopper, (0, -PAUSE - 1))
        goes_on = at - newest <= PAUSE
        self._sessions[clicked.shopper] = (number if goes_on else number + 1, at)
        session = f"{clicked.shopper}/{self._sessions[clicked.shopper][0]}"
        if goes_on:
            self._count(clicked, session, at)
        self._items.add(clicked.item)
        if not self._baselines:
            return
        self._last_hour.learn(clicked.item, at)
        self._known.learn(session, clicked.item)

    def _count(self, clicked: _Clicked, session: str, at: int) -> None:
        self._asked += 1
        slots = self._lists.get(clicked.shopper)
        if slots is None:
            self._without += 1
        place = self._ours.count([slot.item for slot in slots or ()], clicked.item)
        if place is not None and slots is not None:
            self._sources[slots[place].source] += 1
        if not self._baselines:
            return
        self._hour.count(self._last_hour.top(K, at), clicked.item)
        self._alike.count(self._known.top(session, K), clicked.item)

    def quality(self) -> Quality:
        """Return how good the lists are."""
        return self._ours.quality(self._asked, len(self._items))

    def result(self) -> Result:
        """Return the figures of all that was asked."""
        ours = self.quality()
        return Result(
            clicks=self._clicks,
            n=self._asked,
            hit=ours.hit,
            mrr=ours.mrr,
            coverage=ours.coverage,
            without_list=self._without,
            hits_by_source=dict(self._sources.most_common()),
            baseline={
                "popular_last_hour": self._hour.quality(self._asked, len(self._items)),
                "vsknn": self._alike.quality(self._asked, len(self._items)),
            },
        )


def _read(record: LogRecord) -> _Clicked | None:
    if record.topic != CLICKS.name or record.value is None:
        return None
    try:
        clicked = _clicked.decode(record.value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None  # a dead letter, or an event without an item
    return clicked if clicked.kind in _KINDS else None
