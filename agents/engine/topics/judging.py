"""Values of topic settings: whether one will do, and what could be lost by a change.  Pure."""

AT_LEAST = frozenset({"max.message.bytes"})
"""Settings that may be greater than what is needed."""

_FOR_EVER = ("-1", str((1 << 63) - 1))


def will_do(setting: str, found: str | None, wanted: str) -> bool:
    """Tell whether a setting is as it has to be, however it is written."""
    if found is None:
        return False
    if setting == "cleanup.policy":
        return policies(found) == policies(wanted)
    try:
        return float(found) >= float(wanted) if setting in AT_LEAST else float(found) == float(wanted)
    except ValueError:
        return found.lower() == wanted.lower()


def risk(setting: str, present: str, wanted: str, *, in_sync: int, count: int, empty: bool) -> str:
    """Return what could be lost by changing *setting* from *present* to *wanted*; empty if nothing.

    *in_sync* and *count* are the copies of the partition that has the fewest; *empty*: the topic holds no record.
    """
    if setting == "min.insync.replicas":
        return _risk_of_in_sync(int(present or 0), int(wanted), in_sync, count)
    if empty:
        return ""
    if setting == "retention.ms" and _is_less(wanted, present):
        return f"records older than {duration(wanted)} are deleted"
    if setting == "delete.retention.ms" and _is_less(wanted, present):
        return f"a reader that was away for more than {duration(wanted)} misses what was taken away"
    if setting == "cleanup.policy" and "compact" in policies(wanted) - policies(present):
        return "all but the last record of each key are deleted"
    return ""


def _risk_of_in_sync(present: int, wanted: int, in_sync: int, count: int) -> str:
    if in_sync < wanted:
        return f"only {copies(in_sync)} in sync now: writers are refused until there are {wanted}"
    if wanted < min(present, count):
        return "fewer copies have a record when its writer is told that it is safe"
    return ""


def _is_less(wanted: str, present: str) -> bool:
    """Tell whether *wanted* is a shorter time; -1 is for ever."""
    return present in _FOR_EVER or (present.isdecimal() and int(wanted) < int(present))


def policies(text: str) -> set[str]:
    """Return the parts of a `cleanup.policy`."""
    return {part.strip() for part in text.split(",") if part.strip()}


def copies(count: int) -> str:
    """Return *count* for a person."""
    return f"{count} {'copy' if count == 1 else 'copies'}"


def duration(milliseconds: str) -> str:
    """Return *milliseconds* for a person: `28 days`, `1 hour`, `for ever`."""
    if milliseconds in _FOR_EVER:
        return "for ever"
    left = int(milliseconds)
    for size, unit in ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second")):
        if left >= size and left % size == 0:
            return f"{left // size} {unit}{'' if left == size else 's'}"
    return f"{left} ms"
