"""A letter as text: all of it that can be read, within bounds, the part at fault marked."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from agents.deadletters.cures import FOLDED, NOT_FOLDED, cure
from agents.deadletters.document import MISSING, Document, Path, known_part, written
from agents.deadletters.letter import Letter
from agents.processor import moment
from schemas.dead_letters import Handled

MARK = "  <-- here"

_LINES, _ELEMENTS, _CHARACTERS, _BYTES = 120, 20, 400, 1_000
"""What is shown of a value, an array, a text and of bytes that are no JSON, unless all is asked for."""
_ALL = 1 << 40
_AROUND = 30
"""Bytes shown before and behind the place where JSON ends."""


def shown(letter: Letter, handled: Handled | None, *, folded: bool, everything: bool = False) -> list[str]:
    """Return the lines that tell *letter*; *folded*: its event is, only the output is missing."""
    why = letter.why
    lines = [f"letter   {letter.place}", f"state    {_state(handled)}", f"refused  {when(letter.at)}"]
    if why is not None:
        lines += [
            f"origin   {letter.identity.source}, written {when(why.timestamp)}",
            f"attempt  {why.delivery_count}",
            f"stage    {why.stage}",
            f"reason   {why.reason}",
            f"message  {safe(why.message)}",
        ]
        lines += [f"group    {safe(why.group)}"] if why.group else []
    if letter.field:
        lines.append(f"field    {safe(letter.field)}{_at_fault(letter)}")
    lines.append(f"key      {_bytes(letter.key, _CHARACTERS)}")
    lines += [f"header   {safe(name)}: {_bytes(content, _CHARACTERS)}" for name, content in letter.headers]
    lines += ["value", *(f"  {line}" for line in _value(letter, everything=everything))]
    lines.append(f"cure     {safe(cure(letter))}")
    if why is not None and letter.reason != "no_place":
        lines.append(f"         {FOLDED if folded else NOT_FOLDED}")
    return lines


def safe(text: str) -> str:
    """Return *text* without what would move a terminal's cursor or hide other text."""
    return "".join(it if it.isprintable() else it.encode("unicode_escape", "replace").decode() for it in text)


def when(milliseconds: int) -> str:
    """Return a time for people."""
    try:
        return moment(milliseconds).isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError):
        return f"{milliseconds} ms after 1970"


def _state(handled: Handled | None) -> str:
    if handled is None:
        return "open"
    return f"{handled.action} {handled.at:%Y-%m-%d %H:%M:%SZ}{f' by {safe(handled.by)}' if handled.by else ''}"


def _at_fault(letter: Letter) -> str:
    """Return what stands in the field at fault."""
    path = known_part(letter.field)
    if path is None:
        return ""
    try:
        found = Document(letter.value, letter.headers).part(path)
    except ValueError:
        return ""
    return " is missing" if found is MISSING else f" = {_cut(_json(found), _CHARACTERS)}"


def _value(letter: Letter, *, everything: bool) -> Iterator[str]:
    value = letter.value
    if value is None:
        yield "none: a tombstone"
        return
    try:
        document = Document(value, letter.headers)
    except ValueError:
        yield from _raw(value, letter.why.message if letter.why else "", everything=everything)
        return
    path = known_part(letter.field)
    target = None if path is None else (*document.base, *path)
    bounds = (_ALL, _ALL) if everything else (_ELEMENTS, _CHARACTERS)
    limit = _ALL if everything else _LINES
    for number, line in enumerate(_lines(document.root, (), target, bounds)):
        if number >= limit:
            yield "... (--full shows all)"
            return
        yield line


def _lines(  # noqa: PLR0917  its own calls only
    value: Any, path: Path, target: Path | None, bounds: tuple[int, int], name: str = "", end: str = ""
) -> Iterator[str]:
    """Yield *value* as indented JSON; what lies at *target* is marked."""
    elements, characters = bounds
    indent, mark = "  " * len(path), MARK if path == target else ""
    if not isinstance(value, dict | list) or not value:
        yield f"{indent}{name}{_cut(_json(value), characters)}{end}{mark}"
        return
    begin, close = "{}" if isinstance(value, dict) else "[]"
    yield f"{indent}{name}{begin}{mark}"
    parts: list[tuple[str | int, Any]] = list(value.items() if isinstance(value, dict) else enumerate(value))
    for number, (step, part) in enumerate(parts[:elements], 1):
        name, comma = f"{_json(step)}: " if isinstance(step, str) else "", "," if number < len(parts) else ""
        yield from _lines(part, (*path, step), target, bounds, name, comma)
    if len(parts) > elements:
        yield f"{indent}  ... {len(parts) - elements:,} more"
        if target is not None and target[: len(path)] == path:
            wanted = next((it for it in parts[elements:] if (*path, it[0]) == target[: len(path) + 1]), None)
            if wanted is not None:
                yield from _lines(wanted[1], (*path, wanted[0]), target, bounds, f"{written((wanted[0],))[1:]}: ")
    yield f"{indent}{close}{end}"


def _raw(value: bytes, message: str, *, everything: bool) -> Iterator[str]:
    """Yield bytes that are no JSON; where the message names a byte, it is marked."""
    yield f"{len(value):,} bytes that are no JSON"
    yield _bytes(value, _ALL if everything else _BYTES)
    if (found := re.search(r"\(byte (\d+)\)", message)) and (at := int(found[1])) <= len(value):
        before = safe(value[max(0, at - _AROUND) : at].decode(errors="backslashreplace"))
        yield f"at byte {at}:"
        yield before + safe(value[at : at + _AROUND].decode(errors="backslashreplace"))
        yield " " * len(before) + "^"


def _bytes(content: bytes | None, limit: int) -> str:
    if content is None:
        return "none"
    if not content:
        return "empty"
    text = safe(content[: 4 * limit].decode(errors="backslashreplace"))
    return _cut(text, limit) if len(content) <= 4 * limit else f"{text[:limit]}... ({len(content):,} bytes)"


def _json(value: Any) -> str:
    return safe(msgspec.json.encode(value).decode())


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text):,} characters)"
