"""The JSON inside a record's value, with what may stand around it; parts are found, set and taken away by their path."""

import re
from typing import Any, Final

import msgspec

from agents.intake import WIRE_PREFIX, Headers

Path = tuple[str | int, ...]

MISSING: Final = object()
"""What `part` returns where there is nothing."""

_STEP = re.compile(r"\.?([^.\[\]`]+)|\[(\d+)\]")


class Document:
    """A value that can be read and changed; its event may lie in an envelope, or behind the prefix of a schema registry."""

    def __init__(self, value: bytes | None, headers: Headers) -> None:
        """Open *value*; a ValueError if it holds no JSON."""
        if value is None:
            message = "a tombstone holds nothing"
            raise ValueError(message)
        self._prefix = value[:WIRE_PREFIX] if value[:1] == b"\0" else b""
        structured = dict(headers).get("content-type") or b""
        try:
            self.root: Any = msgspec.json.decode(value[len(self._prefix) :])
        except RecursionError as error:
            message = "JSON is nested too deeply"
            raise ValueError(message) from error
        self.base: Path = ("data",) if structured.startswith(b"application/cloudevents+json") else ()
        """Where the event lies."""

    def part(self, path: Path) -> Any:
        """Return what lies at *path* below the event, MISSING if there is nothing."""
        found = self.root
        for step in (*self.base, *path):
            found = _step(found, step)
        return found

    def put(self, path: Path, value: Any) -> None:
        """Set what lies at *path*; a ValueError if there is no place for it."""
        holder, last = self._holder(path)
        if (isinstance(holder, dict) and isinstance(last, str)) or _step(holder, last) is not MISSING:
            holder[last] = value
        else:
            message = f"there is no {written(path)}"
            raise ValueError(message)

    def remove(self, path: Path) -> None:
        """Take away what lies at *path*, if it is there."""
        holder, last = self._holder(path)
        if _step(holder, last) is not MISSING:
            del holder[last]

    def closed(self) -> bytes:
        """Return the value as it is now."""
        return self._prefix + msgspec.json.encode(self.root)

    def _holder(self, path: Path) -> tuple[Any, str | int]:
        if not path:
            message = "$ is the whole event: give it as a file"
            raise ValueError(message)
        return self.part(path[:-1]), path[-1]


def parsed(text: str) -> Path:
    """Return the path that *text* names: `$.items[3].price`, the `$.` may be left out; a ValueError if it names none."""
    rest, path = text.removeprefix("$"), []
    while rest:
        step = _STEP.match(rest)
        if step is None:
            message = f"{text!r}: expected a path such as $.items[3].price"
            raise ValueError(message)
        path.append(step[1] if step[2] is None else int(step[2]))
        rest = rest[step.end() :]
    return tuple(path)


def known_part(field: str) -> Path | None:
    """Return the path that the *field* of a letter names as far as it is exact: `[...]` is any; None for a header."""
    _, found, rest = field.rpartition("$")
    if not found:
        return None
    try:
        return parsed(rest.partition("[...]")[0])
    except ValueError:
        return None


def written(path: Path) -> str:
    """Return *path* as text."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def _step(holder: Any, step: str | int) -> Any:
    if isinstance(holder, dict) and isinstance(step, str):
        return holder.get(step, MISSING)
    if isinstance(holder, list) and isinstance(step, int) and step < len(holder):
        return holder[step]
    return MISSING
