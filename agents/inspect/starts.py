"""Where reading begins: `end`, `beginning`, `-N`, a time, or so long ago."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_AGO = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LAST = re.compile(r"-(\d{1,9})")


class Start(NamedTuple):
    """Where to begin; the end of the topic if nothing is set."""

    beginning: bool = False
    last: int = 0
    """Begin with the newest records, this many of all partitions."""
    since: datetime | None = None
    """Begin with records that the broker got then or later."""


def start_of(text: str, now: datetime) -> Start:
    """Return what *text* says; raise ValueError, with the cure, if that is nothing."""
    if text == "end":
        return Start()
    if text == "beginning":
        return Start(beginning=True)
    if match := _LAST.fullmatch(text):
        return Start(last=int(match[1]))
    try:
        if match := _AGO.fullmatch(text):
            return Start(since=now - timedelta(**{_UNITS[match[2]]: int(match[1])}))
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        message = (
            f"{text!r} is no start: expected end, beginning, -N (the newest N records), 10m or 2h (so long ago), "
            "or a time such as 2026-03-01T08:00:00Z"
        )
        raise ValueError(message) from error
    return Start(since=at if at.tzinfo is not None else at.replace(tzinfo=UTC))
