"""How states lie in bytes, and whether a layout can be read by who knows another.

`tests/golden/states.json` keeps the layout of each format as it was first.  After raising a format, add its layout:

    python -m tests.layouts
"""

import sys
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from agents.items.agent import Items
from agents.outcomes.agent import Outcomes
from agents.processor import Folder
from agents.shoppers.agent import Shoppers

HERE = Path(__file__).parent / "golden" / "states.json"
FOLDERS: tuple[type[Folder], ...] = (Shoppers, Items, Outcomes)


def layout(kind: Any) -> Any:
    """Return a description of a type in plain JSON."""
    return _layout(inspect.type_info(kind))


def _layout(kind: inspect.Type) -> Any:
    found: Any
    match kind:
        case inspect.StructType() | inspect.NamedTupleType():
            by = "position" if isinstance(kind, inspect.NamedTupleType) or kind.array_like else "name"
            fields = [[field.name, _layout(field.type), field.required] for field in kind.fields]
            found = {"by": by, "open": isinstance(kind, inspect.StructType), "fields": fields}
        case inspect.UnionType():
            found = ["union", *sorted(map(_layout, kind.types), key=str)]
        case inspect.LiteralType():
            found = ["literal", *sorted(kind.values, key=str)]
        case inspect.VarTupleType() | inspect.ListType():
            found = ["list", _layout(kind.item_type)]
        case inspect.TupleType():
            found = ["tuple", *map(_layout, kind.item_types)]
        case inspect.DictType():
            found = ["dict", _layout(kind.key_type), _layout(kind.value_type)]
        case _:
            limits = {name: it for name in kind.__struct_fields__ if (it := getattr(kind, name)) is not None}
            found = " ".join([type(kind).__name__, *(f"{name}={it}" for name, it in limits.items())])
    return found


def why_not(old: Any, new: Any, place: str = "$") -> str | None:
    """Say why *old* and *new* can't read each other's bytes; None if they can.

    Fields may be appended to a struct if they have a default, or be added anywhere where they go by their names.
    """
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return _why_not_equal(old, new, place)
    if old["by"] != new["by"]:
        return f"{place}: fields went by {old['by']} and go by {new['by']}"
    known = {name for name, _, _ in old["fields"]}
    for index, (name, kind, _) in enumerate(old["fields"]):
        names = [it[0] for it in new["fields"]]
        if name not in names or (old["by"] == "position" and names.index(name) != index):
            return f"{place}.{name}: gone, renamed or moved"
        reason = why_not(kind, new["fields"][names.index(name)][1], f"{place}.{name}")
        if reason:
            return reason
    for name, _, required in new["fields"]:
        if name not in known and (required or not old["open"]):
            return f"{place}.{name}: new, and " + (
                "without a default" if old["open"] else "in a tuple, which can't grow"
            )
    return None


def _why_not_equal(old: Any, new: Any, place: str) -> str | None:
    if isinstance(old, list) and isinstance(new, list) and old[0] == new[0] and len(old) == len(new):
        reasons = (why_not(a, b, f"{place}[]") for a, b in zip(old[1:], new[1:], strict=True))
        return next((reason for reason in reasons if reason), None)
    return None if old == new else f"{place}: was {old}, is {new}"


def pinned() -> dict[str, dict[str, Any]]:
    """Return processor to format to layout, as they were first."""
    found: dict[str, dict[str, Any]] = msgspec.json.decode(HERE.read_bytes())
    return found


if __name__ == "__main__":
    known = pinned() if HERE.exists() else {}
    for folder in FOLDERS:
        known.setdefault(folder.name, {}).setdefault(str(folder.state.format), layout(folder.state))
    HERE.write_bytes(msgspec.json.format(msgspec.json.encode(known), indent=1) + b"\n")
    sys.stdout.write(f"{HERE.name}: {', '.join(f'{name} {sorted(its)}' for name, its in known.items())}\n")
