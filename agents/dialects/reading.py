"""How a field is found under one of its names, and how its value becomes one of ours.

What can't be converted is left as it is: then the decoder says what is wrong with it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

Scope = tuple[str, Mapping[str, Any]]
"""An object of the producer's, behind its JSON path."""

Read = Callable[[Any], Any]
"""A value of the producer's to one of ours."""


class DialectError(ValueError):
    """An event that can't be translated, for the reason that its message gives.  Operator action: see the dead letter."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        """JSON path in the producer's value."""


class Found(NamedTuple):
    """A value and its JSON path."""

    path: str
    value: Any


def find(scopes: Iterable[Scope], names: Iterable[str], *, empty: bool = False) -> Found | None:
    """Return the value of the first of *names* that one of *scopes* has; null is none, an empty text only if *empty*."""
    scopes = tuple(scopes)
    for name in names:
        for path, scope in scopes:
            value = scope.get(name)
            if value is not None and (empty or value != ""):
                return Found(f"{path}.{name}", value)
    return None


def objects(path: str, value: Any) -> Iterator[Scope]:
    """Yield the objects of a list."""
    if isinstance(value, list):
        yield from ((f"{path}[{n}]", each) for n, each in enumerate(value) if isinstance(each, dict))


def inner(scope: Scope, name: str) -> Scope | None:
    """Return the object under *name*."""
    path, outer = scope
    value = outer.get(name)
    return (f"{path}.{name}", value) if isinstance(value, dict) else None


def as_id(value: Any) -> Any:
    """Return a number as the text that names it."""
    return str(value) if _is_whole(value) else value


def as_ids(value: Any) -> Any:
    """Return the numbers of a list as the texts that name them."""
    return [as_id(each) for each in value] if isinstance(value, list) else value


def as_number(value: Any) -> Any:
    """Return a text such as `19.90` as the number."""
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def as_count(value: Any) -> Any:
    """Return a text or a float such as `2.0` as the whole number."""
    value = as_number(value)
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _HUGE else value


def as_place_from_0(value: Any) -> Any:
    """Return a place that is counted from 1 as we count."""
    value = as_count(value)
    return value - 1 if _is_whole(value) and value > 0 else value


def as_time(value: Any) -> Any:
    """Return a time as RFC 3339: ISO 8601 of any make, or seconds, milliseconds, micro- or nanoseconds since 1970.

    A text without an offset is left as it is.
    """
    if isinstance(value, str):
        if _NUMBER.fullmatch(value):
            value = float(value) if "." in value else int(value)
        elif match := _ISO.fullmatch(value):
            date, time, zone = match.groups()
            return f"{date}T{time}{_offset(zone)}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _END:
        return value
    for limit, per_second in _UNITS:
        if value < limit:
            return (_EPOCH + timedelta(microseconds=round(value * _MICRO / per_second))).isoformat()
    return value


def as_utc(value: Any) -> Any:
    """Do as `as_time`; a text without an offset is UTC."""
    given = as_time(value)
    return given + "Z" if isinstance(given, str) and _NAIVE.fullmatch(given) else given


def as_query(value: Any) -> Any:
    """Return the words of a query that is a list of terms, or an object that has them under a usual name."""
    if isinstance(value, dict):
        found = find([("", value)], ("query", "term", "terms", "text", "q", "value", "search_term", "keyword"))
        value = value if found is None else found.value
    if isinstance(value, list) and all(isinstance(term, str) for term in value):
        return " ".join(value)
    return value


def as_stars(value: Any) -> Any:
    """Return the number of a rating, as schema.org wraps it or bare."""
    return as_number(value.get("ratingValue")) if isinstance(value, dict) else as_number(value)


_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?", re.ASCII)
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?) ?(Z|UTC|[+-]\d\d:?\d\d)?", re.ASCII)
_NAIVE = re.compile(r"[^T]+T[\d:.]+")
_HUGE = 1 << 53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = 1_000_000
_UNITS = ((10**11, 1), (10**14, 1_000), (10**17, _MICRO), (10**20, 1_000 * _MICRO))
"""Below which number since 1970 it is taken for one of this many to the second; all of them end in the year 5138."""
_END = 10**20


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _HUGE * 1_000


def _offset(zone: str | None) -> str:
    if zone in {None, "Z", "UTC"}:
        return "" if zone is None else "Z"
    return zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
